"""``make bench``: from pytest-benchmark's JSON to ``results/reference/benchmarks.json`` and ``docs/performance.md``.

An object a line of the table: ``name``; ``ours_s`` and ``plain_s``, median seconds of ours and of the plain peer;
``floor_s``, the bytes that must move over the measured copy bandwidth, or the FLOPs over the measured rate of matrix
products; ``vs_plain`` = plain / ours and ``vs_floor`` = ours / floor; ``work``, ``goal``, ``series`` (the growth curves
it is a point of), ``spread`` (interquartile range over median), ``agreement`` of the two's weights, and ``machine``.
What was not measured is null.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypersvg.pipeline.benchmarks_table import section
from hypersvg.pipeline.provenance import write_json, write_text

REFERENCE = Path("results/reference")
DOCUMENT = Path("docs/performance.md")
Line = dict[str, Any]


@dataclass(frozen=True)
class Files:
    """Where the benchmarks of a device are committed, and the word between whose markers the document shows them."""

    json: Path
    marker: str


FILES = {
    "cpu": Files(REFERENCE / "benchmarks.json", "benchmarks"),
    "cuda": Files(REFERENCE / "benchmarks-cuda.json", "benchmarks on a GPU"),
}


def lines_of(source: Path, dacbench: Path | None = None) -> list[Line]:
    """The lines of a pytest-benchmark file, in its order, then other libraries'; ``dacbench`` is its peer's file.

    Raises ``ValueError`` for a file that is not there, or that ``make bench`` did not make.
    """
    if not source.is_file():
        raise ValueError(f"{source} is missing: no benchmark was run, only checks at most")
    raw = json.loads(source.read_text(encoding="utf-8"))
    if "hypersvg" not in raw:
        raise ValueError(f"{source} holds no rates of the machine; make it with `make bench`")
    machine, agreement = machine_of(raw), raw["hypersvg"]["agreement"]
    timed: dict[str, dict[str, Any]] = {}
    for one in raw["benchmarks"]:
        timed.setdefault(one["extra_info"]["item"], {})[one["extra_info"]["role"]] = one
    lines = [line(name, roles, machine, agreement.get(name)) for name, roles in timed.items()]
    peers = [one for one in raw["hypersvg"]["peers"] if one["item"] in timed]
    if dacbench is not None:
        peers = peers + json.loads(dacbench.read_text(encoding="utf-8"))
    return lines + peer_lines(peers, lines)


def machine_of(raw: dict[str, Any]) -> dict[str, Any]:
    """The machine, when it was measured, and on which revision."""
    commit = raw["commit_info"]
    when = {"date": raw["datetime"][:10], "revision": commit.get("id"), "dirty": commit.get("dirty")}
    return {**raw["hypersvg"]["machine"], **when}


def line(name: str, roles: dict[str, Any], machine: dict[str, Any], agreement: dict[str, Any] | None) -> Line:
    """One line from the benchmarks of its roles, ``ours`` and ``plain``; either may be missing."""
    facts = next(iter(roles.values()))["extra_info"]
    seconds = {role: one["stats"]["median"] for role, one in roles.items()}
    spread = {role: one["stats"]["iqr"] / one["stats"]["median"] for role, one in roles.items()}
    ours, plain, floor = seconds.get("ours"), seconds.get("plain"), floor_seconds(facts["work"], machine)
    return {
        "name": name,
        "ours_s": ours,
        "plain_s": plain,
        "floor_s": floor,
        "vs_plain": over(plain, ours),
        "vs_floor": over(ours, floor),
        "work": facts["work"],
        "goal": facts["goal"],
        "series": facts["series"],
        "spread": spread,
        "agreement": agreement,
        "machine": machine,
    }


def floor_seconds(work: dict[str, Any], machine: dict[str, Any]) -> float | None:
    """Bytes over the copy bandwidth (which counts what is read and what is written), or FLOPs over the GEMM rate."""
    if work["bytes"] is not None:
        return float(work["bytes"] / (1e9 * machine["copy_gb_per_s"]))
    if work["flop"] is not None:
        return float(work["flop"] / (1e9 * machine["gemm_gflop_per_s"]))
    return None


def over(numerator: float | None, denominator: float | None) -> float | None:
    """A ratio; ``None`` where a side was not measured."""
    return None if numerator is None or denominator is None else numerator / denominator


def peer_lines(peers: Sequence[Line], lines: Sequence[Line]) -> list[Line]:
    """The lines of other libraries, ``{"peer", "item", "plain_s", "work"}``, each beside our time of the named line.

    Raises ``ValueError`` naming an item that was not measured in this run.
    """
    ours, found = {one["name"]: one for one in lines}, []
    for peer in peers:
        if peer["item"] not in ours:
            raise ValueError(f"{peer['peer']} was measured on {peer['item']!r}, which is no item of this run")
        beside = ours[peer["item"]]
        found.append(
            {
                **beside,
                "name": f"{peer['item']}, against {peer['peer']}",
                "plain_s": peer["plain_s"],
                "vs_plain": over(peer["plain_s"], beside["ours_s"]),
                "work": {**beside["work"], "what": peer["work"]},
                "goal": {"vs_plain": None, "vs_floor": None},
                "series": [],
                "agreement": None,
            }
        )
    return found


def write_benchmarks(root: Path, device: str, lines: Sequence[Line]) -> None:
    """Write the JSON and the document's section of ``device``."""
    write_json(root / FILES[device].json, list(lines))
    document = root / DOCUMENT
    write_text(document, shown(document.read_text(encoding="utf-8"), root))


def shown(document: str, root: Path) -> str:
    """The document with the committed benchmarks of every device between its markers."""
    for files in FILES.values():
        path = root / files.json
        lines = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
        begin, end = (f"<!-- {files.marker}: {edge} -->" for edge in ("begin", "end"))
        head, rest = document.split(begin)
        _, tail = rest.split(end)
        document = f"{head}{begin}\n\n{section(lines)}\n\n{end}{tail}"
    return document
