"""A simulated culture: its spikes are as they should be, and its truth is true."""

import jax.numpy as jnp
import numpy as np
import pytest
from typer.testing import CliRunner

import canonica
from canonica.cli import app
from canonica.model import CanonicalNetwork
from canonica.recordings import read
from canonica.report import culture_figure, write_figure
from canonica.reverse_engineering import electrode_statistics
from canonica.simulate import culture, spike_trains
from canonica.simulate._spiking import (
    ARTEFACT,
    LATE,
    REFRACTORY,
    RESPONSE,
    SAMPLES_PER_SECOND,
    drawn_counts,
    evoked_spikes,
    spontaneous_spikes,
)

SMALL = {"sessions": 6, "trials_per_session": 64}
LONG = {"sessions": 60, "trials_per_session": 128}  # few sizes: each has to be compiled
DEAD_TIME = REFRACTORY / SAMPLES_PER_SECOND
SPANS = [ARTEFACT, RESPONSE, LATE]


@pytest.fixture(scope="module")
def trains():
    return spike_trains(1, **SMALL, dead=3)


@pytest.fixture(scope="module")
def long():
    return culture(2, **LONG)


def onset_before(trains, times):
    """Return the time of each spike since the last stimulus, for those after the first."""
    times = times[times >= trains.onsets[0]]
    return times - trains.onsets[np.searchsorted(trains.onsets, times, side="right") - 1]


@pytest.mark.parametrize("span", SPANS)
def test_evoked_spikes_are_as_many_as_drawn_and_apart(generator, span):
    onsets = np.arange(1, 401) * SAMPLES_PER_SECOND
    counts = generator.integers(0, span.capacity + 1, 400)
    counts[:2] = 0, span.capacity
    found = evoked_spikes(generator, onsets, counts, span)
    trial = np.searchsorted(onsets, found, side="right") - 1
    np.testing.assert_array_equal(np.bincount(trial, minlength=400), counts)
    after = found - onsets[trial]
    assert span.start <= after.min() <= after.max() <= span.stop
    assert np.diff(found).min() >= REFRACTORY


def test_spans_leave_room_between_them():
    for before, after in ((ARTEFACT, RESPONSE), (RESPONSE, LATE)):
        assert after.start - before.stop >= REFRACTORY
    in_seconds = np.array(RESPONSE[:2]) / SAMPLES_PER_SECOND
    assert 0.010 < in_seconds[0] < in_seconds[1] < 0.030
    assert ARTEFACT.stop < 0.010 * SAMPLES_PER_SECOND


def test_counts_have_their_expectation_and_little_else(generator):
    expected = np.full(20000, 3.3)
    counts = drawn_counts(generator, expected, RESPONSE)
    assert set(counts) == {3, 4}
    assert abs(counts.mean() - 3.3) < 5 * np.sqrt(0.21 / 20000)
    assert drawn_counts(generator, np.full(5, 99.0), RESPONSE).max() == RESPONSE.capacity


@pytest.mark.parametrize("rate", [0.5, 20.0, 500.0])
def test_spontaneous_spikes_come_at_their_rate(generator, rate):
    onsets = np.arange(100, 200) * SAMPLES_PER_SECOND
    stop = 400 * SAMPLES_PER_SECOND
    found = spontaneous_spikes(generator, rate, onsets, stop)
    free = 400 - 100 * (LATE.stop + 2 * REFRACTORY) / SAMPLES_PER_SECOND
    assert abs(len(found) / free - rate) < 5 * np.sqrt(rate / free) + 0.01 * rate
    assert np.diff(found).min() >= REFRACTORY
    assert found[-1] < stop


def test_nothing_fires_spontaneously_at_no_rate(generator):
    assert not len(spontaneous_spikes(generator, 0.0, np.array([100]), 1000))


def test_no_two_spikes_of_an_electrode_are_closer_than_the_dead_time(trains):
    for times in trains:
        assert (np.diff(times) > DEAD_TIME - 1e-9).all()
    assert np.concatenate([np.diff(times) for times in trains]).min() < 1.5 * DEAD_TIME


def test_artefacts_come_before_responses_and_with_stimuli_alone(trains):
    after = np.concatenate([onset_before(trains, times) for times in trains])
    early = after < 0.010
    assert early.sum() > 1000
    assert after[early].min() > 0.0005 - 1e-9
    assert after[early].max() < 0.005 + 1e-9
    unstimulated = trains.onsets[trains.stimuli.sum(axis=1) == 0]
    assert len(unstimulated) > 50
    for onset in unstimulated:
        for times in trains:
            begin, end = np.searchsorted(times, [onset, onset + 0.010])
            assert begin == end


def test_stimuli_come_once_a_second_with_a_pause_between_sessions(trains):
    steps = np.diff(trains.onsets)
    within = np.diff(trains.session) == 0
    np.testing.assert_allclose(steps[within], 1.0)
    np.testing.assert_allclose(steps[~within], 245.0)


def test_responses_are_expected_from_the_truth(long):
    """Gains, fields, preferences and beliefs, as documented, make the mean responses."""
    truth, stimuli = long, long["stimuli"].to_numpy()
    k = truth["true_excitability"].to_numpy()
    near = stimuli @ truth["true_receptive_field"].to_numpy().T
    drive = np.expm1(-k * near) / np.expm1(-k)
    belief = truth["true_posterior"].to_numpy() @ truth["true_preference"].to_numpy().T
    share = long.attrs["simulated_direct"]
    gain = truth["true_gain"].to_numpy() * truth["true_drift"].to_numpy()[long["session"] - 1]
    expected = gain * (share * drive + (1 - share) * belief)
    expected += truth["true_baseline"].to_numpy() * 0.0192
    found = long["responses"].to_numpy()
    fits = gain.max(axis=0) < 0.5 * RESPONSE.capacity  # others are cut at times
    assert fits.sum() > 50
    error = np.sqrt((0.045 * expected**2 + 0.25).mean(axis=0) / len(found))
    together = 0.05 * np.sqrt((expected**2).mean(axis=0) / len(found))
    deviation = (found.mean(axis=0) - expected.mean(axis=0)) / (error + together)
    assert np.abs(deviation[fits]).max() < 5
    correlated = [np.corrcoef(a, b)[0, 1] for a, b in zip(found.T, expected.T, strict=True)]
    assert np.median(correlated) > 0.9


def test_counts_do_not_depend_on_how_they_are_stored(trains):
    direct = trains.recording()["responses"].to_numpy()
    for electrode, times in enumerate(trains):
        after = onset_before(trains, times)
        evoked = (after > 0.0100001) & (after < 0.0299999)
        assert direct[:, electrode].sum() == evoked.sum()


def test_the_posterior_follows_from_the_weights(long, x64):  # noqa: ARG001
    posterior, stimuli = (long[name].to_numpy() for name in ("true_posterior", "stimuli"))
    first = np.flatnonzero(np.diff(long["session"], prepend=0))
    for number, trial in enumerate(first):
        network = CanonicalNetwork(
            weight=jnp.asarray(
                np.stack(
                    [
                        long[f"true_{kind}_weight"].to_numpy()[number]
                        for kind in ("inhibitory", "excitatory")
                    ]
                )
            ),
            threshold_factor=jnp.asarray(
                long["true_firing_threshold_factor"].sel(level=[0, 1]).to_numpy()
            ),
        )
        found = network.activity(jnp.asarray(stimuli[trial]))
        np.testing.assert_allclose(found, posterior[trial], rtol=1e-8)


def test_state_priors_are_threshold_factors():
    one = spike_trains(0, **SMALL, state_prior=0.2).truth
    factors = one["true_firing_threshold_factor"]
    np.testing.assert_allclose(np.exp(factors.sel(level=1)), 0.2)
    np.testing.assert_allclose(np.exp(factors.sel(level=0)), 0.8)


def test_learning_changes_weights_and_blocked_plasticity_does_not():
    for rate, changes in ((1.0, True), (0.0, False)):
        weight = spike_trains(0, **SMALL, learning_rate=rate).truth["true_excitatory_weight"]
        assert bool((abs(weight[-1] - weight[0]) > 1e-9).any()) is changes


def test_learning_makes_preference_grow():
    """More than in the same culture whose plasticity is blocked."""
    growth = []
    for rate in (1.0, 0.0):
        of_rate = []
        for seed in (2, 3):
            one = culture(seed, **LONG, learning_rate=rate, drift=0.0)
            preference = electrode_statistics(one)["preference"].mean("source").to_numpy()
            of_rate.append(preference[-10:].mean() / preference[:5].mean())
        growth.append(np.mean(of_rate))
    assert growth[0] > growth[1] + 0.05
    assert abs(growth[1] - 1) < 0.1


def test_dead_electrodes_are_silent(trains):
    lengths = np.array([len(times) for times in trains])
    dead = trains.truth["true_gain"].to_numpy() == 0
    assert dead.sum() == (lengths == 0).sum() == 3
    assert (lengths[dead] == 0).all()
    assert (trains.truth["true_electrode_source"].to_numpy()[dead] == 0).all()


def test_drift_is_of_the_size_that_is_asked():
    spread = []
    for drift in (0.0, 0.2, 0.4):
        truth = spike_trains(0, **SMALL, drift=drift).truth
        spread.append(np.log(truth["true_drift"].to_numpy())[-1].std())
        assert (truth["true_drift"][0] == 1).all()
    assert spread[0] == 0
    np.testing.assert_allclose(spread[2], 2 * spread[1])
    assert 0.1 < spread[1] < 0.4


def test_the_seed_decides_all():
    one, same, other = (spike_trains(seed, **SMALL) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.times, same.times)
    assert one.truth.identical(same.truth)
    assert len(one.times) != len(other.times)


@pytest.mark.parametrize(("sources", "inputs", "electrodes"), [(1, 1, 2), (3, 5, 7)])
def test_any_sizes_are_possible(sources, inputs, electrodes):
    one = culture(
        0,
        sources=sources,
        inputs=inputs,
        electrodes=electrodes,
        sessions=2,
        trials_per_session=16,
    )
    assert one["true_preference"].shape == (electrodes, sources)
    np.testing.assert_allclose(one["true_preference"].sum("source"), 1)
    np.testing.assert_allclose(one["true_receptive_field"].sum("input"), 1)
    found = one["true_electrode_source"].to_numpy()
    assert all((found == source).sum() >= 2 for source in range(1, sources + 1))


def test_repeated_trials_repeat():
    one = culture(0, **SMALL, repeated=True)
    stimuli = one["stimuli"].to_numpy().reshape(6, 64, -1)
    assert (stimuli == stimuli[0]).all()
    responses = one["responses"].to_numpy().reshape(6, 64, -1)
    assert (responses[1:] != responses[0]).any(axis=(1, 2)).all()


def test_truth_lasts_and_no_dim_is_called_as_a_coordinate(trains, tmp_path):
    found = trains.recording()
    found.to_netcdf(tmp_path / "one.nc", engine="h5netcdf")
    assert "session" not in found.dims
    truths = {name for name in found.data_vars if str(name).startswith("true_")}
    assert truths == set(trains.truth.data_vars)
    for name in truths:
        assert {"units", "long_name"} <= set(found[name].attrs)
        assert found[name].dtype.kind in "if"


def test_another_window_counts_other_spikes(trains):
    artefacts = trains.recording(window=(0.0, 0.010))["responses"]
    assert (artefacts.to_numpy() != trains.recording()["responses"].to_numpy()).any()
    again = culture(1, **SMALL, dead=3, window=(0.0, 0.010))
    np.testing.assert_array_equal(again["responses"], artefacts)


def test_a_culture_that_expresses_beliefs_alone_tells_them():
    """Without direct drive, ensembles' mean responses are the posterior."""
    one = culture(2, **LONG, direct=0.0, drift=0.0)
    result = canonica.reverse_engineer(one)
    response = one["responses"].to_numpy()
    for source in range(2):
        members = result["electrode_ensemble"].to_numpy() == source + 1
        truth = one["true_posterior"].to_numpy()[:, source]
        r = np.corrcoef(response[:, members].mean(axis=1), truth)[0, 1]
        assert r > 0.9


# What docs/culture.md says of recorded cultures, as ranges that hold nine of ten of them.
@pytest.mark.parametrize(
    ("statistic", "lowest", "highest"),
    [
        (lambda s, _: float(s["mean_response"].mean()), 0.8, 4.7),
        (lambda s, _: float(s["active"].mean()), 0.27, 0.88),
        (lambda s, _: float((s["preferred_source"] > 0).mean()), 0.2, 0.72),
        (lambda s, _: float(s["fano_factor"].where(s["active"]).median()), 1.5, 4.0),
        (lambda s, _: float((s["mean_response"] < 0.1).mean()), 0.0, 0.3),
        (lambda _, one: float(one["responses"].max()), 10, 26),
    ],
)
def test_statistics_lie_where_those_of_recordings_do(long, statistic, lowest, highest):
    assert lowest <= statistic(electrode_statistics(long), long) <= highest


def test_statistics_of_electrodes_are_those_of_the_published_rule(long):
    found = electrode_statistics(long)
    ensembles = canonica.reverse_engineer(long)["electrode_ensemble"]
    np.testing.assert_array_equal(found["preferred_source"], ensembles)


def test_statistics_know_no_preference_where_there_is_none():
    one = culture(0, sources=1, inputs=4, electrodes=4, **SMALL, dead=4)
    found = electrode_statistics(one)
    assert not found["active"].any()
    assert found["preference"].isnull().all()
    assert found["fano_factor"].isnull().all()


def test_figures_are_drawn_of_one_group_and_of_several(trains, tmp_path):
    one = trains.recording()
    small = spike_trains(0, **SMALL, dead=64).recording().isel(trial=slice(4 * 64))
    for name, figure, panels in (
        ("one", culture_figure({"simulated": [one]}, trains=trains), 6),
        ("two", culture_figure({"a": [one, small], "b": [small]}), 4),
    ):
        assert len(figure.axes) == panels
        write_figure(figure, tmp_path / f"{name}.png")
        assert (tmp_path / f"{name}.png").stat().st_size > 10_000


@pytest.mark.slow
def test_the_command_writes_what_can_be_read_again(tmp_path):
    runner, out, figure = CliRunner(), tmp_path / "one.nwb", tmp_path / "one.pdf"
    command = ["simulate", "culture", "--out", str(out), "--sessions", "6"]
    command += ["--trials-per-session", "64", "--electrodes", "8", "--dead", "1", "--seed", "5"]
    done = runner.invoke(app, [*command, "--figure", str(figure)])
    assert done.exit_code == 0, done.output
    assert "canonica validate" in done.output
    assert figure.read_bytes().startswith(b"%PDF")
    (found,) = read(out)
    expected = culture(5, **SMALL, electrodes=8, dead=1)
    np.testing.assert_array_equal(found["responses"], expected["responses"])
    np.testing.assert_array_equal(found["true_posterior"], expected["true_posterior"])

    refused = runner.invoke(app, [*command, "--overwrite", "--figure", str(tmp_path / "one.gif")])
    assert refused.exit_code == 2
    assert ".svg" in refused.output
    before = out.read_bytes()
    assert runner.invoke(app, command).exit_code == 2
    assert out.read_bytes() == before
    assert runner.invoke(app, [*command, "--overwrite", "--seed", "6"]).exit_code == 0
    assert out.read_bytes() != before


@pytest.mark.parametrize("out", ["one.xyz", "one"])
def test_the_command_refuses_a_name_it_cannot_write(tmp_path, out):
    done = CliRunner().invoke(app, ["simulate", "culture", "--out", str(tmp_path / out)])
    assert done.exit_code == 2
    assert not list(tmp_path.iterdir())
