"""Stage *heuristic*: one-step hypergradients (GDTUO) against evolution strategies (Vicol 2023, slides).

Deviation: GDTUO adapts the rate within one training; here all contenders tune one rate over many inner problems.
"""

from hypersvg.experiments.estimators.outer import Contender, compete
from hypersvg.experiments.estimators.training import classification, contender, judged_on, objective, tuned
from hypersvg.experiments.job import Job, Tables
from hypersvg.tasks.classification import Classification
from hypersvg.tasks.unrolled import ConstantRate


def run(job: Job) -> Tables:
    """Every contender tunes a constant rate from the same start."""
    task, count = classification(job), job.settings.unrolled.evaluation_problems
    length = job.settings.heuristic.length
    return compete(
        job,
        lambda seed: contenders(job, task, seed),
        lambda seed: objective(judged_on(task, seed, ConstantRate(), length), count),
        job.settings.heuristic.evaluations,
    )


def contenders(job: Job, task: Classification, seed: int) -> list[Contender]:
    """The heuristic and truncated ES at K = 1; truncated ES, PES and ES-Single at the settings' K."""
    heuristic = job.settings.heuristic
    problem, start = tuned(task, seed, ConstantRate(), heuristic.length), (heuristic.start,)
    near = [
        contender("one_step", problem, heuristic, start, "one step", 1),
        contender("es", problem, heuristic, start, "one step", 1, "es_one_step"),
    ]
    return [*near, *(contender(name, problem, heuristic, start, "window") for name in ("es", "pes", "es_single"))]
