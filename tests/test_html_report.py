"""The report: one page from a folder of results, harmless, complete, and the same every time."""

import base64
import json
import re
import shutil
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest
import xarray as xr

from canonica import CanonicaError, PublishedProtocol, pipelines, read
from canonica.pipelines.results._netcdf_variables import netcdf_variables
from canonica.report.html._compared import _cultures
from canonica.report.html._contents import ReportContents, ReportRecording
from canonica.report.html._element import element, markup
from canonica.report.html._traces import packed, plain
from canonica.reverse_engineering.forecasting import normalised

EVIL = '<b>x</b>&"'
SCRIPT = "</script><script>alert(1)</script>"
SECTIONS = [
    "What was done",
    "Data quality and warnings",
    "Conditions compared",
    "Forecasts",
    "Each recording",
]


@pytest.fixture(scope="module")
def folder(study_folder, studied, tmp_path_factory):
    """Return results of a study with hostile names, where conditions have their own baselines."""
    place = tmp_path_factory.mktemp("report") / "out"
    shutil.copytree(study_folder / "out", place)
    summary = json.loads((place / "summary.json").read_text())
    summary["baseline_warning"] = "CONDITIONS WITH BASELINES OF THEIR OWN"
    summary["failures"][0]["message"] += SCRIPT
    (place / "summary.json").write_text(json.dumps(summary))
    assert len(studied.table) == 3
    return place


@pytest.fixture(scope="module")
def page(folder):
    return pipelines.report(folder).read_text(encoding="utf-8")


def data_of(page):
    """Return the figures' data as they stand in the page."""
    (data,) = re.findall('<script [^>]*id="figures"[^>]*>(.*?)</script>', page)
    return data


class Outline(HTMLParser):
    """Headings, ids, what is loaded from where, and the text of a page."""

    def __init__(self, page):
        super().__init__()
        self.headings, self.ids, self.loaded, self.text, self.tags = [], [], [], [], []
        self._inside = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        self._inside.append(tag)
        self.ids += [attrs["id"]] if "id" in attrs else []
        self.loaded += [attrs[k] for k in ("src", "srcset", "data", "poster") if k in attrs]
        if tag == "link":
            self.loaded.append(attrs.get("href"))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append([int(tag[1]), ""])

    def handle_endtag(self, tag):
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data):
        if "script" in self._inside or "style" in self._inside:
            return
        self.text.append(data)
        if any(re.fullmatch("h[1-6]", tag) for tag in self._inside):
            self.headings[-1][1] += data


def test_sections_come_in_order_and_headings_skip_no_level(page):
    headings = Outline(page).headings
    assert [text for level, text in headings if level == 2] == SECTIONS
    levels = [level for level, _ in headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_nothing_is_loaded_and_the_policy_forbids_it(page):
    found = Outline(page)
    assert found.loaded == []
    assert "@import" not in page
    assert "url(" not in page
    (policy,) = [
        attrs["content"]
        for tag, attrs in found.tags
        if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy"
    ]
    assert "default-src 'none'" in policy
    assert "script-src 'sha256-" in policy
    (scripts,) = re.findall("script-src ([^;]*)", policy)
    assert "unsafe" not in scripts


def test_hostile_names_are_text(page):
    found = Outline(page)
    text = "".join(found.text)
    assert EVIL in text
    assert SCRIPT in text
    assert [attrs.get("id") for tag, attrs in found.tags if tag == "script"] == [
        "figures",
        "plotly",
        None,
    ]
    assert "b" not in {tag for tag, _ in found.tags}
    data = data_of(page)
    assert "<" not in data
    figures = json.loads(data)
    names = {name["name"] for view in figures["cultures-figure"]["views"].values()
             for name in view["traces"]}  # fmt: skip
    assert plain(EVIL) in names
    assert not any("<b>" in name for name in names)


def test_it_says_what_was_done_what_failed_and_what_cannot_be_told(folder, page):
    text = " ".join("".join(Outline(page).text).split())
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["canonica_version"] in text
    assert text.count("CONDITIONS WITH BASELINES OF THEIR OWN") == 2
    assert " ".join(summary["failures"][0]["message"].split()) in text
    assert "3 recordings could be used, 1 could not" in text
    assert "no difference, however large, could have been told from chance" in text
    assert summary["conclusions"][0] in text
    assert "so is not blind to the future" in text
    for row in json.loads((folder / "comparisons.json").read_text()):
        assert row["conclusion"] in text


def test_every_figure_is_named_and_every_table_has_caption_and_headings(page):
    found = Outline(page)
    plots = [attrs for tag, attrs in found.tags if attrs.get("class") == "plot"]
    assert plots
    assert all(len(attrs["aria-label"]) > 40 for attrs in plots)
    assert len(set(found.ids)) == len(found.ids)
    kinds = [tag for tag, _ in found.tags]
    assert kinds.count("caption") == kinds.count("table") > 3
    assert all("scope" in attrs for tag, attrs in found.tags if tag == "th")
    html = next(attrs for tag, attrs in found.tags if tag == "html")
    assert html["lang"] == "en"
    named = {attrs["for"] for tag, attrs in found.tags if tag == "label"}
    assert named == {attrs["id"] for tag, attrs in found.tags if tag == "select"}


def test_the_same_results_give_the_same_page_which_counts_among_them(folder, page, call, tmp_path):
    assert "report.html" in json.loads((folder / "summary.json").read_text())["files"]
    code, printed, _ = call("report", folder, "--out", tmp_path / "again.html")
    assert code == 0
    assert "again.html" in printed
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == page
    code, _, _ = call("report", folder)
    assert code == 0
    assert (folder / "report.html").read_text(encoding="utf-8") == page


def test_a_figure_shows_the_numbers_of_the_results(folder, page):
    figures = json.loads(data_of(page))
    view = figures["energy-figure"]["views"]["r0"]
    with xr.open_dataset(folder / f"{plain(view['label'])}.nc", engine="h5netcdf") as result:
        energy = result["free_energy"].to_numpy()
        accuracy = result["accuracy"].to_numpy()
    drawn = {trace["name"]: unpacked(trace["y"]) for trace in view["traces"]}
    np.testing.assert_allclose(drawn["free energy F"], energy - energy[0], rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(
        drawn["\N{MINUS SIGN} accuracy"], accuracy[0] - accuracy, rtol=1e-5, atol=1e-4
    )


def unpacked(array):
    return np.frombuffer(
        base64.b64decode(array["bdata"]), {"f4": "<f4", "i4": "<i4"}[array["dtype"]]
    )


def test_numbers_are_packed_whole():
    values = np.array([0.1, np.nan, -3e30])
    np.testing.assert_array_equal(unpacked(packed(values)), values.astype(np.float32))
    np.testing.assert_array_equal(unpacked(packed([1, -(2**31)])), [1, -(2**31)])


def test_markup_keeps_the_order_of_text_and_elements():
    made = element("p", "a", element("i", "b"), "c", ["d", element("i", "e")], None, "f", lang="x")
    assert markup(made) == '<p lang="x">a<i>b</i>cd<i>e</i>f</p>'
    assert markup(element("p", "\x1b[31m", title='"<')) == r'<p title="&quot;<">\x1b[31m</p>'


def test_what_holds_no_results_is_refused_and_nothing_is_written(call, tmp_path, folder):
    def refused(folder, words):
        before = sorted(folder.iterdir()) if folder.is_dir() else None
        code, _, error = call("report", folder)
        assert code == 2
        assert words in " ".join(error.split())
        assert (sorted(folder.iterdir()) if folder.is_dir() else None) == before

    refused(tmp_path / "nowhere", "found no folder")
    refused(tmp_path, "found no results of canonica")
    (tmp_path / "summary.json").write_text('{"command": "maze"}')
    refused(tmp_path, "found no results of canonica")
    said = {"canonica_version": "1", "jax_version": "1", "settings": {"a": 1}, "command": "maze"}
    (tmp_path / "summary.json").write_text(json.dumps(said))
    refused(tmp_path, "found results of canonica maze")
    damaged = tmp_path / "damaged"
    shutil.copytree(folder, damaged)
    next(damaged.glob("*.forecast.nc")).write_bytes(b"nothing")
    refused(damaged, "that cannot be read")
    outside = json.loads((folder / "summary.json").read_text())
    row = {"name": "x", "result_file": "../x.nc"}
    said = outside | {"command": "analyze", "recordings": [row]}
    (damaged / "summary.json").write_text(json.dumps(said))
    refused(damaged, "a file outside of the folder")


def test_a_foreign_file_is_not_replaced(folder, tmp_path):
    (tmp_path / "mine.html").write_text("mine")
    with pytest.raises(CanonicaError, match="found a file"):
        pipelines.report(folder, out=tmp_path / "mine.html")
    assert (tmp_path / "mine.html").read_text() == "mine"
    pipelines.report(folder, out=tmp_path / "mine.html", overwrite=True)
    assert (tmp_path / "mine.html").read_text() != "mine"


def test_variables_read_quickly_are_those_that_xarray_reads(folder):
    for path in sorted(folder.glob("*.nc")):
        with xr.open_dataset(path, engine="h5netcdf") as expected:
            names = [str(name) for name in expected]
            found = netcdf_variables(path, [*names, "nothing"])
            xr.testing.assert_equal(
                found, expected[names].drop_vars("trial_session", errors="ignore")
            )
            assert set(found.attrs) == set(expected.attrs)
            for name in ("name", "condition", "warnings", "diagnostic_warning"):
                assert found.attrs.get(name) == expected.attrs.get(name)


def test_a_difference_is_named_only_where_chance_hardly_explains_it(folder, page):
    (table,) = re.findall('<table id="tests">(.*?)</table>', page, re.DOTALL)
    rows = [re.findall("<td[^>]*>(.*?)</td>", row) for row in table.split("<tr>")[2:]]
    compared = json.loads((folder / "comparisons.json").read_text())
    assert [row[-2] for row in rows] == [
        "yes" if one["adjusted_p_value"] <= 0.05 else "no" for one in compared
    ]


def test_what_was_observed_stands_beside_the_scores(study_folder, folder):
    recordings = read(study_folder / "ctrl.mat", trials_per_session=64)
    known = normalised(recordings, PublishedProtocol())
    for recording, one in zip(recordings, known, strict=True):
        path = folder / f"{recording.attrs['name']}.scores.nc"
        with xr.open_dataset(path, engine="h5netcdf") as scores:
            observed = scores["state_response"].load()
        state = np.array(
            ["".join(map(str, s)) for s in recording["sources"].to_numpy().astype(int)]
        )
        for number in (1, 15):
            for name in observed["source_state"].to_numpy():
                of = (recording["session"].to_numpy() == number) & (state == name)
                np.testing.assert_allclose(
                    observed.sel(session=number, source_state=name),
                    one.response[:, of].mean(axis=1),
                )


def test_recordings_of_one_culture_are_joined_and_differences_without_a_direction_are_said():
    rows = [
        {"name": f"{condition} {k}", "condition": condition, "pair": pair, "selectivity": value}
        for condition, values in (("before", [3.0, 1.0]), ("after", [2.0, None]))
        for k, (pair, value) in enumerate(zip(("p", "q"), values, strict=True))
    ]
    compared = {"quantity": "selectivity", "low": None, "adjusted_p_value": 0.25}
    contents = ReportContents(
        {"command": "study", "design": {"conditions": ["before", "after"], "groupings": ["pair"]}},
        [ReportRecording(row) for row in rows],
        [
            {**compared, "kind": "any difference", "what": "any of 3"},
            {**compared, "kind": "interaction", "what": "condition and drug"},
        ],
    )
    view = _cultures(contents, "selectivity", "selectivity", "spikes")
    (joined,) = [trace for trace in view.traces if trace["name"] == "the same"]  # q has one value
    points = [trace for trace in view.traces if trace["mode"] == "markers"]
    assert joined["y"] == packed([3.0, 2.0])
    before = np.frombuffer(base64.b64decode(points[0]["x"]["bdata"]), "<f4")
    joined_x = np.frombuffer(base64.b64decode(joined["x"]["bdata"]), "<f4")
    assert joined_x[0] == before[1]
    assert joined_x[1] > 0.5
    assert view.panels == ["any of 3 conditions: p 0.25\ninteraction of condition and drug: p 0.25"]
    assert view.traces.index(joined) < min(map(view.traces.index, points))
