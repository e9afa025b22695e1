"""A copy of the checkout in which the workflow can be planned, with stand-ins for the files that jobs would make."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from hypersvg.pipeline.exhibits_index import NOTEBOOKS

ROOT = Path(__file__).parents[1]
COPIED = ("Snakefile", "workflow", "config", "envs", "src", "profiles", "Makefile")


class Checkout:
    """Run Snakemake in a copy of the sources."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, folder / name)
        (folder / "notebooks").mkdir()
        for name in NOTEBOOKS:
            (folder / "notebooks" / f"{name}.ipynb").write_text("{}", encoding="utf-8")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command in the copy, on the copy's sources, with this interpreter's tools first on the PATH."""
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        environment = {**os.environ, "PYTHONPATH": str(self.folder / "src"), "PATH": path}
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )

    def snakemake(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Snakemake in the copy."""
        return self.run(sys.executable, "-m", "snakemake", *arguments)

    def plan(self, *targets: str, **config: object) -> dict[str, int]:
        """Planned jobs by rule, target rules left out."""
        pairs = [f"{key}={value}" for key, value in {"scale": "smoke", **config}.items()]
        done = self.snakemake(*targets, "--dry-run", "--quiet", "rules", "--config", *pairs)
        assert done.returncode == 0, done.stdout + done.stderr
        counts = dict(re.findall(r"^(\w+) +(\d+)$", done.stdout + done.stderr, re.MULTILINE))
        names = [name for name in counts if re.search("_job$|^gather_|^notebook_|^(images|claims)$", name)]
        return {name: int(counts[name]) for name in names}

    def pretend_finished(self, **config: object) -> None:
        """Make every output as an empty file and let Snakemake record it as made from the present sources."""
        pairs = [f"{key}={value}" for key, value in {"scale": "smoke", **config}.items()]
        summary = self.snakemake("--summary", "--config", *pairs)
        assert summary.returncode == 0, summary.stderr
        for line in summary.stdout.splitlines()[1:]:
            path = self.folder / line.split("\t")[0]
            if line.startswith("results/") and not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
        touched = self.snakemake("--touch", "--forceall", "--config", *pairs)
        assert touched.returncode == 0, touched.stderr
