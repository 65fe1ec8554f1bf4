"""A culture whose truth is known, on an electrode array, to a file of its recording."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

from canonica._arguments import checked_arguments
from canonica._checks import described, refusal
from canonica._errors import CanonicaError
from canonica._files import AnyPath, complete_file, in_place, shown
from canonica.lesions import Lesion, lesion_named
from canonica.pipelines._progress import Stage, Told
from canonica.pipelines.results._free_files import check_free
from canonica.recordings import SpikeTrains, write, writer
from canonica.recordings.experiments import write_sessions
from canonica.report import FigureFormat, culture_figure, write_figure
from canonica.simulate import spike_trains

LAYOUTS = ("file", "dandi")
NWB = ".nwb"


@dataclass(frozen=True)
class CultureRun:
    """A simulated culture, and where it was written.

    Parameters
    ----------
    trains : SpikeTrains
        Of `canonica.simulate.spike_trains`.
    path : Path
        The file of its recording.
    files : list of Path
        All files of the recording: with the layout of DANDI one for each session.
    keeps_spikes : bool
        Whether its spikes are in it, with the truth; else its responses alone.
    figure : Path or None
        The picture of it.
    """

    trains: SpikeTrains
    path: Path
    files: list[Path]
    keeps_spikes: bool
    figure: Path | None


@checked_arguments
def culture(
    out: AnyPath,
    *,
    sources: int = 2,
    inputs: int = 32,
    electrodes: int = 64,
    sessions: int = 100,
    trials_per_session: int = 256,
    repeated: bool = False,
    mixing: float = 0.75,
    state_prior: float = 0.5,
    learning_rate: float = 1.0,
    lesions: Sequence[str | Lesion] = (),
    direct: float = 0.8,
    drift: float = 0.2,
    dead: int = 0,
    name: str = "simulated",
    condition: str = "simulated",
    layout: str = "file",
    figure: AnyPath | None = None,
    seed: int = 0,
    overwrite: bool = False,
    progress: Told | None = None,
) -> CultureRun:
    """Simulate a culture on an electrode array, whose truth is known, and record it.

    Does what `canonica simulate culture` does, and writes the same files.

    Parameters
    ----------
    out : path-like
        The file to write: .nwb keeps spikes and truth; .mat, .parquet and .csv hold the responses.
    sources, inputs, electrodes, sessions, trials_per_session, repeated, mixing, state_prior
        As in `canonica.simulate.spike_trains`.
    learning_rate, direct, drift, dead, name, condition, seed
        As in `canonica.simulate.spike_trains`.
    lesions : sequence of Lesion or str
        What is wrong with the network from the start: of `canonica.lesions`, or as text,
        ``"state prior=0.2"``. A culture decides nothing, so lesions of policies change nothing.
    layout : "file" or "dandi"
        Whether to write one file; or, as DANDI:001611 has it, a file for each session in a folder
        of the subject, with spikes and stimuli and nothing of the truth.
    figure : path-like, optional
        Also draw its spikes and statistics, to this file, which ends in .png, .pdf or .svg.
    overwrite : bool, optional
        Whether files that are there may be replaced.
    progress : callable, optional
        Called with a `Progress` as the work goes on, as `print` could be.

    Returns
    -------
    CultureRun
        What was simulated.

    Raises
    ------
    CanonicaError
        If a setting is out of range, there is no way to write such a file, or it is there already.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> found = culture(Path(mkdtemp()) / "practice.nwb", sessions=2, trials_per_session=8)
    >>> found.keeps_spikes, len(found.trains)
    (True, 64)
    """
    path, picture = Path(out), None if figure is None else Path(figure)
    for argument, text in (("name", name), ("condition", condition)):
        if not _is_unicode(text):
            raise refusal(argument, described(text), "a text in Unicode")
    if layout not in LAYOUTS:
        raise CanonicaError(f"layout: found {layout!r}; expected file or dandi.")
    in_sessions = layout == "dandi"
    if not in_sessions:
        writer(path)  # refuses a name before the work
    elif path.suffix:
        raise CanonicaError(
            f"{shown(path)}: found the name of a file; expected that of a folder, for the layout "
            "of DANDI has a file for each session."
        )
    picture_format = "png" if picture is None else _format(picture)
    wanted = [*([] if in_sessions else [path]), *([] if picture is None else [picture])]
    check_free(wanted, overwrite=overwrite)
    wrong = [_lesion_said(lesion) if isinstance(lesion, str) else lesion for lesion in lesions]
    stage = Stage(progress, "Simulating a culture", 2 if picture is None else 3)
    trains = spike_trains(
        seed,
        sources=sources,
        inputs=inputs,
        electrodes=electrodes,
        sessions=sessions,
        trials_per_session=trials_per_session,
        repeated=repeated,
        mixing=mixing,
        state_prior=state_prior,
        learning_rate=learning_rate,
        lesions=wrong,
        direct=direct,
        drift=drift,
        dead=dead,
        name=name,
        condition=condition,
    )
    stage.advance()
    keeps_spikes = in_sessions or path.suffix.lower() == NWB
    files = [path]
    if in_sessions:
        files = write_sessions(path, trains, overwrite=overwrite)
    else:
        write(path, trains if keeps_spikes else trains.recording())
    in_place(path)
    found = CultureRun(trains, path, files, keeps_spikes, picture)
    stage.advance()
    if picture is not None:
        with complete_file(picture) as partial:
            drawn = culture_figure({name: [trains.recording()]}, trains=trains)
            write_figure(drawn, partial, picture_format)
        stage.advance()
    return found


def _is_unicode(text: str) -> bool:
    """Return whether a file can hold a text: halves of surrogate pairs it cannot."""
    try:
        return bool(text.encode()) or not text
    except UnicodeEncodeError:
        return False


def _format(picture: Path) -> FigureFormat:
    found, formats = picture.suffix.lower().removeprefix("."), get_args(FigureFormat)
    if found not in formats:
        names = ", ".join(f".{one}" for one in formats)
        raise CanonicaError(
            f"figure: found {shown(picture)}; expected a name that ends in one of {names}."
        )
    return cast("FigureFormat", found)


def _lesion_said(text: str) -> Lesion:
    """Return the lesion that a text like ``"state prior=0.2"`` says."""
    name, _, strength = text.partition("=")
    try:
        number = float(strength)
    except ValueError as error:
        example = "a name and a strength: 'state prior=0.2'"
        raise refusal("lesion", repr(text), example) from error
    return lesion_named(name)(int(number) if number.is_integer() else number)
