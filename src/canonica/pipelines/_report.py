"""From a folder of results to one page that shows them in a browser."""

import json
from pathlib import Path

from canonica._arguments import checked_arguments
from canonica._errors import CanonicaError
from canonica._files import AnyPath, complete_file, shown
from canonica.pipelines._progress import Stage, Told
from canonica.pipelines.results._free_files import check_free
from canonica.pipelines.results._results_folder import SUMMARY

REPORT = "report.html"


@checked_arguments
def report(folder: AnyPath, *, out: AnyPath | None = None, overwrite: bool = False) -> Path:
    """Write a folder of results as one page for the browser, which needs no network.

    Does what `canonica report` does. The page is made from what is in the folder alone, and is
    the same, to the byte, for the same results.

    Parameters
    ----------
    folder : path-like
        What `study`, `analyze` or `forecast` wrote.
    out : path-like, optional
        The page; report.html in the folder by default, where it counts among the results, and an
        earlier page is replaced.
    overwrite : bool, optional
        Whether another file of the page's name may be replaced.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    CanonicaError
        If the folder holds no such results, or there is a file of the page's name that may not be
        replaced.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from canonica.pipelines import analyze
    >>> from canonica.recordings import Reading, write
    >>> from canonica.simulate import culture
    >>> place = Path(mkdtemp())
    >>> write(place / "c.mat", culture(2, sessions=12, trials_per_session=64))
    >>> reading = Reading(trials_per_session=64)
    >>> _ = analyze(place / "c.mat", place / "results", reading=reading)
    >>> page = report(place / "results")
    >>> page.name, page.stat().st_size < 3e6
    ('report.html', True)
    """
    from canonica.pipelines.results._read_results import read_results  # noqa: PLC0415
    from canonica.report.html import document  # noqa: PLC0415  (only where there is a page)

    place = Path(folder)
    if not place.is_dir():
        raise CanonicaError(
            f"folder: found no folder {shown(place)}; expected one that canonica study, analyze "
            "or forecast wrote. Check the path."
        )
    page = place / REPORT if out is None else Path(out)
    contents = read_results(place)
    listed = page.parent == place and page.name in contents.summary["files"]
    check_free([page], overwrite=overwrite or listed)
    text = document(contents)
    if page.parent == place and not listed:
        _list(place, page.name)
    with complete_file(page) as partial:
        _write(partial, text)
    return page


def write_page(folder: Path, progress: Told | None = None) -> None:
    """Write the page of results that are complete but for it, in the folder, and listed."""
    from canonica.pipelines.results._read_results import read_results  # noqa: PLC0415
    from canonica.report.html import document  # noqa: PLC0415  (only where there is a page)

    stage = Stage(progress, "Writing the report", 1)
    _write(folder / REPORT, document(read_results(folder)))
    stage.advance()


def _write(page: Path, text: str) -> None:
    page.write_text(text, encoding="utf-8", errors="replace", newline="\n")


def _list(folder: Path, name: str) -> None:
    """Have summary.json list the page, so that new results take its place and none is left."""
    summary = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
    summary["files"] = sorted([*summary["files"], name])
    with complete_file(folder / SUMMARY) as partial:
        partial.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
