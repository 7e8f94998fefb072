"""Rules and configuration of Prometheus: right by promtool, about metrics that there are, and explained."""

import re
import subprocess

import pytest
from support.metrics import Scrape
from watching import (
    ALERTS,
    FAMILIES,
    PROJECT,
    RECORDED,
    RECORDED_NAME,
    RULE_TEST_CASES,
    RULE_TESTS,
    RULES,
    documented_labels,
    expressions,
    families,
    page,
    recorded,
)

OF_PROMETHEUS = {"instance", "job", "le", "alertname", "alertstate"}


def promtool(*arguments) -> str:
    done = subprocess.run(
        ["/usr/bin/promtool", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_promtool_finds_no_fault():
    promtool("check", "rules", "--lint=all", "--lint-fatal", *RULES)
    promtool("check", "config", PROJECT / "deploy" / "prometheus" / "prometheus.yml")


@pytest.mark.parametrize("path", RULE_TESTS, ids=lambda path: path.stem)
def test_alerts_fire_beyond_their_bound_and_not_at_it(path):
    promtool("test", "rules", path)


@pytest.mark.parametrize("name", ALERTS)
def test_each_alert_is_shown_to_fire_and_to_be_silent(name):
    cases = [
        case
        for case in RULE_TEST_CASES
        if (about := re.search(r'alertname=(~?)"([^"]*)"', case["expr"]))
        and (re.fullmatch(about[2], name) if about[1] else about[2] == name)
    ]
    assert any(case.get("exp_samples") for case in cases), "never fires in tests/deploy/rules"
    # `sum by` names those of several series that fire.
    assert any("sum by" in case["expr"] or not case.get("exp_samples") for case in cases), "never silent"


@pytest.mark.parametrize("name", ALERTS)
def test_each_alert_says_how_bad_it_is_and_what_to_do(name):
    alert = ALERTS[name]
    assert name.startswith("Postern")
    assert re.fullmatch(r"\d+[mhd]", alert["for"])
    assert alert["labels"]["severity"] in ("critical", "warning", "info")
    assert set(alert["annotations"]) == {"summary", "description", "runbook"}
    assert alert["annotations"]["runbook"] == f"docs/monitoring.md#{name.lower()}"
    assert len(alert["annotations"]["summary"]) < 130 and not alert["annotations"]["summary"].endswith(".")
    assert re.search(r"[.…]$", alert["annotations"]["description"])


@pytest.mark.parametrize("name", ALERTS)
def test_what_an_alert_says_uses_labels_that_it_has(name):
    alert = ALERTS[name]
    labels = documented_labels()
    has = OF_PROMETHEUS.union(*(labels[family] for family in families(expanded(alert["expr"]))))
    if kept := re.match(r"\(*(?:sum|max) by \(([^)]*)\)", expanded(alert["expr"])):
        has = set(re.findall(r"\w+", kept[1]))
    said = set(re.findall(r"\$labels\.(\w+)", str(alert["annotations"])))
    assert said <= has


def expanded(expression: str) -> str:
    """With the recording rules written out."""
    while recorded(expression):
        expression = re.sub(RECORDED_NAME, lambda name: f"({RECORDED[name[0]]})", expression)
    return expression


@pytest.mark.parametrize("where", expressions())
def test_names_and_labels_are_those_that_the_relay_serves(where):
    expression = expressions()[where]
    assert recorded(expression) <= set(RECORDED)
    whole = expanded(expression)
    assert families(whole) <= set(FAMILIES)
    assert families(whole) or re.search(r"\b(up|ALERTS)\b", whole)
    labels = documented_labels()
    for family, matchers in re.findall(r"\b(postern_\w+?)(?:_bucket|_sum|_count)?\{([^}]*)\}", whole):
        assert set(re.findall(r"(\w+)\s*(?:=|!)", matchers)) <= labels[family] | OF_PROMETHEUS
    grouped = {
        label for names in re.findall(r"\b(?:by|on) \(([^)]*)\)", whole) for label in re.findall(r"\w+", names)
    }
    assert grouped <= OF_PROMETHEUS.union(*(labels[family] for family in families(whole)))


def test_words_of_a_label_are_those_that_the_relay_shows_from_the_start():
    shown = Scrape((PROJECT / "tests" / "golden" / "fresh_scrape.txt").read_text())
    for where, expression in expressions().items():
        for family, label, operator, words in re.findall(
            r'\b(postern_\w+)\{(\w+)(=~|!~|!=|=)"([^"$]*)"', expression
        ):
            known = {value for name, has in shown.samples for at, value in has if (name, at) == (family, label)}
            assert not known or set(re.split(r"\|", words)) <= known, f"{where}: {label}{operator}{words}"


def test_each_metric_of_the_relay_is_used():
    used = set().union(*(families(expression) for expression in expressions().values()))
    assert used == set(FAMILIES)


def test_each_recording_rule_is_used():
    asked = set().union(*(recorded(expression) for expression in expressions().values()))
    assert asked == set(RECORDED)


def test_each_alert_has_its_section_and_each_section_its_alert():
    headings = re.findall(r"(?m)^### (Postern\w+)$", page("monitoring.md"))
    assert sorted(headings) == sorted(ALERTS)


def test_each_section_says_severity_and_delay_as_the_rule_does():
    for name, alert in ALERTS.items():
        section = page("monitoring.md").split(f"\n### {name}\n", 1)[1].split("\n#", 1)[0]
        first = section.strip().splitlines()[0]
        delay = "at once" if alert["for"] == "0m" else f"after {alert['for']}"
        assert first.startswith(f"*{alert['labels']['severity']}, {delay}.* "), name
        assert len(section.split()) > 25, f"{name}: what is to be done?"


def test_each_metric_has_a_row_that_says_what_to_do():
    rows = dict(re.findall(r"(?m)^\| `(postern_\w+)` \|.*\| *(.*?) *\|$", page("metrics.md")))
    assert sorted(rows) == sorted(FAMILIES)
    assert [name for name, what_to_do in rows.items() if not what_to_do] == []
