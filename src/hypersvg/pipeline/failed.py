"""What a failed run says at its end."""

import re
from collections.abc import Sequence
from pathlib import Path

LOG_LINE = re.compile(r"^\s*log: (?P<path>\S+) \(check log file", re.MULTILINE)
AGAIN = "finished jobs are kept: mend it and run the same command again"


def sentence(logs: Sequence[str]) -> str:
    """One sentence naming the failed job's log and its last line, from Snakemake's own log files."""
    text = "".join(read(Path(log)) for log in logs)
    found = LOG_LINE.search(text)
    if not found:
        return f"hypersvg: the run ended early ({AGAIN})."
    path = Path(found["path"])
    return f"hypersvg: {last_line(path)} [{path}] ({AGAIN})."


def last_line(path: Path) -> str:
    """The last line of a job's log without the program's name: the job's own sentence."""
    written = [line.strip() for line in read(path).splitlines() if line.strip()]
    return written[-1].removeprefix("hypersvg: ") if written else "a job was killed, or ran out of memory"


def read(path: Path) -> str:
    """The text of a log, empty where there is none."""
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
