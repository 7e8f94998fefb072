"""The rules, the dashboards and the pages about them, as the tests of this folder compare them."""

import json
import pathlib
import re

import yaml

PROJECT = pathlib.Path(__file__).parents[2]
RULES = sorted((PROJECT / "deploy" / "prometheus" / "rules").glob("*.yml"))
RULE_TESTS = sorted((pathlib.Path(__file__).parent / "rules").glob("*.yml"))
RULE_TEST_CASES = [
    case
    for path in RULE_TESTS
    for test in yaml.load(path.read_text(), yaml.CSafeLoader)["tests"]
    for case in test["promql_expr_test"]
]
DASHBOARDS = {
    path.stem: json.loads(path.read_text())
    for path in sorted((PROJECT / "deploy" / "grafana" / "dashboards").glob("*.json"))
}
_rules = [
    rule
    for path in RULES
    for group in yaml.load(path.read_text(), yaml.CSafeLoader)["groups"]
    for rule in group["rules"]
]
ALERTS = {rule["alert"]: rule for rule in _rules if "alert" in rule}
RECORDED = {rule["record"]: rule["expr"] for rule in _rules if "record" in rule}
RECORDED_NAME = re.compile(r"\b\w+:postern_\w+:\w+")
FAMILIES = {
    line.split()[0]: line.split()[1]
    for line in (PROJECT / "tests" / "golden" / "metrics.txt").read_text().splitlines()
}


def page(name: str) -> str:
    return (PROJECT / "docs" / name).read_text()


def panels(dashboard: dict) -> list[dict]:
    """Those that show something."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def panel_queries() -> dict[str, str]:
    """Every query of every panel, by `dashboard: title: refId`."""
    return {
        f"{name}: {panel['title']}: {target['refId']}": target["expr"]
        for name, dashboard in DASHBOARDS.items()
        for panel in panels(dashboard)
        for target in panel["targets"]
    }


def expressions() -> dict[str, str]:
    """Everything that Prometheus is asked, by whom."""
    return {name: rule["expr"] for name, rule in ALERTS.items()} | RECORDED | panel_queries()


def families(expression: str) -> set[str]:
    """The families of Postern that are named, also by what is recorded of them."""
    names = set(re.findall(r"(?<!:)\bpostern_\w+\b(?!:)", expression))
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in names}


def recorded(expression: str) -> set[str]:
    """The names of recording rules in it."""
    return set(re.findall(RECORDED_NAME, expression))


def documented_labels() -> dict[str, set[str]]:
    """Of each family, as docs/metrics.md has them, which is diffed with the program."""
    rows = re.findall(r"(?m)^\| `(postern_\w+)` \| \w+ \| (.*?) \|", page("metrics.md"))
    return {name: set(re.findall(r"\w+", labels)) for name, labels in rows}
