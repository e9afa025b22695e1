"""``make kill-test SCALE=smoke KILLS=100``: kill a whole run again and again, and write down what happened.

Works in a copy of the checkout. The transcript names every kill: what, when, which jobs it met, what the run and the
next one said; and whether the results are those of an uninterrupted run.
"""

import argparse
import platform
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from checkout import ROOT, Checkout
from interruptions import Interruption, Ordeal, compared
from micro import write_micro

TRANSCRIPT = ROOT / "results" / "reference" / "interruptions.md"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--scale", default="smoke")
    options.add_argument("--kills", type=int, default=100)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--goal", default="replicate", help="what make makes")
    options.add_argument("--output", type=Path, default=TRANSCRIPT)
    chosen = options.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="hypersvg-kill-") as folder:
        page, well = kill_test(chosen, Path(folder))
    chosen.output.write_text(page, encoding="utf-8")
    print(f"hypersvg: {chosen.output}: {'all as promised' if well else 'NOT AS PROMISED'}")
    sys.exit(not well)


def kill_test(chosen: argparse.Namespace, folder: Path) -> tuple[str, bool]:
    """The transcript, and whether the results are those of an uninterrupted run and every process was accounted for."""
    checkout = Checkout(folder / "checkout")
    write_micro(checkout)
    subject = Ordeal(checkout, chosen.goal, {"SCALE": chosen.scale}, checkout.folder / "results" / chosen.scale, folder)
    subject.measure()
    subject.endure(chosen.kills, chosen.seed, partial(print, flush=True))
    return transcript(chosen, subject), not (subject.differing or subject.remaining or subject.unnamed())


def transcript(chosen: argparse.Namespace, subject: Ordeal) -> str:
    """The page."""
    kinds = Counter(one.kind for one in subject.happened)
    files = len(compared(subject.results))
    left = [pid for one in subject.happened for pid in one.left]
    named = len(left) - len(subject.unnamed())
    verdict = "the same, byte by byte" if not subject.differing else "not all the same"
    lines = [
        "# Interruptions",
        "",
        f"Written by `kill_100_times.py --scale {chosen.scale} --goal {chosen.goal} --kills {chosen.kills} --seed",
        f"{chosen.seed}` on {platform.platform()}. `make {chosen.goal} SCALE={chosen.scale}` ran once without",
        f"interruption: {subject.jobs} jobs, {subject.seconds:.0f} s. Then, from nothing, it was",
        f"started, killed and started again {len(subject.happened)} times; whenever it came to its end",
        "it was compared and started from nothing.",
        "",
        "| what | times |",
        "|---|---|",
        *(f"| {kind} | {count} |" for kind, count in sorted(kinds.items())),
        "",
        "## Comparison with the uninterrupted run",
        "",
        f"Compared {subject.completed} times, {files} files each: **{verdict}.** Which files are compared, and why not",
        "the others: [docs/interruptions.md](../../docs/interruptions.md).",
        "",
        *(f"- differs: `{name}`" for name in subject.differing),
        *[""][: len(subject.differing)],
        "## Processes",
        "",
        f"{len(left)} stopped jobs outlived their run; a later one has named and ended **{named}** of them. Processes",
        f"left where a run had come to its end: **{len(subject.remaining)}.**",
        "",
        "## Kill by kill",
        "",
        "| | what | after [s] | jobs done | jobs it met | status | it said | the next run said |",
        "|---|---|---|---|---|---|---|---|",
        *(row(number, one) for number, one in enumerate(subject.happened, start=1)),
        "",
    ]
    return "\n".join(lines)


def row(number: int, one: Interruption) -> str:
    """One kill as a line of the table."""
    cells = [
        *(str(number), one.kind, f"{one.seconds:.1f}", str(one.finished), "; ".join(one.met) or "–", str(one.status)),
        *(cell(said) for said in (one.said, one.next_said)),
    ]
    return f"| {' | '.join(cells)} |"


def cell(said: Sequence[str]) -> str:
    """Sentences in a cell."""
    return "<br>".join(one.removeprefix("hypersvg: ").replace("|", "\\|") for one in said) or "–"


if __name__ == "__main__":
    main()
