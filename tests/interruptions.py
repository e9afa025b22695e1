"""Kill a run at random moments, let it go on, and compare what it has made with an uninterrupted run."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil
from checkout import Checkout

from hypersvg.pipeline.alone import is_snakemake
from hypersvg.pipeline.exhibits_index import NOTEBOOKS, exhibit_files
from hypersvg.pipeline.orphans import orphans, title

PATIENCE = 1800.0
"""Seconds after which a run that should have ended is a failure."""
CORES = "2"
TIMED_CLAIMS = ("warm_up_", "adaptive_costs")


def start(checkout: Checkout, goal: str, log: Path, **variables: object) -> subprocess.Popen[bytes]:
    """``make goal`` in a copy of the checkout, with this environment, in a process group of its own.

    It heeds Ctrl-C even where this process was started in the background of a shell, which makes it deaf to it.
    """
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PYTHONPATH": str(checkout.folder / "src"), "PATH": path}
    pairs = [f"{key}={value}" for key, value in {"VENV": sys.prefix, "CORES": CORES, **variables}.items()]
    command = ["make", "-o", "environment", goal, *pairs]
    with log.open("wb") as file:
        return subprocess.Popen(
            command,
            cwd=checkout.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        )


def family(run: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """A run's processes: make, Snakemake, jobs, kernels."""
    try:
        top = psutil.Process(run.pid)
        return [top, *top.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def words(process: psutil.Process) -> list[str]:
    """The command of a process; empty when it has ended."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def snakemakes(run: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Snakemake, once it has started."""
    return [one for one in family(run) if is_snakemake(words(one))]


def jobs(run: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """The jobs that are at work."""
    return [one for one in family(run) if words(one)[1:3] == ["-m", "hypersvg"]]


def strike(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            continue


def kill_tree(run: subprocess.Popen[bytes], rng: random.Random) -> None:
    strike(rng.sample(everyone := family(run), len(everyone)), signal.SIGKILL)


def kill_job(run: subprocess.Popen[bytes], rng: random.Random) -> None:
    strike(rng.sample(jobs(run), 1) if jobs(run) else [], signal.SIGKILL)


def kill_snakemake(run: subprocess.Popen[bytes], rng: random.Random) -> None:
    strike(snakemakes(run) or family(run), signal.SIGKILL)


def kill_stopped(run: subprocess.Popen[bytes], rng: random.Random) -> None:
    """Stop the jobs first: they cannot notice that their run is gone, and are found alive by the next one."""
    strike(jobs(run), signal.SIGSTOP)
    strike(snakemakes(run) or family(run), signal.SIGKILL)


def end_group(run: subprocess.Popen[bytes], rng: random.Random) -> None:
    os.killpg(run.pid, signal.SIGTERM)


def end_snakemake(run: subprocess.Popen[bytes], rng: random.Random) -> None:
    strike(snakemakes(run) or family(run), signal.SIGTERM)


def interrupt(run: subprocess.Popen[bytes], rng: random.Random) -> None:
    os.killpg(run.pid, signal.SIGINT)


def still_stopped(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    """Those that stay stopped; the kernel hangs up on some, those whose group has lost its parents."""
    stopped = [one for one in processes if is_stopped(one)]
    time.sleep(1 if stopped else 0)
    return [one for one in stopped if is_stopped(one)]


def is_stopped(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_STOPPED
    except psutil.NoSuchProcess:
        return False


Kill = Callable[[subprocess.Popen[bytes], random.Random], None]
KILLS: dict[str, Kill] = {
    "kill -9 of everything": kill_tree,
    "kill -9 of one job": kill_job,
    "kill -9 of Snakemake alone": kill_snakemake,
    "kill -9 of Snakemake, its jobs stopped": kill_stopped,
    "SIGTERM to everything": end_group,
    "SIGTERM to Snakemake alone": end_snakemake,
    "Ctrl-C": interrupt,
}


@dataclass(frozen=True)
class Interruption:
    """One kill: what, after how many seconds of its run and finished jobs, which jobs it met, what was said.

    ``left`` are the processes of stopped jobs that outlived their run: a later one must name each, and end it.
    """

    kind: str
    seconds: float
    finished: int
    met: tuple[str, ...]
    status: int
    said: tuple[str, ...]
    left: tuple[int, ...]
    next_said: list[str] = field(default_factory=list)


def finished(results: Path) -> int:
    """Jobs of a run that are done, by their sidecars; folders may come and go meanwhile, hidden ones are in work."""
    folders = ((Path(folder), names) for folder, _, names in os.walk(results))
    shown = [name for folder, names in folders if not folder.name.startswith(".") for name in names]
    return sum(name.endswith("provenance.json") for name in shown)


def sentences(log: Path) -> list[str]:
    """What the program itself has said in a run's output."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return [line for line in lines if line.startswith("hypersvg: ")]


@dataclass
class Ordeal:
    """``make goal`` with ``variables`` in ``checkout``, killed again and again and continued.

    ``folder`` takes its output and the results of an uninterrupted run; ``results`` is where it writes. ``startup``:
    seconds until its first job; ``pace``: seconds that a job takes.
    """

    checkout: Checkout
    goal: str
    variables: dict[str, object]
    results: Path
    folder: Path
    seconds: float = 0.0
    startup: float = 0.0
    pace: float = 0.0
    jobs: int = 0
    completed: int = 0
    differing: list[str] = field(default_factory=list)
    remaining: list[str] = field(default_factory=list)
    happened: list[Interruption] = field(default_factory=list)

    @property
    def log(self) -> Path:
        """What the present run says."""
        return self.folder / "run.log"

    @property
    def uninterrupted(self) -> Path:
        """The results to compare with."""
        return self.folder / "uninterrupted"

    def begin(self) -> subprocess.Popen[bytes]:
        return start(self.checkout, self.goal, self.log, **self.variables)

    def measure(self) -> None:
        """Run once without interruption: how long it takes, how many jobs it has, what it makes."""
        began, run = time.monotonic(), self.begin()
        self.wait_for(run, lambda: bool(jobs(run)))
        self.startup = time.monotonic() - began
        self.require_end(run)
        self.seconds, self.jobs = time.monotonic() - began, finished(self.results)
        self.pace = (self.seconds - self.startup) * int(CORES) / self.jobs
        self.results.rename(self.uninterrupted)
        shutil.rmtree(self.checkout.folder / ".snakemake")

    def endure(self, kills: int, seed: int, tell: Callable[[str], object] = str) -> None:
        """Kill ``kills`` times, from nothing again whenever the end was reached, then let it end; ``tell`` each."""
        rng = random.Random(seed)
        kinds = [list(KILLS)[number % len(KILLS)] for number in range(kills)]
        rng.shuffle(kinds)
        misses = 0
        while kinds:
            one = self.suffer(kinds[-1], rng)
            self.tell_last()
            if one is None:
                misses += 1
                assert misses <= kills, f"{kinds[-1]!r}: the run ends before or in spite of it, again and again"
                self.compare()
                self.pace *= 0.7  # measured on a busier machine
                shutil.rmtree(self.results)
                shutil.rmtree(self.checkout.folder / ".snakemake")
            else:
                self.happened.append(one)
                kinds.pop()
                tell(f"{len(self.happened)} of {kills}: {one.kind} after {one.seconds:.0f} s, {one.finished} jobs done")
        self.require_end(self.begin())
        self.tell_last()
        self.compare()

    def suffer(self, kind: str, rng: random.Random) -> Interruption | None:
        """Start or continue, and kill: while it starts, or when up to one more job is done and others are at work.

        ``None`` where the run came to its end before or in spite of it.
        """
        early, enough = rng.random() < 0.3, finished(self.results) + rng.choice((0, 0, 1))
        began, run = time.monotonic(), self.begin()
        if not early:
            self.wait_for(run, lambda: finished(self.results) >= enough and bool(jobs(run)))
        stop = time.monotonic() + rng.uniform(0, self.startup if early else self.pace)
        self.wait_for(run, lambda: time.monotonic() >= stop)
        if kind in ("kill -9 of one job", "kill -9 of Snakemake, its jobs stopped"):
            self.wait_for(run, lambda: bool(jobs(run)))
        if run.poll() is not None:
            self.require_end(run)
            return None
        living = jobs(run)
        met, done = tuple(title(one) for one in living), finished(self.results)
        seconds = time.monotonic() - began
        KILLS[kind](run, rng)
        status = self.status(run)
        if status == 0:
            return None
        left = tuple(one.pid for one in still_stopped(living))
        return Interruption(kind, seconds, done, met, status, tuple(sentences(self.log)), left)

    def wait_for(self, run: subprocess.Popen[bytes], condition: Callable[[], bool]) -> None:
        """Until the condition holds or the run has ended; one that does not end, or whose test is ended, is killed."""
        until = time.monotonic() + PATIENCE
        try:
            while run.poll() is None and not condition():
                assert time.monotonic() < until, self.log.read_text(encoding="utf-8")
                time.sleep(0.02)
        except BaseException:
            strike(family(run), signal.SIGKILL)
            raise

    def status(self, run: subprocess.Popen[bytes]) -> int:
        """How the run ended."""
        self.wait_for(run, lambda: False)
        return run.returncode

    def require_end(self, run: subprocess.Popen[bytes]) -> None:
        """Wait until the run has ended well."""
        assert self.status(run) == 0, self.log.read_text(encoding="utf-8")

    def compare(self) -> None:
        """Of a run that came to its end, note the files that are not as they should be, and processes it has left."""
        self.completed += 1
        self.differing.extend(differing(self.uninterrupted, self.results))
        self.remaining.extend(" ".join(words(one)) for one in orphans(self.checkout.folder))

    def unnamed(self) -> list[int]:
        """Stopped jobs that outlived their run and that no later one has named (one killed early names nobody)."""
        later = [
            "\n".join(line for one in self.happened[n:] for line in one.next_said) for n in range(len(self.happened))
        ]
        return [
            pid
            for one, said in zip(self.happened, later, strict=True)
            for pid in one.left
            if f"at work (process {pid}); it is ended and made again" not in said
        ]

    def tell_last(self) -> None:
        """Note what the run after the last kill has said, once."""
        if self.happened and not self.happened[-1].next_said:
            self.happened[-1].next_said.extend(sentences(self.log) or ["(went on without a word)"])


def compared(results: Path) -> dict[str, bytes]:
    """What must be equal: every file of a run, apart from logs, sidecars and what is made of measured seconds.

    Of the claims, those on runtimes are left out; the page of the claims and the notebooks on runtimes are made of
    the same seconds.
    """
    timed = [name for name, notebook in NOTEBOOKS.items() if "runtimes" in notebook.tables]
    files = {file for name in timed for exhibit in NOTEBOOKS[name].exhibits for file in exhibit_files(exhibit)}
    files |= {f"{name}.{ending}" for name in timed for ending in ("ipynb", "html")}
    files |= {"runtimes.parquet", "claims.md", "claims.json"}
    found = {
        str(path.relative_to(results)): path.read_bytes()
        for path in sorted(results.rglob("*"))
        if path.is_file() and path.name not in files and not path.name.endswith("provenance.json")
        if path.suffix != ".log"
    }
    if (results / "claims.json").is_file():
        records = json.loads((results / "claims.json").read_text(encoding="utf-8"))
        kept = [record for record in records if not record["id"].startswith(TIMED_CLAIMS)]
        found["claims.json"] = json.dumps(kept, indent=1).encode()
    return found


def differing(first: Path, second: Path) -> list[str]:
    """Files that only one of two runs has, or that differ."""
    one, two = compared(first), compared(second)
    return sorted(name for name in one.keys() | two.keys() if one.get(name) != two.get(name))
