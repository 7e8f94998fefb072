"""Resident memory of processes: RSS counts a shared page in each process, PSS divides it among all that map it."""

import collections
import dataclasses
import pathlib
import re
import threading

_MAPPING = re.compile(r"[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+ *(.*)")
_SIZE = re.compile(r"(Rss|Pss): +(\d+) kB")


@dataclasses.dataclass
class Memory:
    """MiB, and over how many processes."""

    rss: float = 0
    pss: float = 0
    processes: int = 0

    def __add__(self, other: "Memory") -> "Memory":
        return Memory(self.rss + other.rss, self.pss + other.pss, self.processes + other.processes)


def of_processes(processes: list[int]) -> Memory:
    """One that ends meanwhile counts nothing."""
    return sum((_read(process, "smaps_rollup").total for process in processes), Memory())


def by_file(process: int) -> dict[str, Memory]:
    """Of one process, by mapped file name; what belongs to no file is named by what it is."""
    return _read(process, "smaps").parts


@dataclasses.dataclass
class _Maps:
    parts: dict[str, Memory]

    @property
    def total(self) -> Memory:
        whole = sum(self.parts.values(), Memory())
        return Memory(whole.rss, whole.pss, 1 if self.parts else 0)


def _read(process: int, table: str) -> _Maps:
    parts = collections.defaultdict(Memory)
    name = ""
    try:
        for line in pathlib.Path(f"/proc/{process}/{table}").open():
            if mapping := _MAPPING.match(line):
                name = _name(mapping[1])
            elif size := _SIZE.match(line):
                mib = int(size[2]) / 1024
                parts[name] += Memory(rss=mib) if size[1] == "Rss" else Memory(pss=mib)
    except (FileNotFoundError, ProcessLookupError):
        return _Maps({})
    return _Maps(parts)


def _name(mapped: str) -> str:
    if mapped.startswith("["):
        return {"[heap]": "heap", "[stack]": "stacks"}.get(mapped, mapped)
    return mapped.rpartition("/")[2] or "anonymous (thread heaps, stacks, relocated data)"


class Peak:
    """The highest sums seen while the block runs, sampled in a thread: `with Peak(processes) as peak`."""

    def __init__(self, processes, seconds: float = 0.4):
        self._processes, self._seconds = processes, seconds
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self.memory = Memory()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._end.wait(self._seconds):
            now, most = of_processes(self._processes()), self.memory
            self.memory = Memory(
                max(now.rss, most.rss), max(now.pss, most.pss), max(now.processes, most.processes)
            )
