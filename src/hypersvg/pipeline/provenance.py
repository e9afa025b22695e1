"""Where a result came from: a JSON sidecar beside it. Times live here and never in a table."""

import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from hypersvg.files import write_text as write_text
from hypersvg.pipeline.clock import Clock
from hypersvg.pipeline.sources import source_files
from hypersvg.sidecars import settings_hash, sha256

PACKAGES = ("hypersvg", "torch", "numpy", "pandas", "pyarrow", "stable-baselines3", "bayesian-optimization")
LOCK = Path("envs/lock.txt")
CPUINFO = Path("/proc/cpuinfo")
SHOWN = ("results", "docs", "*.md")
"""Files under version control that are no sources, and that `make accept` writes; one that is read is an input."""


def write_json(path: Path, content: Mapping[str, Any] | Sequence[Any]) -> None:
    """Write JSON in one step."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def git_state(root: Path) -> dict[str, Any]:
    """Revision and whether the tree differs from it in more than :data:`SHOWN`; both null outside a git checkout."""
    try:
        revision = git(root, "rev-parse", "HEAD")
        others = (".", *(f":!{name}" for name in SHOWN))
        changed = git(root, "status", "--porcelain", "--untracked-files=no", "--", *others)
        return {"revision": revision, "dirty": bool(changed)}
    except (OSError, subprocess.CalledProcessError):
        return {"revision": None, "dirty": None}


def code_state(modules: tuple[str, ...], own: Sequence[str] = (), root: Path = Path()) -> dict[str, Any]:
    """``git`` and ``code`` of a sidecar: the revision, and SHA-256 of the modules' sources, of all they import
    and of the user's ``own`` files.

    To be asked for when a job begins: its sources may be edited while it runs.
    """
    files = [*source_files(modules, root), *own]
    return {"git": git_state(root), "code": {name: sha256(root / name) for name in files if (root / name).is_file()}}


def uncommitted(sidecar: Mapping[str, Any], root: Path = Path()) -> bool:
    """Whether a result was made with sources that differ from its revision's.

    Where the tree differed, its recorded sources are held against that revision; a result that has none is doubted.
    """
    state, files = sidecar["git"], sidecar.get("code", {})
    if not state["dirty"]:
        return False
    return not files or any(committed(root, state["revision"], name) != digest for name, digest in files.items())


@cache
def committed(root: Path, revision: str, name: str) -> str | None:
    """SHA-256 of a file as it is in a revision; ``None`` where it is not there."""
    command = ["git", "-C", str(root), "show", f"{revision}:{name}"]
    shown = subprocess.run(command, check=False, capture_output=True)
    return hashlib.sha256(shown.stdout).hexdigest() if shown.returncode == 0 else None


def git(root: Path, *arguments: str) -> str:
    """Standard output of one git command."""
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def machine() -> dict[str, Any]:
    """What the last bits of a result depend on: processor, instruction set, threads, device."""
    facts: dict[str, Any] = {"platform": platform.platform(), "cores": os.cpu_count(), "processor": processor()}
    torch = sys.modules.get("torch")
    if torch is not None:
        facts["cpu_capability"] = torch.backends.cpu.get_cpu_capability()
        facts["threads"] = torch.get_num_threads()
        facts["gpu"] = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return facts


def processor() -> str:
    """Maker, family and model of the processor, by which MKL and OpenBLAS choose their kernels."""
    try:
        first = CPUINFO.read_text(encoding="utf-8").split("\n\n")[0]
    except OSError:
        return platform.processor() or platform.machine()
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in first.splitlines())}
    words = [facts[key] for key in ("vendor_id", "cpu family", "model") if key in facts]
    return " ".join(words) or platform.machine()


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that numbers can depend on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def hashes(paths: Iterable[Path]) -> dict[str, str]:
    """SHA-256 of files by path."""
    return {str(path): sha256(path) for path in paths}


def provenance(
    settings: Mapping[str, Any], inputs: Mapping[str, str], outputs: Sequence[Path], clock: Clock, **facts: Any
) -> dict[str, Any]:
    """The content of a sidecar.

    ``settings`` are the blocks that the result depends on, ``inputs`` the SHA-256 of what was read by path, ``outputs``
    what was written, ``facts`` what only some results have (the job, its code) or know better. ``clock`` says where
    the time went, the hashes of the files included.
    """
    return {
        "git": git_state(Path()),
        "settings_hash": settings_hash(settings),
        "lock_hash": sha256(LOCK) if LOCK.is_file() else None,
        "versions": versions(),
        "machine": machine(),
        "device": dict(settings.get("run", {})).get("device"),
        **facts,
        "settings": settings,
        "inputs": inputs,
        "outputs": {path.name: sha256(path) for path in outputs},
        **clock.spent(),
        "finished": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }
