"""Grafana's dashboards and provisioning, checked as files; tests/deploy/test_prometheus_watches.py runs their queries."""

import itertools
import json
import re

import pytest
import yaml
from watching import DASHBOARDS, PROJECT, panels

GRAFANA = PROJECT / "deploy" / "grafana"
SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def test_there_are_the_four_dashboards():
    assert set(DASHBOARDS) == {"overview", "app", "domain", "delivery"}
    assert {board["uid"] for board in DASHBOARDS.values()} == {f"postern-{name}" for name in DASHBOARDS}


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_panel_is_a_question_with_its_source_unit_and_explanation(name):
    for panel in panels(DASHBOARDS[name]):
        assert panel["title"].endswith("?"), panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        assert panel["datasource"] == SOURCE, panel["title"]
        defaults = panel["fieldConfig"]["defaults"]
        assert "unit" in defaults or "mappings" in defaults, f"{panel['title']}: a number of what?"
        steps = defaults.get("thresholds", {}).get("steps", [{"value": None}])
        bounds = [step["value"] for step in steps]
        assert bounds[0] is None and bounds[1:] == sorted(bounds[1:]), panel["title"]
        references = [target["refId"] for target in panel["targets"]]
        assert references and len(set(references)) == len(references)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_ids_are_unique_and_panels_do_not_cover_each_other(name):
    board = DASHBOARDS[name]
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    titles = [panel["title"] for panel in board["panels"]]
    assert len(set(titles)) == len(titles)
    places = [panel["gridPos"] for panel in board["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    for one, other in itertools.combinations(places, 2):
        assert (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        ), (one, other)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_variables_are_declared_used_and_asked_of_the_source_that_is_chosen(name):
    board = DASHBOARDS[name]
    variables = {variable["name"]: variable for variable in board["templating"]["list"]}
    assert set(variables) == {"datasource"} | ({name} & {"app", "domain"})
    for variable in variables.values():
        assert variable["type"] == "datasource" or variable["datasource"] == SOURCE
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(board["panels"])))
    assert used - {"__rate_interval", "__range"} == set(variables)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_no_machine_is_named(name):
    text = json.dumps(DASHBOARDS[name])
    assert not re.search(r"https?://|localhost|\b\d+\.\d+\.\d+\.\d+\b|:\d{4}\b", text)


def test_the_provisioned_source_scrapes_as_often_as_prometheus_does():
    (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yml").read_text())["datasources"]
    prometheus = yaml.safe_load((PROJECT / "deploy/prometheus/prometheus.yml").read_text())
    assert source["type"] == "prometheus"
    assert source["jsonData"]["timeInterval"] == prometheus["global"]["scrape_interval"]


def test_the_provisioned_folder_has_the_dashboards():
    (provider,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/postern.yml").read_text())["providers"]
    assert provider["type"] == "file" and provider["options"]["path"].endswith("/dashboards")
    assert {path.suffix for path in (GRAFANA / "dashboards").iterdir()} == {".json"}
