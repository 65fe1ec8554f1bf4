"""Read the recordings in files."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from os import PathLike
from pathlib import Path

import xarray as xr

from canonica._arguments import checked_arguments
from canonica._checks import checked_path
from canonica._errors import RecordingError
from canonica._files import AnyPath
from canonica.data._response_windows import EVOKED
from canonica.data._spike_trains import SpikeTrains
from canonica.recordings._readers import reader_of
from canonica.recordings._reading import (
    PAUSE,
    Coding,
    InvalidTimes,
    OneRecordingPer,
    Reading,
    Responder,
    Unobserved,
    checked_texts,
)
from canonica.recordings._recording_files import files_of
from canonica.recordings.experiments._assembling import assembled
from canonica.recordings.experiments._grouping import Experiment
from canonica.recordings.isolation._file_progress import FileProgress
from canonica.recordings.isolation._isolated import ask_ahead, isolated
from canonica.recordings.stimuli._inferred_sources import with_inferred_sources

AS_THE_FILE_SAYS = Reading()


def read(
    path: AnyPath | Iterable[AnyPath],
    *,
    trials_per_session: int | None = None,
    session_gap: float | None = None,
    session: str | None = None,
    window: tuple[float, float] = EVOKED,
    by: Responder = "electrode",
    table: str | None = None,
    onset: str | None = None,
    stimuli: str | Sequence[str] = (),
    sources: str | Sequence[str] = (),
    coding: Coding = "guess",
    stimulus_file: str | PathLike[str] | None = None,
    condition: str | None = None,
    units: str | None = None,
    quality: str | Sequence[str] = (),
    unobserved: Unobserved = "electrodes",
    invalid_times: InvalidTimes = "leave-out",
    infer_sources: bool = False,
    one_recording_per: OneRecordingPer = "guess",
    experiment_gap: float = PAUSE,
) -> list[xr.Dataset]:
    """Return the recordings in a file, a folder, or several of them.

    The format is found from what is in the file. What is what in it is taken from the file or
    guessed from names, and said in the attribute `reading`; all of it can be given instead.

    Parameters
    ----------
    path : path-like
        An NWB file; a MATLAB file (5 or 7.3) of the published layout; a CSV or Parquet file of
        spikes (time, channel) with one of stimuli beside it; a CSV or Parquet table of ready
        responses; a recording of a CL1; or a file of another system that Neo or SpikeInterface
        reads. Or a folder of such files, or a pattern such as ``data/*.nwb``; or several of
        all these, each of which is read once. ``~`` is the user's home.
    trials_per_session : int, optional
        Length of a session. Where neither this nor the file nor `session_gap` says, it is the
        published 256.
    session_gap : float, optional
        Seconds between onsets that begin a new session.
    session : str, optional
        Column with the session of every trial.
    window : (float, float)
        Limits of the response in seconds after the onset of a stimulus, where spikes are counted:
        10 to 30 ms [PC15].
    by : "electrode" or "unit"
        Whose spikes make a response, where a file has both.
    table : str, optional
        Of an NWB file: the table of stimuli. Of a recording system's file: the channel of events.
    onset, stimuli, sources : str or sequence of str, optional
        Columns with the onsets, the stimuli and the sources; ``*`` stands for any letters.
    coding : "guess", "vector" or "electrodes"
        Whether a column of vectors holds 0 and 1 for every input, or lists the inputs that are on.
    stimulus_file : path-like, optional
        Where the stimuli of a file of spikes are.
    condition : str, optional
        The group of cultures that the recording belongs to.
    units : str, optional
        Of an NWB file: the table of units, if it has several.
    quality : str or sequence of str, optional
        Of an NWB file: the labels of the units that count, such as ``"good"``, or
        ``"COLUMN=LABEL"``; all units by default.
    unobserved : "electrodes", "trials" or "zero"
        Of an NWB file: what to leave out for a response outside of the times in which its unit
        was observed. Trials in which nothing was observed go first; then every electrode with
        such a response, or every trial with one; or nothing, so that what is there counts.
    invalid_times : "leave-out" or "keep"
        Of an NWB file: whether trials in times that it calls invalid are left out.
    infer_sources : bool
        Whether to infer two sources from the stimuli alone where none are recorded: two groups of
        inputs that switch together. The attribute `sources_inferred` says so.
    one_recording_per : "guess", "file" or "experiment"
        Whether several NWB files of one subject that follow one another are sessions of one
        recording: if they have no column of sessions, never, or always.
    experiment_gap : float
        Seconds from the start of one file to that of the next which begin another experiment.

    Returns
    -------
    list of xarray.Dataset
        One per culture: `responses` (trial, electrode) in spikes, `stimuli` (trial, input) and,
        where known, `sources` (trial, source) 0/1, all float64; coordinate `session` on trial;
        attributes `name`, `condition`, `origin`, `input_file`, `input_sha256`, `reading`.

    Raises
    ------
    RecordingError
        If a file is missing, cut short or of another format, a folder holds no recording, or any
        culture is not sound. To have the good cultures beside a bad one, use `read_each` on each
        of `canonica.recordings.recording_files`.
    CanonicaError
        If a setting is out of its range.

    References
    ----------
    [PC15] Isomura, Kotani & Jimbo, PLoS Comput. Biol. 11(12), 2015: the experiment.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from canonica.recordings import write_matlab
    >>> from canonica.simulate import culture
    >>> with TemporaryDirectory() as folder:
    ...     path = f"{folder}/practice.mat"
    ...     write_matlab(path, [culture(seed=0, sessions=2, trials_per_session=16)])
    ...     recordings = read(path, trials_per_session=16)
    >>> recordings[0].attrs["name"], recordings[0].sizes["trial"]
    ('practice', 32)
    """
    reading = Reading(
        trials_per_session=trials_per_session,
        session_gap=session_gap,
        session=session,
        window=window,
        by=by,
        table=table,
        onset=onset,
        stimuli=checked_texts("stimuli", stimuli),
        sources=checked_texts("sources", sources),
        coding=coding,
        stimulus_file=None
        if stimulus_file is None
        else checked_path("stimulus_file", stimulus_file),
        condition=condition,
        units=units,
        quality=checked_texts("quality", quality),
        unobserved=unobserved,
        invalid_times=invalid_times,
        infer_sources=infer_sources,
        one_recording_per=one_recording_per,
        experiment_gap=experiment_gap,
    )
    cultures = []
    for file in files_of("path", path, reading):
        for culture in read_each(file, reading):
            if isinstance(culture, RecordingError):
                raise culture
            cultures.append(culture)
    return cultures


@checked_arguments
def read_each(
    path: str | PathLike[str] | Experiment,
    reading: Reading = AS_THE_FILE_SAYS,
    *,
    progress: Callable[[FileProgress], object] | None = None,
) -> Iterator[xr.Dataset | RecordingError]:
    """Yield every recording of a file, or in its place the error that says why it is none.

    Parameters
    ----------
    path : path-like or Experiment
        As in `read`; or an experiment in many files, which is one recording.
    reading : Reading
        What is to be known of the file.
    progress : callable, optional
        Called now and then with a `FileProgress`, from one second on: of the bytes that a hash is
        taken of, and of the spikes of NWB and of large Parquet files as they are counted.

    Raises
    ------
    RecordingError
        If the file as a whole cannot be used.
    """
    recordings = (
        assembled(path, reading, partial(_each_of_file, progress=progress))
        if isinstance(path, Experiment)
        else _each_of_file(Path(path), reading, progress=progress)
    )
    for found in recordings:
        if isinstance(found, RecordingError) or not reading.infer_sources:
            yield found
            continue
        try:
            yield with_inferred_sources(found)
        except RecordingError as error:
            yield error


def _each_of_file(
    path: Path, reading: Reading, *, progress: Callable[[FileProgress], object] | None
) -> Iterator[xr.Dataset | RecordingError]:
    yield from isolated(_recordings_in, path, reading, progress=progress)


def _recordings_in(path: Path, reading: Reading) -> Iterator[xr.Dataset | RecordingError]:
    """Yield every recording of a file, in this process."""
    yield from reader_of(path).read(path, reading)


def read_ahead(paths: Sequence[AnyPath], reading: Reading) -> None:
    """Have a file read before `read_each` asks for it, if `begin_reading` started a process.

    Where several are given it is not: which of them comes first is known only when some have been
    looked into.
    """
    if len(paths) != 1:
        return
    path = Path(paths[0])
    if os.path.isfile(path):  # noqa: PTH113  (False if it is no name)
        ask_ahead(_recordings_in, path, reading)


@checked_arguments
def read_contents(
    path: str | PathLike[str] | Experiment,
    reading: Reading = AS_THE_FILE_SAYS,
    *,
    progress: Callable[[FileProgress], object] | None = None,
) -> Iterator[xr.Dataset | SpikeTrains | RecordingError]:
    """Yield what is in a file: spike trains where it knows them, else recordings.

    Of an experiment in many files, and where sources are to be inferred, it is a recording.
    Parameters and errors as in `read_each`.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.
    """
    if isinstance(path, Experiment) or reading.infer_sources:
        yield from read_each(path, reading, progress=progress)
        return
    yield from isolated(_contents_of, Path(path), reading, progress=progress)


def _contents_of(
    path: Path, reading: Reading
) -> Iterator[xr.Dataset | SpikeTrains | RecordingError]:
    """Yield spike trains where the file's reader knows them, else recordings, in this process."""
    reader = reader_of(path)
    if hasattr(reader, "read_trains"):
        yield reader.read_trains(path, reading)
    else:
        yield from reader.read(path, reading)
