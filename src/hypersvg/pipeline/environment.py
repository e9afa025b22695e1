"""The environment variables that a run's jobs see."""

import os
import sys
from pathlib import Path


def use_this_checkout(root: Path) -> None:
    """Let jobs run this interpreter and the sources under ``root``, whether or not the environment is activated."""
    prepend("PATH", str(Path(sys.executable).parent))
    prepend("PYTHONPATH", str(root / "src"))
    keep_freed_memory()


def keep_freed_memory() -> None:
    """Let glibc keep freed blocks instead of handing them back: large gradients are then not zeroed page by page.

    Halves the time of a surrogate update at width 128; ignored by other C libraries; what is set already stays.
    """
    os.environ.setdefault("MALLOC_MMAP_MAX_", "0")
    os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", str(2**35))
    os.environ.setdefault("MALLOC_TOP_PAD_", str(2**28))


def prepend(variable: str, folder: str) -> None:
    """Put ``folder`` in front of a search path."""
    os.environ[variable] = os.pathsep.join(filter(None, (folder, os.environ.get(variable))))
