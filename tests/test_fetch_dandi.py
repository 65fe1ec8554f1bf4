"""Data sets of the DANDI archive, from a server on this machine that answers as it does."""

import hashlib
import json
import threading
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from test_fetch import CUT, Handler, Server, entries

from canonica import CanonicaError, RecordingError
from canonica.pipelines import fetch as fetch_all
from canonica.recordings.download import _download
from canonica.recordings.download._fetch import fetch

NUMBER, VERSION = "001611", "0.250101.1200"
CITATION = "Somebody (2025) Cultures in a task (Version 0.250101.1200) [Data set]. DANDI Archive."
PER_PAGE = 2  # fewer than there are of one subject
SUBJECTS = {"24846": ("20241120T120429", "20241120T121307", "20241121T090000"), "24850": ("1",)}


def path_of(subject, session):
    return f"sub-{subject}/sub-{subject}_ses-{session}_ecephys.nwb"


class DandiHandler(Handler):
    """What the archive's interface answers: JSON, pages, and redirections to a store of blobs."""

    def do_GET(self):  # noqa: N802
        url = urlsplit(self.path)
        server = self.server
        if not url.path.startswith("/api/"):
            super().do_GET()
            return
        server.asked.append(self.path)
        if server.silent:
            server.silent -= 1
            self.send_error(503)
            return
        parts = url.path.strip("/").split("/")[1:]
        if parts[0] == "assets" and parts[2:] == ["download"] and parts[1] in server.assets:
            self.send_response(302)
            self.send_header("Location", f"{server.url}/blobs/{parts[1]}?signed=yes")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        found = self._answer(parts, parse_qs(url.query))
        if found is None:
            self.send_error(404)
            return
        body = found if isinstance(found, bytes) else json.dumps(found).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _answer(self, parts, query):
        server = self.server
        if parts[0] == "assets" and len(parts) == 2 and parts[1] in server.assets:
            return server.assets[parts[1]]["metadata"]
        if parts[:2] != ["dandisets", NUMBER]:
            return None
        if len(parts) == 2:
            published = {"version": VERSION} if server.published else None
            return {
                "identifier": NUMBER,
                "most_recent_published_version": published,
                "draft_version": {"version": "draft"},
            }
        if parts[2] != "versions" or parts[3] not in (VERSION, "draft"):
            return None
        if len(parts) == 4:
            return {"name": "Cultures", "citation": CITATION, "license": ["spdx:CC-BY-4.0"]}
        return server.page(parts[3], query) if parts[4] == "assets" else None


class DandiServer(Server):
    """A data set of two subjects, beside files that are no NWB."""

    def __init__(self, contents):
        super().__init__()
        self.RequestHandlerClass = DandiHandler
        self.asked = []
        self.silent = 0  # how many of the next questions are refused for now
        self.published = True
        self.tells_digests = True  # with the list, and not only one by one
        self.assets = {}
        for number, (path, content) in enumerate(contents.items()):
            identifier = f"0000000{number}-aaaa-bbbb-cccc-0123456789ab"
            digest = {
                "dandi:dandi-etag": "0-1",
                "dandi:sha2-256": hashlib.sha256(content).hexdigest(),
            }
            self.assets[identifier] = {
                "path": path,
                "size": len(content),
                "metadata": {"path": path, "digest": digest, "contentUrl": ["elsewhere"]},
            }
            self.files[f"/blobs/{identifier}?signed=yes"] = content

    def page(self, version, query):
        """Return one page of the files whose path begins as asked."""
        start = query.get("path", [""])[0]
        number = int(query.get("page", ["1"])[0])
        found = [
            {"asset_id": identifier, "blob": "x", "path": one["path"], "size": one["size"]}
            | ({"metadata": one["metadata"]} if self.tells_digests else {})
            for identifier, one in self.assets.items()
            if one["path"].startswith(start)
        ]
        here = f"{self.url}/api/dandisets/{NUMBER}/versions/{version}/assets/"
        more = number * PER_PAGE < len(found)
        return {
            "count": len(found),
            "next": f"{here}?path={start}&metadata=true&page={number + 1}" if more else None,
            "previous": None,
            "results": found[(number - 1) * PER_PAGE : number * PER_PAGE],
        }


@pytest.fixture
def contents(generator):
    """Return the files of the data set, by their paths."""
    paths = [path_of(subject, one) for subject, all_of in SUBJECTS.items() for one in all_of]
    return {path: generator.bytes(150_000) for path in [*paths, "README.md", "sub-24846/video.mp4"]}


@pytest.fixture
def server(contents, monkeypatch):
    monkeypatch.setattr(_download, "PAUSE", 0.001)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with DandiServer(contents) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def fetched(server, tmp_path):
    """Return a function that fetches from the server into a folder of the test."""

    def run(name=f"dandi:{NUMBER}", **wanted):
        return fetch(name, folder=tmp_path / "here", base_url=f"{server.url}/api", **wanted)

    return run


@pytest.mark.parametrize("tells_digests", [True, False])
def test_all_files_come_page_by_page_into_folders_of_their_subjects(
    server, fetched, contents, tmp_path, tells_digests
):
    server.tells_digests = tells_digests
    files = fetched()
    wanted = [path for path in contents if path.endswith(".nwb")]
    assert [file.relative_to(tmp_path / "here").as_posix() for file in files] == wanted
    for file, path in zip(files, wanted, strict=True):
        assert file.read_bytes() == contents[path]
    asked = len(server.requests)
    assert fetched() == files  # all are here
    assert len(server.requests) == asked


@pytest.mark.parametrize(
    ("wanted", "sessions"),
    [
        ({"subjects": "24846"}, [("24846", one) for one in SUBJECTS["24846"]]),
        ({"subjects": ["24850"], "sessions": "*"}, [("24850", "1")]),
        ({"subjects": "248*", "sessions": ["1"]}, [("24850", "1")]),
        ({"sessions": "20241120*"}, [("24846", one) for one in SUBJECTS["24846"][:2]]),
    ],
)
def test_some_subjects_and_sessions(fetched, wanted, sessions):
    assert [file.name for file in fetched(**wanted)] == [
        path_of(*one).rpartition("/")[2] for one in sessions
    ]


@pytest.mark.parametrize(
    ("name", "published", "version"),
    [
        (f"dandi:{NUMBER}", True, VERSION),
        (f"DANDI:{NUMBER}", False, "draft"),
        (f"dandi:{NUMBER}@draft", True, "draft"),
        (f"dandi:{NUMBER}/{VERSION}", False, VERSION),
    ],
)
def test_versions(server, fetched, name, published, version):
    server.published = published
    fetched(name, sessions="1")
    assert any(f"/versions/{version}/assets/" in path for path in server.asked)


def test_a_download_that_was_cut_goes_on(server, fetched, contents, monkeypatch, tmp_path):
    monkeypatch.setattr(_download, "ATTEMPTS", 1)
    server.cuts = 1
    path = path_of("24850", "1")
    with pytest.raises(RecordingError, match="it goes on after"):
        fetched(subjects="24850")
    assert entries(tmp_path / "here" / "sub-24850") == [f"{path.rpartition('/')[2]}.part"]
    (file,) = fetched(subjects="24850")
    assert file.read_bytes() == contents[path]
    begin = int(server.requests[-1][1].removeprefix("bytes=").rstrip("-"))
    assert 0 < begin <= CUT


def test_other_content_is_refused(server, fetched, tmp_path):
    for place in server.files:
        server.files[place] = server.files[place][::-1]
    with pytest.raises(RecordingError, match="SHA-256"):
        fetched(subjects="24850")
    assert not list((tmp_path / "here").rglob("*.nwb"))


def test_a_busy_archive_is_asked_again(server, fetched):
    server.silent = 2
    assert len(fetched(subjects="24850")) == 1


def test_an_archive_that_says_no(server, fetched, monkeypatch):
    with pytest.raises(RecordingError, match="HTTP 404.*Check the name"):
        fetched("dandi:999999")
    monkeypatch.setattr(_download, "ATTEMPTS", 1)
    server.silent = 1
    with pytest.raises(RecordingError, match="HTTP 503"):
        fetched()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"<html>Sign in</html>", "no JSON object"),
        ([1, 2], "no JSON object"),
        ({"results": None}, "an answer without files"),
        ({"results": [{"asset_id": "../../x", "path": path_of("1", "1")}]}, "identifier"),
        ({"results": [{"asset_id": "ab", "path": "../../" + path_of("1", "1")}]}, "identifier"),
        ({"results": [{"asset_id": "ab", "path": "/" + path_of("1", "1")}]}, "identifier"),
    ],
)
def test_answers_that_are_none(server, fetched, monkeypatch, answer, message):
    monkeypatch.setattr(server, "page", lambda *_: answer)
    with pytest.raises(RecordingError, match=message):
        fetched()


@pytest.mark.parametrize(
    ("name", "wanted", "message"),
    [
        ("dandi:1611", {}, "six digits"),
        (f"dandi:{NUMBER}", {"subjects": "7"}, "no NWB file"),
        (f"dandi:{NUMBER}", {"sessions": "7"}, "subjects 24846, 24850"),
        (f"dandi:{NUMBER}", {"conditions": "bic"}, "conditions: found with dandi"),
        ("isomura2023", {"subjects": "7"}, "subjects: found with isomura2023"),
    ],
)
def test_calls_that_make_no_sense(fetched, name, wanted, message):
    with pytest.raises(CanonicaError, match=message):
        fetched(name, **wanted)


def test_progress_is_of_the_whole_set(server, tmp_path):
    told = []
    found = fetch_all(
        f"dandi:{NUMBER}",
        subjects="24846",
        folder=tmp_path,
        base_url=f"{server.url}/api",
        progress=told.append,
    )
    total = 3 * 150_000
    assert {one.total for one in told} == {total}
    assert told[-1].done == total
    assert (np.diff([one.done for one in told]) >= 0).all()
    assert found.dataset.licence == "CC-BY-4.0"


def test_command(call, server, tmp_path):
    code, out, _ = call(
        *("fetch", f"dandi:{NUMBER}", "--subjects", "24846,24850", "--sessions", "1,20241121*"),
        *("--folder", tmp_path, "--base-url", f"{server.url}/api"),
    )
    assert code == 0
    assert f"2 files in {tmp_path}" in out
    assert "Licence: CC-BY-4.0" in out
    assert CITATION in out
    assert f"canonica validate {tmp_path}" in out
