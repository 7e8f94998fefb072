"""The text format of Prometheus, read as far as the tests need it."""

import re
import urllib.request

_SAMPLE = re.compile(r"^(?P<name>[a-z0-9_]+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$")
_LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


class Scrape:
    """One answer of /metrics."""

    def __init__(self, text: str):
        self.text = text
        self.types = dict(re.findall(r"(?m)^# TYPE (\S+) (\S+)$", text))
        self.helped = set(re.findall(r"(?m)^# HELP (\S+) \S", text))
        self.samples: dict[tuple[str, frozenset], float] = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                found = _SAMPLE.match(line)
                assert found, f"not a sample: {line!r}"
                labels = frozenset(_LABEL.findall(found["labels"] or ""))
                self.samples[found["name"], labels] = float(found["value"])

    def value(self, name: str, **labels: str) -> float:
        """The sum over all samples of `postern_NAME` that have these labels; 0 if there is none."""
        wanted = frozenset(labels.items())
        return sum(
            value
            for (full, has), value in self.samples.items()
            if full == f"postern_{name}" and wanted <= has
        )

    def label_names(self, family: str) -> list[str]:
        """Label names of a family's samples, sorted, without a histogram's own `le`."""
        names = {
            label
            for (name, labels) in self.samples
            if re.fullmatch(re.escape(family) + "(_bucket|_sum|_count)?", name)
            for label, _ in labels
        }
        return sorted(names - {"le"})


def scrape(port: int) -> Scrape:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return Scrape(answer.read().decode())
