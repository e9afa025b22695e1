"""What a failed run says at its end."""

import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

LOG_LINE = re.compile(r"^\s*log: (?P<paths>.+) \(check log file", re.MULTILINE)
NAME = "hypersvg: "
ROOM = 2**20
"""Bytes below which a disk counts as full: the job's last words may not have found room either."""
AGAIN = "finished jobs are kept: mend it and run the same command again"


def sentence(logs: Sequence[str]) -> str:
    """One sentence naming the failed job's log and its own last words, from Snakemake's own log files."""
    text = "".join(read(Path(log)) for log in logs)
    found = [Path(path) for paths in LOG_LINE.findall(text) for path in paths.split(", ")]
    if not found:
        return f"{NAME}the run ended early ({AGAIN})."
    path = next((path for path in found if NAME in read(path)), found[0])
    said = last_words(path)
    return f"{NAME}{said} [{path}]." if said.startswith("interrupted") else f"{NAME}{said} [{path}] ({AGAIN})."


def last_words(path: Path) -> str:
    """The job's own sentence: the last line of its log that carries the program's name."""
    words = [line for line in read(path).splitlines() if line.startswith(NAME)]
    if words:
        return words[-1].removeprefix(NAME)
    if is_full(path.parent):
        return "the disk is full"
    return "a job ended without a word (killed, or a crash below Python)"


def is_full(folder: Path) -> bool:
    """Whether there is no room left for anything in ``folder``."""
    return folder.is_dir() and shutil.disk_usage(folder).free < ROOM


def tell_full_disk(folder: Path) -> None:
    """At the end of a Snakemake that broke down: say so where the reason is a disk on which not even it can write."""
    if is_full(folder):
        print(f"{NAME}the disk of {folder} is full; free some space ({AGAIN}).", file=sys.stderr, flush=True)


def read(path: Path) -> str:
    """The text of a log, empty where there is none."""
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
