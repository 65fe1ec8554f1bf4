"""Doses, signatures, diagrams and boundaries of lesions; pieces of them that are kept."""

import jax
import numpy as np
import pytest
import xarray as xr

import canonica
from canonica import pipelines
from canonica._pieces import Piece
from canonica.lesions import PolicyPrior, SensoryPrecision, StatePrior, lesion_named
from canonica.pipelines.results._kept_pieces import KEPT, KeptPieces
from canonica.report import (
    dose_response_figure,
    phase_diagram_figure,
    restoration_figure,
    signatures_figure,
)
from canonica.studies.lesions import (
    boundary,
    dose_response,
    phase_diagram,
    restoration,
    signatures,
)
from canonica.studies.lesions.tasks import BanditTask, SeparationTask, TMazeTask

SMALL = SeparationTask(sessions=3, trials_per_session=16, inputs=6, measured_sessions=2)
NAMES = ["state prior", "policy precision"]


@pytest.fixture(scope="module")
def doses():
    return dose_response(1, NAMES, task=SMALL, networks=6)


@pytest.fixture(scope="module")
def diagram():
    return phase_diagram(
        1,
        "state prior",
        "sensory precision",
        task=SMALL,
        first_strengths=[0.2, 0.5, 0.8],
        second_strengths=[0.0, 1.0],
        networks=6,
    )


@pytest.mark.slow
def test_every_usual_dose_is_there_once_and_intact_networks_first(doses):
    expected = [("intact", 0.0)] + [
        (name, float(dose))
        for name in NAMES
        for dose in lesion_named(name).doses
        if dose != lesion_named(name).neutral
    ]
    found = zip(doses.lesion.to_numpy().tolist(), doses.strength.to_numpy().tolist(), strict=True)
    assert list(found) == expected
    neutral = dict(zip(doses.lesion.to_numpy().tolist(), doses.neutral.to_numpy(), strict=True))
    assert neutral == {"intact": 0.0, "state prior": 0.5, "policy precision": 1.0}
    assert [str(name) for name in doses.data_vars] == [one.name for one in SMALL.measures]
    for name, values in doses.data_vars.items():
        assert values.dims == ("point", "network"), name
        idle = values.sel(point=doses.lesion == "policy precision")
        np.testing.assert_array_equal(idle, np.broadcast_to(values[0], idle.shape))
        assert (values[1] != values[0]).any(), name


@pytest.mark.slow
def test_the_seed_decides_networks_and_their_number_does_not_matter(doses):
    few = dose_response(1, ["state prior"], task=SMALL, doses={"state prior": [0.2]}, networks=2)
    row = int(np.flatnonzero((doses.lesion == "state prior") & (doses.strength == 0.2))[0])
    np.testing.assert_allclose(few.separation[1], doses.separation[row][:2], rtol=1e-12)
    other = dose_response(2, ["state prior"], task=SMALL, doses={"state prior": [0.2]}, networks=2)
    assert (other.separation != few.separation).all()


def test_signatures_are_paired_differences_with_intervals(doses):
    found = signatures(doses)
    change = doses.misses.to_numpy() - doses.misses[0].to_numpy()
    one = found.sel(measure="misses")
    np.testing.assert_allclose(one.difference, change.mean(axis=1), atol=1e-12)
    spread = doses.misses[0].to_numpy().std(ddof=1)
    np.testing.assert_allclose(one.effect, change.mean(axis=1) / spread, atol=1e-12)
    assert (one.low <= one.difference + 1e-12).all()
    assert (one.high >= one.difference - 1e-12).all()
    assert float(one.high[1] - one.low[1]) > 0
    wide = signatures(doses, level=0.5).sel(measure="misses")
    assert float(wide.high[1] - wide.low[1]) < float(one.high[1] - one.low[1])
    assert (found.difference.sel(point=doses.lesion == "policy precision") == 0).all()
    few = signatures(doses.isel(network=slice(2)))
    assert np.isnan(few.low).all()  # two networks have no interval


@pytest.mark.slow
def test_a_diagram_holds_each_pair_of_strengths_in_its_place(diagram):
    assert diagram.first.to_numpy().tolist() == [0.2, 0.5, 0.8]
    assert diagram.second.to_numpy().tolist() == [0.0, 1.0]
    alone = dose_response(
        1, ["state prior"], task=SMALL, doses={"state prior": [0.2, 0.8]}, networks=6
    )
    for name in alone.data_vars:
        at = diagram[name].sel(second=1.0)
        np.testing.assert_allclose(at.sel(first=0.2), alone[name][1], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(at.sel(first=0.8), alone[name][2], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(at.sel(first=0.5), alone[name][0], rtol=1e-9, atol=1e-12)
        np.testing.assert_array_equal(diagram[f"intact_{name}"], at.sel(first=0.5))
    # Without the senses, what is believed is the prior.
    blind = diagram.own_response.sel(second=0.0).mean("network")
    np.testing.assert_allclose(blind, [0.2, 0.5, 0.8], atol=1e-12)


def test_the_boundary_is_where_redrawn_means_cross_the_level():
    random = np.random.default_rng(0)
    values = np.array([[0.9, 0.5], [0.1, 0.45]])[..., None] + 0.2 * random.normal(size=(2, 2, 10))
    found = xr.Dataset(
        {
            "reward": (("first", "second", "network"), values, {"long_name": "r", "units": "1"}),
            "intact_reward": ("network", values[0, 0]),
        },
        {"first": [0.0, 1.0], "second": [0.0, 1.0]},
    )
    border = boundary(found, "reward")
    mean = values.mean(axis=-1)
    assert border.attrs["level"] == pytest.approx((values[0, 0].mean() + mean[1, 0]) / 2)
    np.testing.assert_allclose(border["mean"], mean)
    draws = random.integers(0, 10, size=(4000, 10))
    expected = (values[..., draws].mean(axis=-1) < border.attrs["level"]).mean(axis=-1)
    np.testing.assert_allclose(border.probability, expected, atol=0.03)
    assert border.probability[0, 0] == 0
    assert border.probability[1, 0] == 1
    turned = found.assign(reward=-found.reward, intact_reward=-found.intact_reward)
    turned.reward.attrs = found.reward.attrs
    np.testing.assert_array_equal(boundary(turned, "reward").probability, border.probability)
    np.testing.assert_array_equal(boundary(found, "reward", level=-9).probability, 0)


@pytest.mark.slow
def test_what_comes_back_is_told_trial_by_trial():
    task = BanditTask(trials=4, pulls=10, measured_trials=2)
    told = []
    found = restoration(
        0, task=task, restored_after=2, networks=2, progress=lambda *each: told.append(each)
    )
    assert found.strength.to_numpy().tolist() == [0.0, 0.05, 0.0]
    assert found.reward.dims == ("lesion", "trial", "network")
    assert ((found.reward >= 0) & (found.reward <= 1)).all()
    assert told[-1] == (3, 3)
    alone = restoration(0, ["plasticity"], task=task, restored_after=2, networks=2)
    both = ["intact", "plasticity"]
    np.testing.assert_allclose(alone.reward, found.reward.sel(lesion=both), atol=1e-12)
    assert (found.reward.sel(lesion="plasticity") != found.reward.sel(lesion="intact")).any()
    assert restoration_figure(found).axes[0].get_xlabel() == "trial"


@pytest.mark.slow
def test_performance_comes_back_with_precision_at_once_but_not_with_plasticity():
    """The double dissociation of FitzGerald, Dolan & Friston (2015)."""
    with jax.enable_x64(True):
        found = restoration(0)
    reward = found.reward.mean("network")
    next_trial = reward.sel(trial=21)
    assert abs(next_trial.sel(lesion="policy precision") - next_trial.sel(lesion="intact")) < 0.05
    assert next_trial.sel(lesion="plasticity") < next_trial.sel(lesion="intact") - 0.08
    assert (
        reward.sel(lesion="policy precision", trial=20)
        < reward.sel(lesion="intact", trial=20) - 0.05
    )
    assert reward.sel(lesion="plasticity", trial=40) > next_trial.sel(lesion="plasticity") + 0.08


@pytest.mark.slow
def test_figures_show_lesions_with_an_effect_and_name_the_others(doses, diagram):
    figure = dose_response_figure(doses)
    assert [axis.get_title() for axis in figure.axes if axis.get_title()] == ["state prior"]
    assert "Without any effect: policy precision." in figure.get_suptitle().replace("\n", " ")
    strengths = figure.axes[0].lines[-1].get_xdata()
    assert 0.5 in strengths  # the intact networks are those of the neutral dose
    assert len(strengths) == 7
    labels = [
        text.get_text() for text in signatures_figure(signatures(doses)).axes[0].get_yticklabels()
    ]
    assert labels == [f"state prior  {dose:g}" for dose in StatePrior.doses if dose != 0.5]
    idle = dose_response_figure(doses.sel(point=doses.lesion != "state prior"))
    assert "No lesion has any effect" in idle.get_suptitle()
    borders = [boundary(diagram, name) for name in ("separation", "misses")]
    panels = phase_diagram_figure(borders).axes
    assert [axis.get_xlabel() for axis in panels[:2]] == ["sensory precision"] * 2


@pytest.mark.slow
def test_pieces_are_kept_until_all_is_there_and_done_once(tmp_path, monkeypatch):
    from canonica.studies.lesions import _points

    monkeypatch.setattr(_points, "NETWORKS_AT_ONCE", 8)
    done, real = [], SeparationTask.measured

    def measured(self, made, strengths, seeds):
        done.append(strengths.tolist())
        if len(done) == 3:
            raise KeyboardInterrupt
        return real(self, made, strengths, seeds)

    monkeypatch.setattr(SeparationTask, "measured", measured)
    out = tmp_path / "found"
    settings = {"task": SMALL, "networks": 2}
    with pytest.raises(KeyboardInterrupt):
        pipelines.lesion(out, ["state prior", "plasticity"], **settings)
    assert len(list((out / KEPT).iterdir())) == 2
    assert not (out / "summary.json").exists()
    with pytest.raises(canonica.CanonicaError, match="--resume"):
        pipelines.lesion(out, ["state prior", "plasticity"], **settings)
    first = list(done[:2])
    found = pipelines.lesion(out, ["state prior", "plasticity"], resume=True, **settings)
    assert not any(piece in first for piece in done[3:])
    whole = pipelines.lesion(tmp_path / "whole", ["state prior", "plasticity"], **settings)
    xr.testing.assert_identical(found.result, whole.result)
    assert not (out / KEPT).exists()
    assert sorted(path.name for path in out.iterdir()) == sorted([*found.files, "summary.json"])
    done.clear()  # and so the third piece is interrupted again
    other = tmp_path / "other"
    with pytest.raises(KeyboardInterrupt):
        pipelines.lesion(other, ["state prior", "plasticity"], **settings)
    anew = pipelines.lesion(other, ["state prior", "plasticity"], seed=1, resume=True, **settings)
    assert (anew.result.separation != whole.result.separation)[0].all()
    with pytest.raises(canonica.CanonicaError, match="no unfinished run"):
        pipelines.lesion(tmp_path / "none", ["state prior"], resume=True, **settings)


def test_a_piece_that_was_cut_short_is_made_anew(tmp_path):
    maker, made = KeptPieces(tmp_path / "kept"), []

    def piece(seed):
        def make():
            made.append(seed)
            return xr.Dataset({"x": ("point", [1.0, seed])})

        return Piece({"seed": seed}, make)

    assert [number for number, _ in maker([piece(1), piece(2), piece(1)])] == [0, 2, 1]
    assert made == [1, 2]
    assert [number for number, _ in maker([piece(3), piece(1)])] == [1, 0]
    assert made == [1, 2, 3]
    for path in maker.folder.iterdir():
        path.write_bytes(path.read_bytes()[:100])
    ((_, anew),) = maker([piece(1)])
    xr.testing.assert_equal(anew, xr.Dataset({"x": ("point", [1.0, 1])}))
    assert made == [1, 2, 3, 1]


@pytest.mark.slow
def test_a_task_says_what_a_lesion_means_in_it_and_a_value_keeps_what_it_has():
    assert TMazeTask().kind(PolicyPrior).policy == 1
    found = dose_response(
        0, [PolicyPrior(0.5, policy=0), SensoryPrecision], task=SMALL,
        doses={"policy prior": [0.3], "sensory precision": [2.0]}, networks=1,
    )  # fmt: skip
    assert found.lesion.to_numpy().tolist() == ["intact", "policy prior", "sensory precision"]


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: dose_response(0, []), "at least one"),
        (lambda: dose_response(0, ["plasticity", "plasticity"]), "each once"),
        (lambda: dose_response(0, ["hunger"]), "one of state prior"),
        (lambda: dose_response(0, ["plasticity"], doses={"state prior": [0.2]}), "doses: found"),
        (lambda: dose_response(0, ["state prior"], doses={"state prior": [1.5]}), "0.999|1.5"),
        (lambda: dose_response(0, ["plasticity"], networks=0), "networks: found 0"),
        (lambda: dose_response(0, ["plasticity"], task="chess"), "task: found"),
        (lambda: phase_diagram(0, "plasticity", "plasticity"), "each once"),
        (
            lambda: phase_diagram(0, "plasticity", "state prior", first_strengths=[2.0, 1.0]),
            "ascending",
        ),
        (lambda: restoration(0, restored_after=0), "restored_after: found 0"),
    ],
)
def test_what_is_none_is_refused(call, word):
    with pytest.raises(canonica.CanonicaError, match=word):
        call()


def test_a_boundary_is_that_of_a_measure(diagram):
    with pytest.raises(canonica.CanonicaError, match="measure: found the text 'hunger'"):
        boundary(diagram, "hunger")
