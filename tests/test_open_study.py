"""A study read as one: lazily, to the bit, whatever its recordings differ in."""

import gc
import shutil
import sys
from contextlib import contextmanager

import dask.array
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import canonica
from canonica import CanonicaError, RecordingError
from canonica.pipelines import open_study
from canonica.pipelines.conditions import _study, _study_cultures
from canonica.pipelines.conditions._study_store import ENDINGS
from canonica.pipelines.executors._executor import in_order
from canonica.pipelines.results._results_files import write_netcdf
from canonica.recordings import Reading
from canonica.reverse_engineering import EnsembleResponse


@pytest.fixture
def results(study_folder, studied, tmp_path):
    """Return a copy of the results of a study, to be changed."""
    assert studied.files
    return shutil.copytree(study_folder / "out", tmp_path / "out")


def of_each(folder, part):
    names = pd.read_parquet(folder / "cultures.parquet")["name"]
    return {
        name: xr.load_dataset(folder / f"{name}.{ENDINGS[part]}", engine="h5netcdf")
        for name in names
    }


@pytest.mark.parametrize("part", ENDINGS)
def test_it_is_what_the_files_hold_and_reads_it_when_it_is_asked_for(results, part):
    opened, files = open_study(results, part), of_each(results, part)
    assert opened.recording.to_numpy().tolist() == list(files)
    for name, one in files.items():
        own = opened.sel(recording=name)
        assert set(own.data_vars) == set(one.variables) - set(one.indexes)
        for variable in own.data_vars:
            assert isinstance(opened[variable].data, dask.array.Array)
            read = own[variable].compute()
            assert read.dtype == one[variable].dtype
            assert read.dims == one[variable].dims
            np.testing.assert_array_equal(read, one[variable])
            assert opened[variable].data.numblocks[0] == len(files)
        for label, index in one.indexes.items():
            assert own[label].dtype == one[label].dtype
            assert own.indexes[label].equals(index)
    first, *others = (one.attrs for one in files.values())
    common = {
        name: value
        for name, value in first.items()
        if all(other.get(name) == value for other in others)
    }
    assert opened.attrs == common
    assert {"study_part", "initial_sessions"} <= common.keys()


def test_it_says_what_the_table_says(results):
    opened = open_study(results)
    assert opened.condition.to_numpy().tolist() == ['<b>x</b>&"', '<b>x</b>&"', "=drug"]
    assert opened.animal.to_numpy().tolist() == ["rat 1", "rat 2", "rat 3"]
    assert "plate" not in opened.coords
    by_condition = opened.free_energy.groupby("condition").mean("recording").compute()
    assert by_condition.sizes == {"condition": 2, "session": 15}


def test_what_a_recording_lacks_is_missing_in_it_alone(results):
    path = results / "ctrl-2.nc"
    whole = xr.load_dataset(path, engine="h5netcdf")
    later = whole.isel(session=slice(2, None), electrode=slice(None, -1))
    later = later.assign_coords(session=later.session + 5).drop_vars("distance_to_ideal")
    write_netcdf(later, path)
    opened, first = open_study(results), of_each(results, "analysis")["ctrl-1"]
    assert opened.session.to_numpy().tolist() == list(range(1, 21))
    own = opened.sel(recording="ctrl-2").compute()
    assert np.isnan(own.distance_to_ideal).all()
    assert np.isnan(own.free_energy.sel(session=slice(None, 7))).all()
    np.testing.assert_array_equal(own.free_energy.sel(session=later.session), later.free_energy)
    assert np.isnan(own.electrode_ensemble[-1])
    assert opened.electrode_ensemble.dtype == own.electrode_ensemble.dtype == float
    np.testing.assert_array_equal(own.electrode_ensemble[:-1], later.electrode_ensemble)
    other = opened.sel(recording="ctrl-1", session=first.session).compute()
    np.testing.assert_array_equal(other.free_energy, first.free_energy)
    np.testing.assert_array_equal(other.distance_to_ideal, first.distance_to_ideal)


def test_what_is_no_study_is_refused(results, tmp_path):
    with pytest.raises(CanonicaError, match="folder: found no results of a study"):
        open_study(tmp_path)
    (results / "drug.nc").write_bytes(b"no more")
    with pytest.raises(CanonicaError, match="that can be read"):
        open_study(results)
    assert open_study(results, "scores").sizes["recording"] == 3
    with pytest.raises(CanonicaError, match="part: found"):
        open_study(results, "all")


def test_without_dask_it_says_what_to_install(results, monkeypatch):
    monkeypatch.setitem(sys.modules, "dask.array", None)
    with pytest.raises(CanonicaError, match=r"canonica\[cluster\]"):
        open_study(results)


@pytest.mark.thorough
def test_a_study_holds_no_more_ensembles_than_are_at_work(study_folder, tmp_path, monkeypatch):
    made, held, aside = _study_cultures.culture_parts, [], []

    def watched(*given):
        held.append(sum(isinstance(one, EnsembleResponse) for one in gc.get_objects()))
        aside.append(list(tmp_path.rglob("*.npz")))
        return made(*given)

    monkeypatch.setattr(_study_cultures, "culture_parts", watched)
    gc.collect()
    before = sum(isinstance(one, EnsembleResponse) for one in gc.get_objects())
    reading = Reading(trials_per_session=64)
    canonica.study(study_folder / "study.csv", tmp_path, model="ridge", reading=reading)
    assert max(held) - before <= 4  # two of the recording at work, two of the one before
    assert [len(one) for one in aside] == [3, 3, 3]
    assert not list(tmp_path.rglob("*.npz"))
    assert not list(tmp_path.glob(".canonica-*"))


@pytest.mark.slow
def test_what_fails_is_listed_in_the_order_of_the_table(study_folder, tmp_path, monkeypatch):
    made = _study_cultures.culture_parts

    def failing(ensembles, *given):
        name = ensembles.published.attrs["name"]
        if name != "ctrl-2":
            parts = {"found": "nothing", "expected": "something", "advice": "Wait."}
            raise RecordingError(name, None, **parts)
        return made(ensembles, *given)

    def last_first(calls):
        return reversed(list(in_order(calls)))

    @contextmanager
    def opened(_):
        yield last_first

    monkeypatch.setattr(_study_cultures, "culture_parts", failing)
    monkeypatch.setattr(_study, "opened_executor", opened)
    reading = Reading(trials_per_session=64)
    found = canonica.study(study_folder / "study.csv", tmp_path, model="ridge", reading=reading)
    assert found.table["name"].tolist() == ["ctrl-2"]
    assert [one.source for one in found.failures[1:]] == ["ctrl-1", "drug"]
