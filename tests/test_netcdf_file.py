"""NetCDF-4 files: what they hold is what other libraries read, and the same bytes at any time."""

import time
from itertools import permutations

import h5py
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from canonica.pipelines.results._netcdf_file import netcdf_bytes

# It puts HDF5 filters of its own into the environment, where tests of missing ones would find them.
with pytest.MonkeyPatch.context() as environment:
    environment.setenv("HDF5_PLUGIN_PATH", "")
    import netCDF4

KINDS = ("f4", "f8", "i4", "i8", "u1", "?", "U", "M8[ns]")


def values(generator, kind, shape):
    if kind == "U":
        return generator.choice(["", "x", "Zürich", "\u03bc m"], shape)
    if kind == "M8[ns]":
        return np.datetime64("2020-01-01", "ns") + generator.integers(0, 10**15, shape)
    drawn = generator.normal(0, 100, shape) if kind[0] == "f" else generator.integers(0, 2, shape)
    return drawn.astype(kind)


@st.composite
def datasets(draw):
    """Datasets with variables of all kinds along dimensions of any sizes, some of them labelled."""
    generator = np.random.default_rng(draw(st.integers(0, 10**6)))
    sizes = draw(st.dictionaries(st.sampled_from("zyxwv"), st.integers(0, 4), min_size=1))
    data = xr.Dataset()
    for number in range(draw(st.integers(1, 6))):
        dims = draw(st.lists(st.sampled_from(sorted(sizes)), unique=True))
        kind = draw(st.sampled_from(KINDS))
        data[f"v{number}"] = dims, values(generator, kind, [sizes[dim] for dim in dims])
        data[f"v{number}"].attrs = {"unit": "spikes", "of": [1.5, 2.0], "level": 3}
    for dim in data.sizes:
        if draw(st.booleans()):
            data[dim] = dim, values(generator, draw(st.sampled_from(["f8", "U"])), sizes[dim])
    data.attrs = {"words": ["a", "\u00e9"], "nothing": "", "share": 0.5, "text": "\u03b4"}
    return data.set_coords([name for name in data.data_vars if draw(st.booleans())])


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("netcdf") / "data.nc"


@given(data=datasets())
@settings(max_examples=40)
def test_other_libraries_read_what_was_written(data, path):
    path.write_bytes(netcdf_bytes(data))
    for engine in ("h5netcdf", "netcdf4"):
        found = xr.load_dataset(path, engine=engine)
        xr.testing.assert_identical(found, data)
        for name, one in data.variables.items():
            assert one.dtype.kind == "U" or found[name].dtype == one.dtype
    with netCDF4.Dataset(path) as read:
        assert list(read.dimensions) == sorted(data.sizes)
        assert {name: len(one) for name, one in read.dimensions.items()} == dict(data.sizes)
        assert set(read.variables) == set(data.variables)


def test_the_order_in_which_coordinates_were_made_does_not_matter():
    data = xr.Dataset({"a": (("x", "y"), np.eye(2)), "b": ("y", np.ones(2), {"units": "spikes"})})
    labels = {
        "x": ("x", [1, 2], {"long_name": "electrode"}),
        "y": ("y", [3, 4], {"long_name": "a session of trials", "units": "1"}),
        "z": ("x", ["p", "q"], {"comment": "what it is called"}),
        "w": ("y", [0.5, 1.5], {"units": "s", "long_name": "onset"}),
    }
    written = {
        netcdf_bytes(data.assign_coords({name: labels[name] for name in order}))
        for order in permutations(labels)
    }
    assert len(written) == 1
    assert netcdf_bytes(data.assign_coords(labels).isel(x=[1, 0])) not in written


def test_a_file_does_not_say_when_it_was_written():
    data = xr.Dataset({"v": ("a", np.arange(3.0))}, attrs={"of": "today"})
    first = netcdf_bytes(data)
    time.sleep(1.1)
    assert netcdf_bytes(data) == first


def test_how_a_dataset_was_stored_before_does_not_matter(tmp_path):
    data = xr.Dataset({"v": ("a", [1.0, np.nan]), "text": ("a", ["x", ""])}, attrs={"k": 1})
    data.to_netcdf(tmp_path / "other.nc", engine="netcdf4")
    again = xr.load_dataset(tmp_path / "other.nc", engine="netcdf4")
    written = netcdf_bytes(again)
    (tmp_path / "own.nc").write_bytes(written)
    assert netcdf_bytes(xr.load_dataset(tmp_path / "own.nc", engine="h5netcdf")) == written


def test_scales_of_many_variables_with_many_attributes(tmp_path):
    """HDF5 fails where what is attached to a scale changes beside more than eight attributes."""
    data = xr.Dataset({f"v{number}": ("a", np.ones(2)) for number in range(30)})
    data = data.assign_coords(a=("a", [1, 2], {f"note {number}": "x" for number in range(12)}))
    (tmp_path / "many.nc").write_bytes(netcdf_bytes(data))
    xr.testing.assert_identical(xr.load_dataset(tmp_path / "many.nc", engine="netcdf4"), data)


def test_labels_without_variables_are_read_again(tmp_path):
    data = xr.Dataset(coords={"a": ("a", [3, 5], {"unit": "s"})})
    (tmp_path / "labels.nc").write_bytes(netcdf_bytes(data))
    for engine in ("h5netcdf", "netcdf4"):
        xr.testing.assert_identical(xr.load_dataset(tmp_path / "labels.nc", engine=engine), data)


def test_gaps_are_marked_as_netcdf_marks_them(tmp_path):
    (tmp_path / "gap.nc").write_bytes(netcdf_bytes(xr.Dataset({"v": ("a", [1.0, np.nan])})))
    with netCDF4.Dataset(tmp_path / "gap.nc") as read:
        assert read["v"][:].mask.tolist() == [False, True]
    with h5py.File(tmp_path / "gap.nc") as read:
        stored, scale = read["v"], read["a"]
        assert isinstance(stored, h5py.Dataset)
        assert np.isnan(stored.fillvalue)
        assert isinstance(scale, h5py.Dataset)
        assert scale.is_scale
        marked = b"This is a netCDF dimension but not a netCDF variable.         2"
        assert scale.attrs["NAME"] == marked
