"""What the last bits of a run depend on besides its settings, and whether two runs have it in common."""

from collections.abc import Iterable, Mapping
from typing import Any

WORDS = {
    "cpu_capability": "CPU capability",
    "processor": "processor",
    "threads": "threads",
    "device": "device",
}
"""Facts of a machine class and how they are called. Capability alone does not do: MKL and OpenBLAS choose their kernels
by the maker and model of the processor too."""
IGNORED = ("hypersvg",)
"""Versions that decide nothing: what changed in the package itself is what the gate is there to see."""


def machine_class(sidecars: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The different values of every fact among the jobs that compute, in order; a job without torch only copies."""
    machines = [one for one in sidecars if one["machine"].get("cpu_capability")]
    return {fact: sorted({str(value_of(one, fact)) for one in machines}) for fact in WORDS}


def value_of(sidecar: Mapping[str, Any], fact: str) -> Any:
    """One fact of a job's sidecar; the GPU's name where the job was not bound to the processor."""
    machine = sidecar["machine"]
    if fact == "device":
        return "cpu" if sidecar.get("device") == "cpu" or not machine.get("gpu") else machine["gpu"]
    return machine.get(fact)


def differences(new: Mapping[str, Any], old: Mapping[str, Any]) -> list[str]:
    """In words, what keeps two runs (their ``run_facts``) from being of one class; empty where nothing does.

    A fact that either does not record counts as different, and so do jobs of several machines in one run.
    """
    mine, theirs = new.get("machine_class", {}), old.get("machine_class", {})
    found = [
        f"{word} {said(mine.get(fact))}, there {said(theirs.get(fact))}"
        for fact, word in WORDS.items()
        if mine.get(fact) != theirs.get(fact) or len(mine.get(fact, [])) != 1 or "None" in mine[fact]
    ]
    versions, others = new.get("versions", {}), old.get("versions", {})
    names = [name for name in (versions | others) if name not in IGNORED and versions.get(name) != others.get(name)]
    return found + [f"{name} {versions.get(name, 'none')}, there {others.get(name, 'none')}" for name in names]


def said(values: list[str] | None) -> str:
    """Values of a fact as words."""
    return " and ".join(values) if values and values != ["None"] else "not recorded"


def shown(facts: Mapping[str, Any]) -> str:
    """A machine class in a few words."""
    values = facts.get("machine_class", {})
    torch = facts.get("versions", {}).get("torch", "unknown")
    parts = (values.get("device"), values.get("cpu_capability"), values.get("processor"))
    return f"{', '.join(said(part) for part in parts)}, torch {torch}, {said(values.get('threads'))} thread a job"
