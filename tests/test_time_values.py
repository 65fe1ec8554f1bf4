"""Times with a unit, a mask, an index or values of their own: right, or one clear error at once."""

import neo
import numpy as np
import pandas as pd
import pytest
import quantities as pq
import xarray as xr

from canonica import RecordingError, from_spikes
from canonica.recordings import recording
from recording_files import ELECTRODES, world


class Timed:
    """What stands for a class of another package: see `standing_for`."""

    def __init__(self, t=(), d=()):
        self.t, self.d = np.array(t, float), np.array(d, float)

    def __len__(self):
        return len(self.t)

    def __getitem__(self, key):
        return type(self)(np.atleast_1d(self.t[key]))  # as in pynapple: never a number

    def __array__(self, *_args, **_kwargs):
        return self.d


def standing_for(module, name, bases=(Timed,), **members):
    """Return a class as that package has it, as far as it is looked at."""
    return type(name, bases, {"__module__": module, **members})


Ts = standing_for("pynapple.core.time_series", "Ts")
Tsd = standing_for("pynapple.core.time_series", "Tsd")
TsGroup = standing_for("pynapple.core.ts_group", "TsGroup", (dict,))
Intervals = standing_for("pynapple.core.interval_set", "IntervalSet", (), start=np.arange(3.0))
Second = standing_for("pint.registry", "Quantity", (), to=lambda self, _: self)
Second.magnitude = np.array([1.02])


@pytest.fixture
def culture():
    return world()


def counted(culture, times, channels=None, **changes):
    stimuli = culture.stimuli
    trials = {
        "onsets": stimuli["onset"].to_numpy(),
        "stimuli": stimuli.filter(like="input").to_numpy(),
        "session": stimuli["session"].to_numpy(),
    }
    return from_spikes(times, channels, **(trials | changes))["responses"].to_numpy()


def trains(culture):
    spikes = culture.spikes
    return [
        spikes["time"][spikes["channel"] == channel].to_numpy()
        for channel in range(1, ELECTRODES + 1)
    ]


def ways(ts, tsd, group, times, amplitudes):
    """Return the same spike trains in each form, with amplitudes and without."""
    return [
        [ts(train) for train in times],
        [tsd(train, d) for train, d in zip(times, amplitudes, strict=True)],
        {n: ts(train) for n, train in enumerate(times)},
        group({n: ts(train) for n, train in enumerate(times)}),
        group({n: tsd(t, d) for n, (t, d) in enumerate(zip(times, amplitudes, strict=True))}),
    ]


def check_ways(culture, ts, tsd, group, generator):
    times = trains(culture)
    amplitudes = [generator.uniform(5, 800, len(train)) for train in times]
    for way in ways(ts, tsd, group, times, amplitudes):
        np.testing.assert_array_equal(counted(culture, way), culture.responses)
    every, channels = culture.spikes["time"].to_numpy(), culture.spikes["channel"].to_numpy()
    onsets = culture.stimuli["onset"].to_numpy()
    series = tsd(every, np.ones(len(every)))
    found = counted(culture, series, channels, onsets=tsd(onsets, np.zeros(len(onsets))))
    np.testing.assert_array_equal(found, culture.responses)
    alone = counted(culture, ts(times[0]))
    np.testing.assert_array_equal(alone[:, 0], culture.responses[:, 0])
    with pytest.raises(RecordingError, match="Tsd; expected a TsGroup or a Ts"):
        counted(culture, series)


def test_the_times_of_series_with_values_count(culture, generator):
    check_ways(culture, Ts, Tsd, TsGroup, generator)
    only = culture.stimuli.iloc[:3]
    found = from_spikes(
        [[1.02]], onsets=Intervals(), stimuli=only.filter(like="input"), session=[1, 1, 1]
    )
    assert found["onset"].to_numpy().tolist() == [0, 1, 2]


def test_pynapple_itself(culture, generator):
    nap = pytest.importorskip("pynapple")
    check_ways(culture, nap.Ts, nap.Tsd, nap.TsGroup, generator)
    onsets = culture.stimuli["onset"].to_numpy()
    intervals = nap.IntervalSet(onsets, onsets + 0.4)
    found = counted(culture, trains(culture), onsets=intervals)
    np.testing.assert_array_equal(found, culture.responses)


def masked(values, where=3):
    found = np.ma.masked_array(values)
    found[where] = np.ma.masked
    return found


def test_what_is_masked_is_refused_and_what_is_not_counts(culture):
    times = trains(culture)
    whole = [np.ma.masked_array(train) for train in times]
    np.testing.assert_array_equal(counted(culture, whole), culture.responses)
    every, channels = culture.spikes["time"].to_numpy(), culture.spikes["channel"].to_numpy()
    stimuli = culture.stimuli
    for give in (
        lambda: counted(culture, [masked(times[0]), *times[1:]]),
        lambda: counted(culture, masked(every), channels),
        lambda: counted(culture, every, masked(channels)),
        lambda: counted(culture, times, onsets=masked(stimuli["onset"].to_numpy())),
        lambda: counted(culture, times, session=masked(stimuli["session"].to_numpy())),
        lambda: recording(masked(culture.responses), culture.responses > 0, session=1),
    ):
        with pytest.raises(RecordingError, match="masked array with (1|12) of"):
            give()


@pytest.mark.parametrize(
    "change",
    [
        pd.Series,
        lambda train: pd.Series(train, index=np.arange(len(train))[::-1]),
        lambda train: xr.DataArray(train, dims="spike"),
        lambda train: xr.DataArray(train, dims="t", coords={"t": train}, name="t"),
        lambda train: (train * 1e9).round().astype("timedelta64[ns]"),
        lambda train: pd.to_timedelta(train, unit="s"),
        pd.Index,
        lambda train: train * 1000 * pq.ms,
        lambda train: neo.SpikeTrain(train * pq.s, t_stop=1e6),
    ],
)
def test_times_that_say_what_they_are(culture, change):
    found = counted(culture, {n: change(train) for n, train in enumerate(trains(culture))})
    np.testing.assert_array_equal(found, culture.responses)


@pytest.mark.parametrize(
    "change",
    [
        lambda train: pd.Series(np.ones(len(train)), index=train),
        lambda train: pd.Series(np.ones(len(train)), index=pd.to_timedelta(train, unit="s")),
        lambda train: xr.DataArray(np.ones(len(train)), dims="t", coords={"t": train}),
    ],
)
def test_values_with_an_index_of_times_are_refused(culture, change):
    times = trains(culture)
    for give in (
        lambda: counted(culture, [change(train) for train in times]),
        lambda: counted(culture, times, onsets=change(culture.stimuli["onset"].to_numpy())),
        lambda: counted(culture, change(times[0]), np.ones(len(times[0]))),
    ):
        with pytest.raises(RecordingError, match="of times beside its values"):
            give()


def test_onsets_of_a_recording_are_taken_again(culture):
    times = trains(culture)
    stimuli = culture.stimuli.filter(like="input")
    one = from_spikes(times, onsets=culture.stimuli["onset"], stimuli=stimuli, session_gap=9.0)
    np.testing.assert_array_equal(counted(culture, times, onsets=one["onset"]), culture.responses)


def test_units_of_several_packages():
    trials = {"onsets": [1.0], "stimuli": [[1]], "session": [1]}
    assert from_spikes([Second()], **trials)["responses"].to_numpy().tolist() == [[1]]
    with pytest.raises(RecordingError, match="a unit each"):
        from_spikes([[1020 * pq.ms, 1.021 * pq.s]], **trials)


@pytest.mark.parametrize("package", ["pint", "astropy.units"])
def test_units_of_the_packages_themselves(package):
    units = pytest.importorskip(package)
    second = units.UnitRegistry().second if package == "pint" else units.s
    volt = units.UnitRegistry().volt if package == "pint" else units.V
    trials = {"onsets": [1.0], "stimuli": [[1]], "session": [1]}
    found = from_spikes([np.array([1.02]) * 60 * second / 60], **trials)
    assert found["responses"].to_numpy().tolist() == [[1]]
    with pytest.raises(RecordingError, match="expected times"):
        from_spikes([np.array([1.02]) * volt], **trials)
