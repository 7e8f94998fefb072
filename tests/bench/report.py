"""The result as Markdown: one table with ratios, and what the idle relay's memory is."""

_BUSY = 0.5  # load average per CPU above which absolute figures say little
_LARGEST = 10


def markdown(result: dict, plan: list) -> str:
    postern, postfix = result["relays"]["postern"], result["relays"].get("postfix")
    rsa = result["rsa_signature_ms"]
    rows = [_row("**idle**")]
    rows += _memory(postern["idle"], postfix and postfix["idle"], "")
    for scenario in plan:
        ours = postern["scenarios"][scenario.name]
        theirs = postfix and postfix["scenarios"][scenario.name]
        rows.append(_row(f"**{scenario.name}: {scenario.title}**"))
        for name, title in _FIGURES.items():
            rsas = _ratio(ours[name], rsa) if name == "cpu_ms_per_message" else ""
            rows.append(_compare(title, ours[name], theirs and theirs[name], rsas))
        rows += _memory(ours["peak"], theirs and theirs["peak"], "peak ")
    titles = ("", "Postern", "Postfix + OpenDKIM", "Postern : Postfix", "Postern : RSA")
    head = [_row(*titles), "| --- |" + " --: |" * 4]
    notes = [_heading(result), *_warnings(result), ""]
    return "\n".join(notes + head + rows + ["", *_shares(postern["idle_by_file"])])


_FIGURES = {
    "messages_per_second": "messages/s",
    "cpu_ms_per_message": "**CPU ms/message**",
    "accept_p50_ms": "accept p50 ms",
    "accept_p99_ms": "accept p99 ms",
}


def _heading(result: dict) -> str:
    settings = result["settings"]
    return (
        f"{settings['total']} messages of {settings['size']} octets a closed loop, "
        f"{result['machine']['cpus']} CPUs shared by clients, relay and upstream; median of {settings['repeat']}. "
        f"One RSA-2048 signature alone: {result['rsa_signature_ms']:.3f} ms of CPU."
    )


def _warnings(result: dict) -> list[str]:
    load, cpus = result["machine"]["load_average_at_start"], result["machine"]["cpus"]
    warnings = [result["missing"]] if result["missing"] else []
    if load > _BUSY * cpus:
        busy = f"The machine was busy (load average {load:.1f})"
        warnings.append(busy + ": trust the ratios of CPU, not times and rates.")
    return [text for warning in warnings for text in ("", warning)]


def _memory(ours: dict, theirs: dict | None, when: str) -> list[str]:
    rows = [
        _compare(f"{when}{kind.upper()} MiB", ours[kind], theirs and theirs[kind]) for kind in ("pss", "rss")
    ]
    counts = (f"{ours['processes']:.0f}", f"{theirs['processes']:.0f}" if theirs else "–")
    return [*rows, _row(f"{when}processes", *counts)]


def _compare(title: str, ours: float, theirs: float | None, rsas: str = "") -> str:
    if theirs is None:
        return _row(title, _number(ours), "–", "–", rsas)
    return _row(title, _number(ours), _number(theirs), _ratio(ours, theirs), rsas)


def _ratio(ours: float, theirs: float) -> str:
    if min(ours, theirs) <= 0:
        return "–"
    return f"1 : {theirs / ours:.1f}" if ours < theirs else f"{ours / theirs:.1f} : 1"


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells + ("",) * (5 - len(cells))) + " |"


def _shares(parts: dict) -> list[str]:
    """The largest shares of the idle process, by PSS."""
    ranked = sorted(parts.items(), key=lambda part: -part[1]["pss"])
    rest = ranked[_LARGEST:]
    lines = ["| idle Postern, by mapped file | PSS MiB | RSS MiB |", "| --- | --: | --: |"]
    lines += [f"| {name} | {part['pss']:.2f} | {part['rss']:.2f} |" for name, part in ranked[:_LARGEST]]
    pss, rss = (sum(part[kind] for _, part in rest) for kind in ("pss", "rss"))
    return [*lines, f"| {len(rest)} others | {pss:.2f} | {rss:.2f} |"]
