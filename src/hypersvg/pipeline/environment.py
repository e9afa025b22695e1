"""The environment variables that a run's jobs see."""

import os
import sys
from pathlib import Path


def use_this_checkout(root: Path) -> None:
    """Let jobs run this interpreter and the sources under ``root``, whether or not the environment is activated."""
    prepend("PATH", str(Path(sys.executable).parent))
    prepend("PYTHONPATH", str(root / "src"))


def prepend(variable: str, folder: str) -> None:
    """Put ``folder`` in front of a search path."""
    os.environ[variable] = os.pathsep.join(filter(None, (folder, os.environ.get(variable))))
