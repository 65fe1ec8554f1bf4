"""A whole run on simulated cultures: their recordings, and the analysis of these."""

from pathlib import Path

from canonica._arguments import checked_arguments
from canonica._checks import checked_seed, checked_size
from canonica._errors import CanonicaError
from canonica._files import AnyPath, complete_file
from canonica.pipelines._analyze import Analysis, analyze
from canonica.pipelines._progress import Stage, Told
from canonica.pipelines.results._results_folder import SUMMARY
from canonica.recordings import write
from canonica.simulate import spike_trains

RECORDINGS, RESULTS = "recordings", "results"
BEGUN = ".canonica-demo-begun"  # marks a folder as a demo's until its results do


@checked_arguments
def demo(
    out: AnyPath = "canonica-demo",
    *,
    cultures: int = 4,
    sessions: int = 100,
    trials_per_session: int = 256,
    seed: int = 0,
    progress: Told | None = None,
) -> Analysis:
    """Simulate cultures that learn to separate two sources, and analyse their recordings.

    Does what `canonica demo` does, and writes the same files: NWB files to the folder recordings
    in `out`, as a laboratory would have them, and what `analyze` makes of them to results.

    Parameters
    ----------
    out : path-like, optional
        Folder for both; that of an earlier demo will do.
    cultures : int, optional
        How many to simulate.
    sessions, trials_per_session : int, optional
        Of each.
    seed : int, optional
        Decides everything random.
    progress : callable, optional
        Called with a `Progress` as the work goes on, as `print` could be.

    Returns
    -------
    Analysis
        As of `analyze`.

    Raises
    ------
    CanonicaError
        If the folder holds recordings that no earlier demo made.

    Examples
    --------
    >>> found = demo("canonica-demo", cultures=2)  # doctest: +SKIP
    """
    checked_size("cultures", cultures, most=1000)
    checked_seed(seed)
    recordings, results = Path(out) / RECORDINGS, Path(out) / RESULTS
    begun = Path(out) / BEGUN
    ours = (results / SUMMARY).exists() or begun.exists()
    if recordings.exists() and not ours:
        raise CanonicaError(
            f"out: found {recordings}, which no earlier demo made; expected a new folder, or that "
            "of a demo. Choose another."
        )
    with complete_file(begun):  # a call that is killed leaves it, and the next knows the folder
        pass
    files = [recordings / f"culture-{number + 1}.nwb" for number in range(cultures)]
    stage = Stage(progress, "Simulating cultures", cultures)
    for number, file in enumerate(files):
        trains = spike_trains(
            seed + number,
            sessions=sessions,
            trials_per_session=trials_per_session,
            name=file.stem,
        )
        write(file, trains)
        stage.advance()
    found = analyze(files, results, jobs=1, overwrite=True, progress=progress)
    begun.unlink(missing_ok=True)
    return found
