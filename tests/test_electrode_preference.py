"""Which electrodes are active and which source they prefer: against loops, at every threshold."""

import numpy as np
import pytest

from canonica import PublishedProtocol
from canonica.recordings import recording
from canonica.reverse_engineering import electrode_statistics, ensemble_response

PROTOCOL = PublishedProtocol(initial_sessions=2)
SESSIONS, TRIALS = 4, 40


def recorded(generator, sources):
    """Return a recording whose electrodes lie on all sides of the thresholds."""
    s = generator.integers(0, 2, (SESSIONS * TRIALS, sources))
    session = np.repeat(np.arange(SESSIONS), TRIALS)
    base = np.array([0.4, 0.9, 1.5, 3.0, 3.0, 3.0, 3.0])
    gain = generator.normal(0, 1.0, (sources, len(base)))
    quiet = np.ones((SESSIONS, len(base)))
    quiet[2, 4] = 0.0  # silent in one session, in the mean active
    quiet[1, 5], quiet[3, 6] = 0.02, 0.05
    rate = np.maximum(base + s @ gain, 0.05) * quiet[session]
    return recording(generator.poisson(rate), s[:, :1], s, session=TRIALS)


def by_hand(one):
    """Return active electrodes and the source that each prefers, in loops."""
    r, s = one["responses"].to_numpy(), one["sources"].to_numpy()
    sources = s.shape[1]
    active, preferred = [], []
    for x in r.T:
        means = [x[k * TRIALS : (k + 1) * TRIALS].mean() for k in range(SESSIONS)]
        active.append(np.mean(means) > 1 and min(means) > 0.1)
        preference = []
        for source in range(sources):
            differences = []
            for k in range(SESSIONS):
                here = slice(k * TRIALS, (k + 1) * TRIALS)

                def response(only, here=here, x=x):
                    shown = (s[here] == np.eye(sources)[only]).all(axis=1)
                    return x[here][shown].mean()

                if sources == 1:
                    off = x[here][s[here][:, 0] == 0].mean()
                    differences.append(response(0) - off)
                else:
                    others = [response(other) for other in range(sources) if other != source]
                    differences.append(response(source) - np.mean(others))
            preference.append(np.mean(differences))
        best = int(np.argmax(preference))
        preferred.append(best + 1 if active[-1] and preference[best] > 0.5 else 0)
    return active, preferred


@pytest.mark.parametrize("sources", [1, 2, 3])
def test_statistics_and_ensembles_follow_the_rule(generator, sources):
    found_any = set()
    for _ in range(12):
        one = recorded(generator, sources)
        active, preferred = by_hand(one)
        found = electrode_statistics(one, PROTOCOL)
        assert found["active"].to_numpy().tolist() == active
        assert found["preferred_source"].to_numpy().tolist() == preferred
        if set(preferred) >= set(range(1, sources + 1)):
            members = ensemble_response(one, PROTOCOL).electrode_ensemble
            assert members.tolist() == preferred
            found_any.add(tuple(preferred))
    assert found_any


def test_a_causal_rule_looks_at_initial_sessions_alone(generator):
    one = recorded(generator, 2)
    loud = one.copy(deep=True)
    loud["responses"][2 * TRIALS :] = 40 - loud["responses"][2 * TRIALS :]
    early = one.isel(trial=slice(2 * TRIALS))
    members, same = (
        ensemble_response(each, PROTOCOL, causal=True).electrode_ensemble for each in (one, loud)
    )
    assert members.tolist() == same.tolist()
    assert (
        members.tolist()
        == electrode_statistics(early, PROTOCOL)["preferred_source"].values.tolist()
    )


def test_an_unknown_preference_is_none(generator):
    """Of a source that is never alone nothing is known, and nothing is refused."""
    s = np.tile([[1, 1], [0, 0]], (SESSIONS * TRIALS // 2, 1))
    one = recording(generator.poisson(3.0, (len(s), 3)), s[:, :1], s, session=TRIALS)
    found = electrode_statistics(one, PROTOCOL)
    assert found["active"].all()
    assert not found["preferred_source"].any()
    assert found["preference"].isnull().all()
