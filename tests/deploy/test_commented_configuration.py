"""conf/postern.yml shows every key, and each commented value that is a default is the program's."""

import re

import pytest
import yaml
from check_config import accepted
from machine import PROJECT

TEXT = (PROJECT / "conf/postern.yml").read_text()
TABLE = (PROJECT / "docs/configuration.md").read_text().partition("<!-- begin keys -->")[2]
ROWS = [
    [cell.strip() for cell in line.split("|")[1:-1]]
    for line in TABLE.partition("<!-- end keys -->")[0].splitlines()
    if line.startswith("| `")
]


# Every value as it is written: `off` stays a word. What follows a single # is put in force in SHOWN.
IN_FORCE = yaml.load(TEXT, yaml.BaseLoader)
SHOWN = yaml.load(re.sub(r"(?m)^(\s*)#(?![# ])", r"\1", TEXT), yaml.BaseLoader)


def value_at(node, key: str):
    """The first value of `a.b[].c`, or None."""
    step, _, rest = key.partition(".")
    found = node.get(step.removesuffix("[]")) if isinstance(node, dict) else None
    if not rest or found is None:
        return found
    entries = found if isinstance(found, list) else [found]
    return next((value for entry in entries if (value := value_at(entry, rest)) is not None), None)


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def as_written(value) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


LITERAL = re.compile(r"^(\d[\w.]*|true|false|off|auto|/[\w/]+|[a-z]+)(, \d+[smhd])*$")
WORDS = {"none", "required", "likewise"}
DEFAULTS = [
    (key, row[2])
    for row in ROWS
    if LITERAL.match(row[2]) and row[2] not in WORDS and value_at(IN_FORCE, key := names(row[0])[0]) is None
]


def test_the_table_was_read():
    assert len(ROWS) > 80 and len(DEFAULTS) > 30


@pytest.mark.parametrize(("key", "default"), DEFAULTS)
def test_a_default_is_shown_as_it_is(key, default):
    assert as_written(value_at(SHOWN, key)) == default


@pytest.mark.parametrize("alternatives", [names(row[0]) for row in ROWS], ids=lambda a: a[0])
def test_every_key_is_shown(alternatives):
    assert any(value_at(SHOWN, key) is not None for key in alternatives)


def test_it_is_accepted_as_it_stands(tmp_path):
    accepted(TEXT, tmp_path)


@pytest.mark.parametrize("example", sorted((PROJECT / "conf/examples").glob("*.yml")), ids=lambda p: p.stem)
def test_the_examples_are_accepted(example, tmp_path):
    accepted(example.read_text(), tmp_path)
