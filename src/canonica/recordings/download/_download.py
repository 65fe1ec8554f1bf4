"""Downloads that go on where they were cut."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from canonica._errors import RecordingError

if TYPE_CHECKING:
    from requests import Response

Report = Callable[[int, int | None], object]  # bytes that are here, and all, where known

ATTEMPTS = 4
PAUSE = 1.0  # seconds before the second attempt, twice as many before each further one
TIMEOUT = (10.0, 60.0)  # seconds for a connection, and for the next bytes
CHUNK = 2**14  # bytes: of one that is cut nothing is kept
PARTIAL, RANGE_NOT_SATISFIABLE = 206, 416
ABSENT = {404, 410}
BUSY = {429, 500, 502, 503, 504}  # answers of a server that may do better soon


def download(url: str, part: Path, report: Report | None = None) -> None:
    """Make `part` all of what is at `url`, beginning after what it holds already.

    Whatever happens, `part` stays, for the next call to go on from.

    Raises
    ------
    requests.HTTPError
        If the server says no.
    requests.RequestException
        If the connection is cut, again and again.
    OSError
        If the file cannot be written.
    """
    from requests import RequestException  # noqa: PLC0415  (heavy, and only downloads need it)

    version = ""
    for attempt in range(ATTEMPTS):
        try:
            with _answer(url, part, version) as answer:
                version = answer.headers.get("ETag", "")
                _write(answer, part, report)
        except RequestException as error:
            if attempt == ATTEMPTS - 1 or not _may_pass(error):
                raise
            time.sleep(PAUSE * 2**attempt)
        else:
            return


def json_at(url: str) -> dict[str, Any]:
    """Return the object that is at `url`, as JSON.

    Raises
    ------
    RecordingError
        If there is none, or the connection fails again and again.
    """
    import requests  # noqa: PLC0415

    for attempt in range(ATTEMPTS):
        try:
            answer = requests.get(url, headers={"Accept": "application/json"}, timeout=TIMEOUT)
            answer.raise_for_status()
            found = answer.json()
        except requests.exceptions.JSONDecodeError:
            found = None
        except requests.RequestException as error:
            if attempt < ATTEMPTS - 1 and _may_pass(error):
                time.sleep(PAUSE * 2**attempt)
                continue
            raise _no_answer(url, error) from error
        if isinstance(found, dict):
            return found
        break
    raise RecordingError(
        url,
        None,
        found="something that is no JSON object",
        expected="an answer of an archive",
        advice="Check the address, and that no page of the network stands before it.",
    )


def _no_answer(url: str, error: Any) -> RecordingError:
    status = None if error.response is None else error.response.status_code
    return RecordingError(
        url,
        None,
        found=f"no answer ({type(error).__name__})" if status is None else f"HTTP {status}",
        expected="an answer of an archive",
        advice="Check the name of the data set and its version."
        if status in ABSENT
        else "Check the network and call again.",
    )


def _answer(url: str, part: Path, version: str) -> "Response":
    """Return the server's answer to a request for what is still missing."""
    import requests  # noqa: PLC0415

    headers = {"Accept-Encoding": "identity"}  # compressed, a range would be one of other bytes
    if here := _size(part):
        headers["Range"] = f"bytes={here}-"
        if version.startswith('"'):  # of a weak one no ranges can be had
            headers["If-Range"] = version
    return requests.get(url, headers=headers, stream=True, timeout=TIMEOUT)


def _write(answer: "Response", part: Path, report: Report | None) -> None:
    """Add to `part` what the server sends."""
    from requests import ConnectionError as CutError  # noqa: PLC0415

    here = _size(part)
    begin, total = _extent(answer)
    if answer.status_code == RANGE_NOT_SATISFIABLE and here == total:
        return  # all of it was here
    if answer.status_code == RANGE_NOT_SATISFIABLE or begin not in {0, here}:
        part.unlink(missing_ok=True)
        raise CutError(f"the server sent other bytes than those from {here:,} on")
    answer.raise_for_status()
    with part.open("ab" if begin else "wb") as file:
        for chunk in answer.iter_content(CHUNK):
            file.write(chunk)
            if report is not None:
                report(file.tell(), total)
    if total is not None and _size(part) != total:
        raise CutError(f"{_size(part):,} of {total:,} bytes came")


def _extent(answer: "Response") -> tuple[int, int | None]:
    """Return where the bytes sent begin, -1 for unknown, and how many there are, where known."""
    told = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", answer.headers.get("Content-Range", ""))
    if told:
        begin, total = told.groups()
        return int(begin or 0), None if total == "*" else int(total)
    if answer.status_code == PARTIAL:
        return -1, None
    length = answer.headers.get("Content-Length", "")
    return 0, int(length) if length.isdecimal() else None


def _may_pass(error: Any) -> bool:
    """Return whether the error may pass: no answer at all, or a server that is busy."""
    return error.response is None or error.response.status_code in BUSY


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
