"""Stage *ridge*: the L2 penalty of a linear regression, by telescoping sums (Vicol 2023, slides: UCI regression)."""

import pandas as pd
import torch

from hypersvg.experiments.estimators.outer import Contender, affordable, compete, evolutions, judged_on, whole_losses
from hypersvg.experiments.job import Job, Tables
from hypersvg.maths.estimators.evolution import full_es
from hypersvg.settings.tuning import Ridge
from hypersvg.tasks.ridge import RidgePenalty, diabetes

NAME = "log_penalty"
OPTIMUM = "optimum"
"""The method of the rows that hold the best penalty of a fine grid."""
GRID = (-12.0, 6.0, 361)
"""First, last and number of the logarithms that the optimum is found among."""


def run(job: Job) -> Tables:
    """Every estimator from every start; what counts is the error at the end, which the windows telescope to."""
    ridge = job.settings.ridge
    problems = {seed: RidgePenalty(diabetes(seed), ridge.length, seed) for seed in job.seeds}
    tables = compete(
        job,
        lambda seed: contenders(problems[seed], ridge),
        lambda seed: judged_on(problems[seed], ridge.judges, "final"),
        ridge.points,
    )
    best = [optimum(problems[seed], ridge, seed) for seed in job.seeds]
    return {name: pd.concat([frame, *(part[name] for part in best)]) for name, frame in tables.items()}


def contenders(problem: RidgePenalty, ridge: Ridge) -> list[Contender]:
    """Truncated ES, PES, ES-Single and full ES from every start."""
    found = []
    for number, start in enumerate(ridge.starts):
        theta, how = torch.tensor([start]), {"setting": f"start {number}", "names": (NAME,)}
        whole = full_es(problem, ridge.pairs, ridge.sigma, "final")
        found += evolutions(problem, ridge, theta, "final", **how)
        found.append(affordable("full_es", whole, ridge, theta, 2 * ridge.pairs * ridge.length, **how))
    return found


def optimum(problem: RidgePenalty, ridge: Ridge, seed: int) -> Tables:
    """Rows of the penalty with the least error after the last step, of a fine grid, on the judges' inner problems."""
    thetas = torch.linspace(*GRID)
    errors = whole_losses(problem, thetas.unsqueeze(1), ridge.judges, "final")
    place = int(errors.argmin())
    label = {"method": OPTIMUM, "setting": "-", "seed": seed, "update": 0}
    curve = {**label, "inner_steps": 0, "objective": float(errors[place]), "status": "ok"}
    parameter = {**label, "parameter": NAME, "value": float(thetas[place])}
    return {"outer_curves": pd.DataFrame([curve]), "outer_parameters": pd.DataFrame([parameter])}
