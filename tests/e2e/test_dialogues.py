"""The dialogues of tests/transcripts, against the real port. Their README.md tells the format."""

import fnmatch
import pathlib
import re

import pytest

from support.wire import Wire

PATHS = sorted((pathlib.Path(__file__).parent.parent / "transcripts").glob("*.smtp"))
LISTENERS = {"bound": "sidecar", "starttls": "starttls", "tls": "implicit"}
_ESCAPE = re.compile(r"\\(r|n|0|t|\\|x[0-9A-Fa-f]{2})")


class Transcript:
    """A file, read: what must hold before it, and its steps as (kind, text)."""

    def __init__(self, path: pathlib.Path):
        self.before: dict[str, str] = {}
        self.steps: list[tuple[str, str]] = []
        for line in path.read_text().splitlines():
            kind, colon, text = line.partition(":")
            if not colon or line.startswith("#"):
                assert not line.strip() or line.startswith("#"), f"{path.name}: not a step: {line}"
            elif len(kind) == 1:
                self.steps.append((kind, text.removeprefix(" ")))
            else:
                self.before[kind] = text.strip()

    @property
    def for_machine_only(self) -> bool:
        return self.before.get("runs") == "machine"


def octets(text: str) -> bytes:
    """A client's line with its escapes undone."""
    named = {"r": "\r", "n": "\n", "0": "\0", "t": "\t", "\\": "\\"}
    return _ESCAPE.sub(lambda found: named.get(found[1]) or chr(int(found[1][1:], 16)), text).encode(
        "latin-1"
    )


def played(wire: Wire, transcript: Transcript, trusting) -> None:
    """Plays the client and compares the server's lines. Consecutive client lines go in one write."""
    waiting = b""
    for kind, text in transcript.steps:
        if kind in "Cc":
            waiting += octets(text) + (b"\r\n" if kind == "C" else b"")
            continue
        if waiting:
            wire.send(waiting)
            waiting = b""
        if kind == "S":
            said = wire.read_line().decode("latin-1")
            assert fnmatch.fnmatchcase(said, _pattern(text)), f"said {said!r}, not {text!r}"
        elif kind == "T":
            wire.socket = trusting.wrap_socket(wire.socket, server_hostname="localhost")
        elif kind == "X":
            assert wire.at_end()
        else:
            assert kind in "QE", f"unknown kind of line: {kind}"
    if waiting:
        wire.send(waiting)


def _pattern(text: str) -> str:
    """Only the asterisk is special."""
    return text.replace("[", "[[]").replace("?", "[?]")


@pytest.mark.parametrize(
    "path", [path for path in PATHS if not Transcript(path).for_machine_only], ids=lambda path: path.stem
)
def test_the_dialogue_goes_as_written(shared_site, path):
    transcript = Transcript(path)
    listener = LISTENERS[transcript.before.get("listener", "bound")]
    trusting = shared_site.keys.trusting()
    tls = trusting if listener == "implicit" else None
    with Wire(shared_site.relay.port(listener), tls, greet=False) as wire:
        played(wire, transcript, trusting)


def test_there_are_dialogues():
    assert len(PATHS) >= 40
