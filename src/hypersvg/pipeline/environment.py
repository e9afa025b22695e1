"""The environment variables that a run's jobs see."""

import os
import sys
from pathlib import Path

from hypersvg.pipeline.at_work import own_the_jobs

HUGE_PAGES = "glibc.malloc.hugetlb=1"
"""Large gradients then come in pages of 2 MiB instead of 4 KiB, each of which must be zeroed; nearly halves the time of
a surrogate update at width 128. Other C libraries ignore it, and what the user has set stays."""


def use_this_checkout(root: Path) -> None:
    """Let jobs run this interpreter and the sources under ``root``, whether or not the environment is activated."""
    prepend("PATH", str(Path(sys.executable).parent))
    prepend("PYTHONPATH", str(root / "src"))
    os.environ.setdefault("GLIBC_TUNABLES", HUGE_PAGES)
    own_the_jobs(Path())


def prepend(variable: str, folder: str) -> None:
    """Put ``folder`` in front of a search path."""
    os.environ[variable] = os.pathsep.join(filter(None, (folder, os.environ.get(variable))))
