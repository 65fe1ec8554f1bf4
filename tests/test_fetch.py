"""Published recordings, fetched from a real HTTP server with all that goes wrong on the way."""

import hashlib
import os
import subprocess
import sys
import textwrap
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pooch
import pytest

import canonica
from canonica import CanonicaError, RecordingError
from canonica.recordings import write_matlab
from canonica.recordings.download import _datasets, _download, _fetch
from canonica.recordings.download._fetch import fetch, fetch_each, public_dataset, public_files

CONTENT = np.random.default_rng(0).bytes(300_000)
CUT = 100_000  # bytes after which a bad connection ends
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves `files` by path; what goes wrong is set by its attributes."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {}
        self.requests = []  # (path, its Range)
        self.cuts = 0  # how many of the next answers end early
        self.busy = 0  # how many of the next requests are refused for now
        self.ranges = True
        self.length = True
        self.version = '"1"'

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        wanted = self.headers.get("Range")
        server.requests.append((self.path, wanted))
        content = server.files.get(self.path)
        if server.busy:
            server.busy -= 1
            self.send_error(503)
            return
        if content is None:
            self.send_error(404)
            return
        begin = 0
        same = self.headers.get("If-Range") in {None, server.version}
        if wanted and server.ranges and same:
            begin = asked_from(wanted)
            if begin >= len(content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            told = f"bytes {begin}-{len(content) - 1}/{len(content)}"
            self.send_header("Content-Range", told)
        else:
            self.send_response(200)
        self.send_header("ETag", server.version)
        if server.length:
            self.send_header("Content-Length", str(len(content) - begin))
        self.end_headers()
        body = content[begin:]
        if server.cuts:
            server.cuts -= 1
            body = body[:CUT]
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(autouse=True)
def server(monkeypatch):
    """Serve on this machine, and wait between attempts no longer than it takes."""
    monkeypatch.setattr(_download, "PAUSE", 0.001)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def dataset(server, monkeypatch):
    """List a data set that the server has: its content known, and one not known beforehand."""
    files = (
        _datasets.PublicFile("one", "pinned/one.mat", DIGEST),
        _datasets.PublicFile("two", "pinned/two.mat", DIGEST),
        _datasets.PublicFile("new", "newest/new.mat"),
    )
    listed = replace(
        public_dataset("isomura2023"),
        name="practice",
        address=server.url,
        files=files,
        baselines={"two": 2.5},
    )
    monkeypatch.setattr(_fetch, "DATASETS", (*_datasets.DATASETS, listed))
    server.files = {f"/{file.path}": CONTENT for file in files}
    return listed


def asked_from(wanted):
    """Return the first byte that a Range asks for."""
    return int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0


def entries(folder):
    return sorted(path.name for path in folder.iterdir())


# What is published.


def test_files_of_the_published_set():
    published = public_dataset("isomura2023")
    assert [file.condition for file in published.known] == ["bic", "dzp", "mix0", "mix50"]
    for file in published.files:
        assert file.name == f"response_data_{file.condition}.mat"
        assert file.sha256 is None or len(bytes.fromhex(file.sha256)) == 32
    unknown = public_files(published, ["ctrl", "apv", "ctrl"])
    assert [file.sha256 for file in unknown] == [None, None]
    assert published.baselines.keys() == {"bic", "dzp"}


def test_published_files_here_are_those(published):
    """The recordings at hand hash to what is listed, so that a download of them would pass."""
    listed = {file.condition: file.sha256 for file in public_dataset("isomura2023").known}
    for condition in ("bic", "mix0"):
        content = (published / f"response_data_{condition}.mat").read_bytes()
        assert hashlib.sha256(content).hexdigest() == listed[condition]


@pytest.mark.parametrize("conditions", ["thc", ["bic", "thc"], []])
def test_conditions_that_are_none(conditions):
    with pytest.raises(CanonicaError, match=r"expected some of bic, dzp, mix0, mix50, ctrl, apv"):
        fetch("isomura2023", conditions=conditions)


def test_set_that_is_none():
    with pytest.raises(CanonicaError, match=r"name: found 'x'; expected one of isomura2023"):
        fetch("x")


# Downloads that go well.


def test_good_download_then_none(server, tmp_path):
    seen = []
    paths = fetch("practice", folder=tmp_path / "a", progress=lambda *step: seen.append(step))
    assert paths == [tmp_path / "a" / "one.mat", tmp_path / "a" / "two.mat"]
    assert [path.read_bytes() for path in paths] == [CONTENT, CONTENT]
    assert entries(tmp_path / "a") == ["one.mat", "two.mat"]
    assert server.requests == [("/pinned/one.mat", None), ("/pinned/two.mat", None)]
    assert seen[-1] == ("two", len(CONTENT), len(CONTENT))
    assert [here for condition, here, _ in seen if condition == "one"] == sorted(
        here for condition, here, _ in seen if condition == "one"
    )
    assert fetch("practice", folder=tmp_path / "a") == paths
    assert len(server.requests) == 2


def test_folder_from_the_environment_else_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CANONICA_DATA", str(tmp_path / "chosen"))
    assert fetch("practice", conditions="one") == [tmp_path / "chosen" / "practice" / "one.mat"]
    monkeypatch.delenv("CANONICA_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (path,) = fetch("practice", conditions="one")
    assert path.read_bytes() == CONTENT
    if sys.platform == "linux":
        assert path == tmp_path / "cache" / "canonica" / "practice" / "one.mat"


def test_other_address(server, tmp_path):
    server.files["/mirror/pinned/one.mat"] = CONTENT
    address = f"{server.url}/mirror/"
    assert fetch("practice", conditions="one", folder=tmp_path, base_url=address)
    assert server.requests == [("/mirror/pinned/one.mat", None)]


def test_fetched_recordings_are_read(server, tmp_path, cultures):
    write_matlab(tmp_path / "source.mat", cultures)
    server.files["/newest/new.mat"] = (tmp_path / "source.mat").read_bytes()
    (path,) = fetch("practice", conditions="new", folder=tmp_path / "data")
    recordings = canonica.recordings.read(path, trials_per_session=64)
    np.testing.assert_array_equal(recordings[1]["responses"], cultures[1]["responses"])


# Connections that are cut.


def test_cut_connection_goes_on_in_the_same_call(server, tmp_path):
    server.cuts = 2
    (path,) = fetch("practice", conditions="one", folder=tmp_path)
    assert path.read_bytes() == CONTENT
    first, *rest = [asked_from(wanted) for _, wanted in server.requests]
    assert first == 0
    assert len(rest) == 2
    for number, begin in enumerate(rest, start=1):
        assert 0 <= number * CUT - begin < number * _download.CHUNK
    assert entries(tmp_path) == ["one.mat"]


def test_cut_connection_goes_on_in_the_next_call(server, tmp_path, monkeypatch):
    monkeypatch.setattr(_download, "ATTEMPTS", 1)
    server.cuts = 1
    with pytest.raises(RecordingError, match=r"connection that failed.*goes on after the \d+,\d+ "):
        fetch("practice", conditions="one", folder=tmp_path)
    assert entries(tmp_path) == ["one.mat.part"]
    here = (tmp_path / "one.mat.part").read_bytes()
    assert CUT - _download.CHUNK < len(here) <= CUT
    assert here == CONTENT[: len(here)]
    (path,) = fetch("practice", conditions="one", folder=tmp_path)
    assert path.read_bytes() == CONTENT
    assert server.requests[1:] == [("/pinned/one.mat", f"bytes={len(here)}-")]
    assert entries(tmp_path) == ["one.mat"]


def test_interrupted_download_goes_on_in_the_next_call(server, tmp_path):
    def interrupt(_, here, total):
        if here > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch("practice", conditions="one", folder=tmp_path, progress=interrupt)
    assert entries(tmp_path) == ["one.mat.part"]
    (path,) = fetch("practice", conditions="one", folder=tmp_path)
    assert path.read_bytes() == CONTENT
    assert asked_from(server.requests[1][1]) > len(CONTENT) // 2


def test_server_without_ranges_starts_over(server, tmp_path):
    server.ranges = False
    (tmp_path / "one.mat.part").write_bytes(CONTENT[:CUT])
    (path,) = fetch("practice", conditions="one", folder=tmp_path)
    assert path.read_bytes() == CONTENT
    assert server.requests == [("/pinned/one.mat", "bytes=100000-")]


def test_server_that_tells_no_length(server, tmp_path):
    server.length = False
    seen = []
    (path,) = fetch(
        "practice", conditions="one", folder=tmp_path, progress=lambda *step: seen.append(step)
    )
    assert path.read_bytes() == CONTENT
    assert seen[-1] == ("one", len(CONTENT), None)


def test_cut_that_no_length_tells(server, tmp_path):
    server.length, server.cuts = False, 1
    with pytest.raises(RecordingError, match=r"expected " + DIGEST):
        fetch("practice", conditions="one", folder=tmp_path)
    assert entries(tmp_path) == []


def test_part_that_is_all_of_it(server, tmp_path):
    (tmp_path / "one.mat.part").write_bytes(CONTENT)
    (path,) = fetch("practice", conditions="one", folder=tmp_path)
    assert path.read_bytes() == CONTENT
    assert len(server.requests) == 1


def test_part_that_is_too_long(tmp_path):
    (tmp_path / "one.mat.part").write_bytes(CONTENT + b"more")
    (path,) = fetch("practice", conditions="one", folder=tmp_path)
    assert path.read_bytes() == CONTENT


def test_file_that_changes_between_attempts_is_not_mixed(server, tmp_path):
    """Nothing but its ETag tells that the rest belongs to another version."""
    server.cuts = 1

    def publish_anew(*_):
        server.files["/newest/new.mat"] = CONTENT[::-1]
        server.version = '"2"'

    (path,) = fetch("practice", conditions="new", folder=tmp_path, progress=publish_anew)
    assert path.read_bytes() == CONTENT[::-1]
    assert [asked_from(wanted) > 0 for _, wanted in server.requests] == [False, True]


def test_part_of_unknown_file_is_not_trusted(server, tmp_path):
    (tmp_path / "new.mat.part").write_bytes(b"of an older version")
    (path,) = fetch("practice", conditions="new", folder=tmp_path)
    assert path.read_bytes() == CONTENT
    assert server.requests == [("/newest/new.mat", None)]


def test_no_server(tmp_path):
    nowhere = Server()
    nowhere.server_close()
    with pytest.raises(RecordingError, match=r"connection that failed.*refused.*Check the network"):
        fetch("practice", conditions="one", folder=tmp_path, base_url=nowhere.url)
    assert entries(tmp_path) == []


def test_busy_server_is_asked_again(server, tmp_path):
    server.busy = 2
    assert fetch("practice", conditions="one", folder=tmp_path)
    server.busy = 100
    with pytest.raises(RecordingError, match=r"a refusal \(HTTP 503 .*Call again later"):
        fetch("practice", conditions="two", folder=tmp_path)
    assert len(server.requests) == 3 + _download.ATTEMPTS


# Files that are not what they should be.


def test_wrong_hash(server, tmp_path):
    server.files["/pinned/one.mat"] = b"something else"
    found = hashlib.sha256(b"something else").hexdigest()
    with pytest.raises(RecordingError, match=f"SHA-256 {found}; expected {DIGEST}.*Call again"):
        fetch("practice", conditions="one", folder=tmp_path)
    assert entries(tmp_path) == []


def test_damaged_part_is_not_kept_for_ever(tmp_path):
    (tmp_path / "one.mat.part").write_bytes(b"damaged")
    with pytest.raises(RecordingError, match="What came was deleted"):
        fetch("practice", conditions="one", folder=tmp_path)
    assert fetch("practice", conditions="one", folder=tmp_path)[0].read_bytes() == CONTENT


def test_own_file_of_that_name_is_not_replaced(server, tmp_path):
    (tmp_path / "one.mat").write_bytes(b"mine")
    with pytest.raises(RecordingError, match=r"Move or delete it and call again"):
        fetch("practice", conditions="one", folder=tmp_path)
    assert (tmp_path / "one.mat").read_bytes() == b"mine"
    assert server.requests == []


def test_missing_file_and_the_others_go_on(server, dataset, tmp_path):
    del server.files["/newest/new.mat"], server.files["/pinned/two.mat"]
    files = public_files(dataset, ["new", "two", "one"])
    new, two, one = (path for _, path in fetch_each(dataset, files, folder=tmp_path))
    assert isinstance(new, RecordingError)
    assert "no such file (HTTP 404)" in str(new)
    assert "Whether new is public as a single file is not known beforehand" in str(new)
    assert "not known beforehand" not in str(two)
    assert one == tmp_path / "one.mat"
    assert len(server.requests) == 3  # asked once each
    assert entries(tmp_path) == ["one.mat"]
    with pytest.raises(CanonicaError) as raised:
        fetch("practice", conditions=["new", "two", "one"], folder=tmp_path)
    assert str(raised.value) == f"{new}\n{two}"


# Folders that cannot be written.


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full, a disk that is full")
def test_full_disk(tmp_path):
    (tmp_path / "one.mat.part").symlink_to("/dev/full")
    with pytest.raises(RecordingError, match=r"No space left on device.*Make room"):
        fetch("practice", conditions="one", folder=tmp_path)
    assert entries(tmp_path) == ["one.mat.part"]


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="no limit on the size of files")
def test_disk_that_fills_while_writing(server, tmp_path):
    program = textwrap.dedent("""
        import resource, sys
        from canonica.recordings.download import _datasets, _fetch
        digest, url, folder, limit = sys.argv[1:]
        file = _datasets.PublicFile("one", "pinned/one.mat", digest)
        dataset = _datasets.PublicDataset("practice", url, "home", "none", "none", (file,))
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
        for _, path in _fetch.fetch_each(dataset, dataset.files, folder=folder):
            print(path)
    """)

    def fetch_within(limit):
        command = [sys.executable, "-c", program, DIGEST, server.url, str(tmp_path), str(limit)]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)

    done = fetch_within(150_000)
    assert "a folder that cannot be written to (File too large)" in done.stdout
    assert entries(tmp_path) == ["one.mat.part"]
    here = (tmp_path / "one.mat.part").read_bytes()
    assert here == CONTENT[: len(here)]
    done = fetch_within(len(CONTENT))
    assert done.stdout.strip() == str(tmp_path / "one.mat")
    assert done.stderr == ""
    assert server.requests[-1] == ("/pinned/one.mat", f"bytes={len(here)}-" if here else None)


def test_folder_that_is_a_file(server, tmp_path):
    (tmp_path / "taken").write_bytes(b"")
    for condition in ("one", "new"):
        with pytest.raises(RecordingError, match=r"choose another folder"):
            fetch("practice", conditions=condition, folder=tmp_path / "taken")
    assert server.requests == []


def test_file_that_is_a_folder(tmp_path):
    (tmp_path / "one.mat").mkdir()
    with pytest.raises(RecordingError, match=r"nothing readable.*choose another folder"):
        fetch("practice", conditions="one", folder=tmp_path)


# The command line.


def test_command(call, tmp_path):
    folder = tmp_path / "my data"
    code, printed, said = call(
        "fetch", "practice", "--conditions", "one,two", "--conditions", "new", "--folder", folder
    )
    assert code == 0
    assert entries(folder) == ["new.mat", "one.mat", "two.mat"]
    assert f"one: {folder / 'one.mat'}\n" in printed
    assert printed.count("hash not known beforehand: sha256") == 1
    assert f"hash not known beforehand: sha256 {DIGEST}" in printed
    assert "Licence: GPL-3 (https://github.com/takuyaisomura/reverse_engineering)" in printed
    assert "https://doi.org/10.1038/s41467-023-40141-z" in printed
    paths = " ".join(f"'{folder / name}.mat'" for name in ("one", "two", "new"))
    assert printed.endswith(f"Next:\n  canonica analyze {paths} --out results --baseline two=2.5\n")
    assert "Downloading file" not in said
    assert "error" not in said


def test_command_by_default_asks_for_what_is_known(call, tmp_path):
    code, _, _ = call("fetch", "practice", "--folder", tmp_path)
    assert code == 0
    assert entries(tmp_path) == ["one.mat", "two.mat"]


def test_command_where_some_fail(call, server, tmp_path):
    del server.files["/newest/new.mat"]
    code, printed, said = call("fetch", "practice", "--conditions", "new,one", "--folder", tmp_path)
    assert code == 1
    assert said.count("error:") == 1
    assert "newest/new.mat: found no such file (HTTP 404)" in said
    assert f"canonica analyze {tmp_path / 'one.mat'} --out results" in printed


def test_command_where_all_fail(call, server, tmp_path):
    server.files.clear()
    code, printed, said = call("fetch", "practice", "--folder", tmp_path)
    assert code == 2
    assert printed == ""
    assert "found no such file (HTTP 404)" in said


def test_command_with_a_bad_call(call):
    code, _, said = call("fetch", "isomura2022")
    assert code == 2
    assert "name: found 'isomura2022'; expected one of isomura2023" in said
    code, _, said = call("fetch", "isomura2023", "--conditions", "bic,thc")
    assert code == 2
    assert "conditions: found thc" in said


def test_printed_baselines_are_those_published(call, server, monkeypatch, tmp_path):
    """The command to run next is whole: the published baseline in all its digits."""
    published = public_dataset("isomura2023")
    listed = replace(
        published,
        address=server.url,
        files=tuple(replace(file, sha256=DIGEST) for file in published.files[:3]),
    )
    monkeypatch.setattr(_fetch, "DATASETS", (listed,))
    server.files = {f"/{file.path}": CONTENT for file in listed.files}
    code, printed, _ = call("fetch", "isomura2023", "--folder", tmp_path)
    assert code == 0
    assert printed.endswith(
        "--out results --baseline bic=2.6403707268003216 --baseline dzp=2.6403707268003216\n"
    )
    assert all(
        path.startswith("/6f026de7184e7f05e463eab784875b8a4f41b780/invitro/response_data_")
        for path, _ in server.requests
    )


def test_pooch_is_quiet_meanwhile_and_as_it_was_after(tmp_path, caplog):
    before = pooch.get_logger().level
    assert fetch("practice", conditions="one", folder=tmp_path)
    assert caplog.records == []
    assert pooch.get_logger().level == before
