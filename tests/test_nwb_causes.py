"""Sound NWB files that cannot be read: the error names what is in the way, and the remedy."""

import os
import subprocess
import sys
import textwrap
from datetime import UTC, datetime

import h5py
import numpy as np
import pytest
from pynwb import NWBHDF5IO, NWBFile

from canonica import RecordingError
from canonica.recordings import is_recording, read, read_contents

LZF, ZSTANDARD = 32000, 32015  # numbers of filters: one that h5py brings, and one that it does not
TRIALS = 8


@pytest.fixture
def sound(tmp_path, generator):
    """Return a small file that can be read."""
    nwbfile = NWBFile("A culture.", "id", datetime(2024, 3, 1, 9, tzinfo=UTC))
    nwbfile.add_unit(spike_times=1.02 + np.arange(TRIALS))
    for name in ("stimuli", "session"):
        nwbfile.add_trial_column(name, name)
    for trial in range(TRIALS):
        nwbfile.add_trial(
            start_time=1.0 + trial,
            stop_time=1.5 + trial,
            stimuli=generator.integers(0, 2, 3),
            session=1,
        )
    path = tmp_path / "sound.nwb"
    with NWBHDF5IO(path, "w") as file:
        file.write(nwbfile, cache_spec=False)
    assert (read(path)[0].responses == 1).all()
    return path


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sound.nwb", "sound.h5"])
def test_a_file_that_is_being_written(sound, name):
    path = sound.rename(sound.with_name(name))
    hold = f"import h5py; f = h5py.File({str(path)!r}, 'a'); print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline().strip() == b"held"
        assert is_recording(path)
        with pytest.raises(RecordingError, match=r"another program has open.*Close it there"):
            read(path)
        other.communicate(b"\n")
    assert read(path)


def test_an_extension_that_is_not_described(sound):
    with h5py.File(sound, "a") as file:
        rig = file["general"].create_group("rig")
        rig.attrs.update(
            namespace="ndx-nowhere", neurodata_type="Rig", object_id="7c2b1f6e-0000", rig="3"
        )
    with pytest.raises(RecordingError, match="sound. Install them.*pip install ndx-nowhere") as one:
        read(sound)
    assert "Rig at /general/rig" in str(one.value)


@pytest.mark.slow
def test_an_extension_that_is_installed_is_imported(sound, tmp_path, monkeypatch):
    with h5py.File(sound, "a") as file:
        rig = file["general"].create_group("rig")
        rig.attrs.update(
            namespace="ndx-ourlab", neurodata_type="Rig", object_id="7c2b1f6e-0001", name="3"
        )
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "ndx_ourlab.py").write_text(
        textwrap.dedent(f"""
            from pynwb import load_namespaces
            from pynwb.spec import NWBAttributeSpec, NWBGroupSpec, NWBNamespaceBuilder

            about = NWBNamespaceBuilder(
                "Our laboratory.", "ndx-ourlab", version="0.1.0", author="A", contact="a@b.org"
            )
            about.include_type("LabMetaData", namespace="core")
            name = NWBAttributeSpec(name="name", doc="d", dtype="text")
            rig = NWBGroupSpec(
                "d", neurodata_type_def="Rig", neurodata_type_inc="LabMetaData", attributes=[name]
            )
            about.add_spec("ndx-ourlab.extensions.yaml", rig)
            about.export("ndx-ourlab.namespace.yaml", outdir={str(tmp_path)!r})
            load_namespaces({str(tmp_path / "ndx-ourlab.namespace.yaml")!r})
            """)
    )
    assert (read(sound)[0].responses == 1).all()


def test_a_filter_that_is_not_there(sound):
    with h5py.File(sound, "a") as file:
        times = file["units/spike_times"][:]
        attributes = dict(file["units/spike_times"].attrs)
        del file["units/spike_times"]
        packed = file["units"].create_dataset(
            "spike_times", data=times, chunks=times.shape, compression="lzf"
        )
        packed.attrs.update(attributes)
    content = sound.read_bytes()
    said = LZF.to_bytes(2, "little") + (8).to_bytes(2, "little")  # with the length of its name
    assert content.count(said) == 1
    sound.write_bytes(content.replace(said, ZSTANDARD.to_bytes(2, "little") + said[2:]))
    with pytest.raises(RecordingError, match="Zstandard.*filter 32015.*pip install hdf5plugin"):
        read(sound)


def test_nwb_1(tmp_path):
    path = tmp_path / "old.nwb"
    with h5py.File(path, "w") as file:
        file["nwb_version"] = "NWB-1.0.6"
        file.create_group("processing")
    assert is_recording(path)
    with pytest.raises(RecordingError, match=r"version 1 \(NWB-1.0.6\).*version 2"):
        read(path)


@pytest.mark.parametrize("mark", [".zgroup", "zarr.json"])
def test_zarr_needs_hdmf_zarr(tmp_path, monkeypatch, mark):
    path = tmp_path / "culture.nwb.zarr"
    path.mkdir()
    (path / mark).write_text("{}")
    monkeypatch.setenv("CANONICA_READ_IN_PROCESS", "1")
    monkeypatch.setitem(sys.modules, "hdmf_zarr", None)  # as if it were not there
    for given in (path, tmp_path, tmp_path / "*.zarr"):
        with pytest.raises(RecordingError, match=r"culture.nwb.zarr: found .* of Zarr.*hdmf-zarr"):
            read(given)


@pytest.mark.skipif(sys.platform == "win32", reason="other variables say where a cache is")
def test_zarr_is_read_where_hdmf_zarr_is_there(sound, tmp_path):
    import hdmf_zarr as zarr

    path = tmp_path / "culture.nwb.zarr"
    with NWBHDF5IO(sound, "r") as source, zarr.NWBZarrIO(str(path), mode="w") as target:
        target.export(src_io=source, write_args={"link_data": False})
    (found,), (again,) = read(path), read([path])
    assert (found.responses == 1).all()
    assert found.identical(again)
    (trains,) = read_contents(path)
    assert trains.recording().attrs["input_sha256"] == found.attrs["input_sha256"]
    assert found.attrs["name"] == "culture"
    assert found.attrs["origin"] == found.attrs["input_file"] == str(path)
    with pytest.raises(RecordingError, match=r"culture.nwb.zarr:trials.*none-such"):
        read(path, stimuli="none-such")
    for chunk in path.glob("units/spike_times/[0-9]*"):
        chunk.write_bytes(b"nonsense")
    with pytest.raises(RecordingError, match="a folder of Zarr that cannot be read"):
        read(path)


@pytest.mark.slow
@pytest.mark.parametrize("missing", [["HOME"], ["HOME", "XDG_CACHE_HOME"]])
def test_no_place_for_a_cache(sound, tmp_path, missing):
    """It is read, in a process that finds no cache; whose environment is as it was then."""
    nowhere = sound / "cache"  # in a file: not even the owner of everything can make that
    environment = {
        name: value for name, value in os.environ.items() if name not in ("XDG_CACHE_HOME", "HOME")
    }
    environment |= dict.fromkeys(missing, str(nowhere)) | {"TMPDIR": str(tmp_path)}
    if "XDG_CACHE_HOME" in missing:
        environment.setdefault("HOME", str(tmp_path))
    program = f"""
        import os
        from pathlib import Path
        before = dict(os.environ)
        from canonica.recordings.nwb._library import pynwb
        from canonica.recordings.nwb import _read
        from canonica.recordings import Reading
        (found,) = _read.read(Path({str(sound)!r}), Reading())
        assert (found.responses == 1).all()
        assert {{**before}} == {{**os.environ}}
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], env=environment, check=True)
    assert not list(tmp_path.glob("canonica-cache-*"))
