"""The corpus of real and hostile mail, with the verdict each must get where the site may send as example.com."""

import dataclasses
import pathlib

CORPUS = pathlib.Path(__file__).parent.parent / "corpus"
REASONS = {  # the reasons that a verdict stands for
    "attachment": {"attachment"},
    "bulk": {"bulk"},
    "malformed": {"malformed", "loop", "recipient"},
    "sender": {"from-domain", "sender-domain"},
}


@dataclasses.dataclass(frozen=True)
class Case:
    """A message of the corpus."""

    path: pathlib.Path
    mail_from: str
    recipients: tuple[str, ...]
    verdict: str

    @property
    def name(self) -> str:
        return f"{self.path.parent.name}/{self.path.stem}"


def cases() -> list[Case]:
    """Every message of both manifests."""
    found = []
    for fields in _rows("adversarial"):
        found.append(_case("adversarial", fields[0], "noreply@example.com", 1, fields[2]))
    for fields in _rows("real"):
        found.append(_case("real", fields[0], fields[3].strip("<>"), int(fields[4]), fields[7]))
    return found


def _rows(folder: str) -> list[list[str]]:
    lines = (CORPUS / folder / "manifest.tsv").read_text().splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def _case(folder: str, name: str, mail_from: str, recipients: int, verdict: str) -> Case:
    names = tuple(f"r{number}@example.net" for number in range(recipients))
    return Case(CORPUS / folder / name, mail_from, names, verdict)
