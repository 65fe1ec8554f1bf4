"""What decides a culture's result decides the key that it is kept by, one thing at a time."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from canonica.pipelines.conditions import _study_store
from canonica.pipelines.conditions._study_cultures import CultureWork
from canonica.pipelines.conditions._study_settings import StudySettings
from canonica.recordings import Reading
from canonica.reverse_engineering import PublishedProtocol

SETTINGS = StudySettings()
USUAL = {
    "file": "a" * 64, "known": "k", "name": "one", "condition": "ctrl", "published": 0.5,
    "causal": 0.25, "settings": SETTINGS,
}  # fmt: skip
OTHER = {
    "the bytes of its file": {"file": "b" * 64},
    "what a forecaster knows": {"known": "l"},
    "its name": {"name": "two"},
    "its condition": {"condition": "drug"},
    "the baseline of the analysis": {"published": 0.75},
    "the baseline of the forecast": {"causal": 0.75},
    "the protocol": {"settings": replace(SETTINGS, protocol=PublishedProtocol(epsilon=1e-5))},
    "how it is read": {"settings": replace(SETTINGS, reading=Reading(trials_per_session=64))},
    "the model": {"settings": replace(SETTINGS, model="ridge")},
    "the seed": {"settings": replace(SETTINGS, seed=1)},
}


def key(**changed):
    given = SimpleNamespace(**USUAL | changed)
    attrs = {"input_sha256": given.file}
    culture = SimpleNamespace(
        attrs=attrs, fingerprint=given.known, name=given.name, condition=given.condition
    )
    work = CultureWork(given.settings, None, None, None)
    work._published = {given.condition: SimpleNamespace(value=given.published)}
    work._causal = {given.condition: SimpleNamespace(value=given.causal)}
    return work._key(culture)


@pytest.mark.parametrize("changed", OTHER.values(), ids=OTHER)
def test_another_thing_is_another_key(changed):
    assert key() == key()
    assert key(**changed) != key()


def test_another_version_is_another_key(monkeypatch):
    before = key()
    monkeypatch.setattr(_study_store, "versions", lambda: {"canonica": "another"})
    assert key() != before


def test_what_does_not_decide_a_result_does_not_change_its_key():
    shown = replace(SETTINGS, quantities=("excitability",), reference="ctrl")
    assert key(settings=shown) == key()
