"""Stage *copying*: an LSTM learns to repeat a bit string with unrolls of one step (Vicol 2023, slides: copy task).

Two arms: a short string and a long one.
"""

from torch import Tensor

from hypersvg.experiments.estimators.outer import Contender, Evaluate, affordable, compete, evolutions, judged_on
from hypersvg.experiments.job import Job, Tables
from hypersvg.maths.estimators.differentiation import Backpropagation
from hypersvg.maths.random import seed_of, torch_generator
from hypersvg.settings.tuning import Copying
from hypersvg.tasks.copying import CopyTask


def run(job: Job) -> Tables:
    """Every estimator from common weights, judged on strings that nobody learned from."""
    copying = job.settings.copying
    bits = copying.short if job.arm == "short" else copying.long

    def problem(seed: int) -> CopyTask:
        return CopyTask(bits, seed_of(seed, "copying"), copying.hidden, copying.strings)

    def judge(seed: int) -> Evaluate:
        return per_spoken_bit(judged_on(problem(seed), copying.judges))

    tables = compete(job, lambda seed: contenders(problem(seed), copying, seed, job.arm), judge, copying.points)
    return {"outer_curves": tables["outer_curves"]}


def per_spoken_bit(evaluate: Evaluate) -> Evaluate:
    """Cross-entropy a spoken bit [nats]: nothing is paid while reading, which is the first half of the steps."""

    def spoken(theta: Tensor) -> float:
        return 2 * evaluate(theta)

    return spoken


def contenders(problem: CopyTask, copying: Copying, seed: int, arm: str) -> list[Contender]:
    """Truncated ES, PES, ES-Single and TBPTT with unrolls of K steps, and full backpropagation."""
    theta, particles = problem.initial(torch_generator(seed, "lstm")), 2 * copying.pairs
    truncated = Backpropagation(problem, copying.truncation, "mean", particles)
    whole = Backpropagation(problem, None, "mean", particles)
    return [
        *evolutions(problem, copying, theta, setting=arm),
        affordable("tbptt", truncated, copying, theta, particles * copying.truncation, setting=arm),
        affordable("backprop", whole, copying, theta, particles * problem.length, setting=arm),
    ]
