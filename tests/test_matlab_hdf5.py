"""MATLAB 7.3: read as the same file of version 5 is, and refused as clearly."""

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canonica import RecordingError
from canonica.recordings import Reading, recording, write_matlab
from canonica.recordings.matlab import _matlab_5, _matlab_7_3

TRIALS, ELECTRODES, INPUTS, SOURCES = 12, 4, 5, 2
HEADER = (
    b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Mon Jan  1 00:00:00 2024 HDF5 schema "
    b"1.00 ."
)
READING = Reading(trials_per_session=6)


def fields(generator, *, trials=TRIALS):
    """Return one culture as the published files have it."""
    return {
        "s": generator.integers(0, 2, (trials, SOURCES)).astype(np.uint8),
        "o": generator.integers(0, 2, (trials, INPUTS)).astype(np.uint8),
        "r": generator.poisson(3, (trials, ELECTRODES)).astype(np.uint8),
    }


class Writer:
    """Puts variables into a file as MATLAB's save(file, ..., '-v7.3') does."""

    def __init__(self, file, **storage):
        self.file = file
        self.storage = storage
        self.referred = file.create_group("#refs#")
        self.referred.create_dataset("a", data=np.zeros(2, np.uint64))
        self.referred["a"].attrs.update(MATLAB_class=np.bytes_("canonical empty"), MATLAB_empty=1)

    def matrix(self, group, name, values):
        """Write a matrix transposed, or, of an empty one, its shape."""
        values = np.asarray(values)
        kind = {"float64": "double", "float32": "single", "bool": "logical"}
        kind = kind.get(values.dtype.name, values.dtype.name)
        if values.size:
            stored = values.T.astype(np.uint8) if kind == "logical" else values.T
            item = group.create_dataset(name, data=stored, **self.storage)
        else:
            item = group.create_dataset(name, data=np.array(values.shape, np.uint64))
            item.attrs["MATLAB_empty"] = np.uint8(1)
        item.attrs["MATLAB_class"] = np.bytes_(kind)
        if kind == "logical":
            item.attrs["MATLAB_int_decode"] = np.int32(1)
        return item

    def struct(self, group, name, culture):
        made = group.create_group(name)
        made.attrs["MATLAB_class"] = np.bytes_("struct")
        for field, values in culture.items():
            self.matrix(made, field, values)
        return made

    def refer(self, write, value):
        return write(self.referred, f"b{len(self.referred)}", value).ref

    def cells(self, group, name, references, kind="cell"):
        """Write a column of cells."""
        item = group.create_dataset(name, (1, len(references)), h5py.ref_dtype)
        item[0] = references
        if kind:
            item.attrs["MATLAB_class"] = np.bytes_(kind)
        return item

    def cultures(self, name, cultures):
        return self.cells(self.file, name, [self.refer(self.struct, one) for one in cultures])


def saved(path, write, **storage):
    """Write a file, with the text of 512 bytes that MATLAB begins it with."""
    with h5py.File(path, "w", userblock_size=512) as file:
        write(Writer(file, **storage))
    with path.open("r+b") as file:
        file.write(HEADER.ljust(116) + bytes(8) + b"\x00\x02IM")
    return path


def two(writer):
    generator = np.random.default_rng(0)
    writer.cultures("data_test", [fields(generator), fields(generator, trials=24)])


def read(path, reading=READING):
    return list(_matlab_7_3.read(path, reading))


def only_error(path, reading=READING):
    """Return what is said of the one culture in a file, or of the file."""
    try:
        (one,) = _matlab_7_3.read(path, reading)
    except RecordingError as error:
        return str(error)
    assert isinstance(one, RecordingError), "it was read"
    return str(one)


@pytest.mark.parametrize("storage", [{}, {"compression": "gzip", "chunks": True}])
def test_reads_what_version_5_reads(tmp_path, storage):
    path = saved(tmp_path / "two.mat", two, **storage)
    assert _matlab_7_3.recognises(path)
    assert not _matlab_5.recognises(path)
    generator = np.random.default_rng(0)
    wanted = [fields(generator), fields(generator, trials=24)]
    write_matlab(
        tmp_path / "five.mat",
        [recording(one["r"], one["o"], one["s"], session=6, condition="test") for one in wanted],
    )
    found = read(path)
    for one, other in zip(found, _matlab_5.read(tmp_path / "five.mat", READING), strict=True):
        assert one.drop_attrs(deep=False).identical(other.drop_attrs(deep=False))
        assert one.attrs["reading"] == other.attrs["reading"]
    np.testing.assert_array_equal(found[1]["responses"], wanted[1]["r"])
    assert [one.attrs["name"] for one in found] == ["two-1", "two-2"]
    assert found[1].attrs["condition"] == "test"
    assert found[1].attrs["origin"] == f"{path}:data_test{{2}}"
    assert found[1].attrs["input_file"] == str(path)
    assert len(found[1].attrs["input_sha256"]) == 64
    assert "6 trials" in found[0].attrs["reading"]


@pytest.mark.parametrize("kind", ["float64", "float32", "int32", "uint16", "bool"])
def test_any_numbers(tmp_path, generator, kind):
    culture = fields(generator)
    culture = {"o": culture["o"].astype(kind), "s": culture["s"].astype(kind), "r": culture["r"]}
    (one,) = read(saved(tmp_path / "x.mat", lambda writer: writer.cultures("data_x", [culture])))
    assert one["stimuli"].dtype == np.float64
    np.testing.assert_array_equal(one["stimuli"], culture["o"])


def test_a_struct_will_do(tmp_path, generator):
    culture = fields(generator)
    path = saved(tmp_path / "one.mat", lambda writer: writer.struct(writer.file, "slice", culture))
    (one,) = read(path)
    assert one.attrs["condition"] == "slice"
    assert one.attrs["name"] == "one"
    np.testing.assert_array_equal(one["responses"], culture["r"])


def test_an_array_of_structs_will_do(tmp_path, generator):
    cultures = [fields(generator) for _ in range(3)]

    def write(writer):
        made = writer.file.create_group("data_array")
        made.attrs["MATLAB_class"] = np.bytes_("struct")
        for field in cultures[0]:
            references = [writer.refer(writer.matrix, one[field]) for one in cultures]
            writer.cells(made, field, references, kind=None)

    found = read(saved(tmp_path / "array.mat", write))
    for one, culture in zip(found, cultures, strict=True):
        np.testing.assert_array_equal(one["sources"], culture["s"])


def test_several_variables_and_others_beside_them(tmp_path, generator):
    def write(writer):
        writer.cultures("data_a", [fields(generator), fields(generator)])
        writer.cultures("data_b", [fields(generator)])
        writer.matrix(writer.file, "data_rate", np.array([[256.0]]))
        writer.matrix(writer.file, "note", np.array([[104, 105]], np.uint16))
        writer.cells(writer.file, "others", [writer.refer(writer.matrix, np.ones((2, 2)))])
        writer.file.create_group("#subsystem#")

    found = read(saved(tmp_path / "more.mat", write))
    assert [one.attrs["condition"] for one in found] == ["a", "a", "b"]
    assert {
        one.attrs["condition"]
        for one in read(tmp_path / "more.mat", Reading(trials_per_session=6, condition="mine"))
    } == {"mine"}


def test_one_broken_culture_does_not_hide_the_others(tmp_path, generator):
    bad = fields(generator)
    bad["o"] = bad["o"] + 1
    cultures = [fields(generator), bad, fields(generator)]
    found = read(saved(tmp_path / "x.mat", lambda writer: writer.cultures("data_x", cultures)))
    assert [isinstance(one, RecordingError) for one in found] == [False, True, False]
    assert "data_x{2}" in str(found[1])


def one_with(change):
    """Return what writes a file with one culture, changed as a struct in the file."""

    def write(writer):
        culture = writer.cultures("data_x", [fields(np.random.default_rng(0))])
        change(writer, writer.file[culture[0, 0]])

    return write


def with_field(name, values):
    def change(writer, struct):
        del struct[name]
        writer.matrix(struct, name, values)

    return one_with(change)


def as_text(_, struct):
    struct["r"].attrs["MATLAB_class"] = np.bytes_("char")


def as_sparse(_, struct):
    del struct["o"]
    struct.create_group("o").attrs["MATLAB_sparse"] = np.uint64(12)


def as_complex(_, struct):
    del struct["r"]
    struct["r"] = np.zeros((4, 12), [("real", float), ("imag", float)])


def as_cell(writer, struct):
    del struct["r"]
    writer.cells(struct, "r", [writer.refer(writer.matrix, np.ones((12, 4)))])


def as_struct(_, struct):
    del struct["s"]
    struct["s"] = struct


def without_r(_, struct):
    del struct["r"]


def elsewhere(_, struct):
    del struct["r"]
    struct["r"] = h5py.ExternalLink("other.mat", "/secret")


def stored_elsewhere(_, struct):
    del struct["r"]
    struct.create_dataset("r", (4, 12), "u1", external=[("other.bin", 0, 48)])


def virtual(_, struct):
    del struct["r"]
    layout = h5py.VirtualLayout((4, 12), "u1")
    layout[:] = h5py.VirtualSource("other.mat", "secret", (4, 12))
    struct.create_virtual_dataset("r", layout)


def huge(_, struct):
    del struct["r"]
    struct.create_dataset("r", (1 << 20, 1 << 20), "u1", chunks=(1 << 10, 1 << 10))


def huge_cell(writer):
    writer.file.create_dataset("data_x", (1, 1 << 40), h5py.ref_dtype, chunks=(1, 1 << 10))


def circular(writer):
    cells = writer.cells(writer.file, "data_x", [writer.referred.ref])
    cells[0, 0] = cells.ref


def null(writer):
    writer.cells(writer.file, "data_x", [h5py.Reference()])


def a_matrix_in_a_cell(writer):
    writer.cells(writer.file, "data_x", [writer.refer(writer.matrix, np.ones((2, 2)))])


def no_cells(writer):
    writer.matrix(writer.file, "data_x", np.ones((3, 3)))


def empty_cell(writer):
    writer.matrix(writer.file, "data_x", np.zeros((0, 0)))


def nothing(writer):
    pass


def wrong_names(writer):
    writer.struct(writer.file, "mine", {"spikes": np.ones((3, 3))})


HOSTILE = {
    "stimulus of 2": (with_field("o", np.full((12, 5), 2)), ["stimuli", "2 in trial 1", "0 and 1"]),
    "NaN response": (with_field("r", np.full((12, 4), np.nan)), ["responses", "nan"]),
    "negative response": (with_field("r", np.full((12, 4), -1)), ["responses", "-1", ">= 0"]),
    "transposed": (with_field("o", np.zeros((5, 12))), ["stimuli 5", "same number"]),
    "three axes": (with_field("r", np.zeros((12, 4, 2))), ["responses", "(12, 4, 2)"]),
    "13 trials": (
        lambda writer: writer.cultures("data_x", [fields(np.random.default_rng(0), trials=13)]),
        ["13 trials", "multiple of 6"],
    ),
    "empty": (with_field("r", np.zeros((12, 0))), ["responses", "at least one"]),
    "text": (one_with(as_text), ["responses", "class char"]),
    "sparse": (one_with(as_sparse), ["stimuli", "sparse", "full(x)"]),
    "complex": (one_with(as_complex), ["responses", "complex"]),
    "cell for matrix": (one_with(as_cell), ["responses", "a cell array"]),
    "struct within itself": (one_with(as_struct), ["sources", "a struct"]),
    "missing r": (one_with(without_r), ["data_x{1}", "fields o, s", "Missing here: r"]),
    "link to another file": (one_with(elsewhere), ["responses", "not in this file"]),
    "stored in another file": (one_with(stored_elsewhere), ["responses", "not in this file"]),
    "virtual": (one_with(virtual), ["responses", "not in this file"]),
    "huge matrix": (one_with(huge), ["responses", "a claim of 8,796,093,022,208 bytes"]),
    "huge cell array": (huge_cell, ["data_x", "a claim of"]),
    "cell within itself": (circular, ["data_x{1}", "no struct"]),
    "reference to nothing": (null, ["data_x{1}", "no struct"]),
    "matrix in a cell": (a_matrix_in_a_cell, ["data_x{1}", "no struct"]),
    "no cells": (no_cells, ["variables: data_x", "data_<condition>"]),
    "empty cell": (empty_cell, ["variables: data_x"]),
    "no variables": (nothing, ["variables: none"]),
    "other names": (wrong_names, ["variables: mine"]),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_wrong_is_said(tmp_path, case):
    write, words = HOSTILE[case]
    path = saved(tmp_path / "broken.mat", write)
    message = only_error(path)
    for word in (str(path), *words, "found", "expected"):
        assert word in message, message
    assert "\n" not in message


def test_a_broken_reference_is_an_error(tmp_path):
    """The cell array refers to an address that holds no object."""
    path = saved(tmp_path / "x.mat", two)
    with h5py.File(path, "r+") as file:
        cells = file["data_test"]
        place = cells.id.get_offset()
    with path.open("r+b") as file:
        file.seek(place)
        file.write(b"\x13" * 8)
    first, second = read(path)
    assert "cut short or damaged" in str(first)
    assert second.sizes["trial"] == 24


@pytest.mark.parametrize("size", [19, 300, 512, 600, 2000])
def test_a_file_cut_short_is_an_error(tmp_path, size):
    path = saved(tmp_path / "x.mat", two)
    path.write_bytes(path.read_bytes()[:size])
    assert _matlab_7_3.recognises(path)
    assert "cut short or damaged" in only_error(path)


def test_other_hdf5_is_not_claimed(tmp_path):
    """NWB and NetCDF are HDF5 too."""
    path = tmp_path / "x.nwb"
    with h5py.File(path, "w") as file:
        file.attrs["nwb_version"] = "2.8.0"
        file["data_x"] = 1
    assert not _matlab_7_3.recognises(path)
    with h5py.File(path, "w", userblock_size=512) as file:
        file["data_x"] = 1
    assert not _matlab_7_3.recognises(path)
    path.write_bytes(b"")
    assert not _matlab_7_3.recognises(path)


@pytest.fixture(scope="module", params=[{}, {"compression": "gzip"}], ids=["plain", "compressed"])
def content(request, tmp_path_factory):
    path = saved(tmp_path_factory.mktemp("fuzz") / "two.mat", two, **request.param)
    return path.read_bytes()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_is_in_the_file_only_our_error_comes_out(tmp_path, content, data):
    """Cut and overwritten anywhere."""
    changed = bytearray(content)
    for _ in range(data.draw(st.integers(0, 4))):
        changed[data.draw(st.integers(512, len(content) - 1))] = data.draw(st.integers(0, 255))
    kept = data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))
    path = tmp_path / "fuzzed.mat"
    path.write_bytes(bytes(changed[:kept]))
    try:
        found = read(path)
    except RecordingError:
        found = []
    for one in found:
        if not isinstance(one, RecordingError):
            assert np.isfinite(one["responses"]).all()
