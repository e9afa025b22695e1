"""Metrics of the trained offline surrogate against the true optimizer, on held-out trajectories (strata: unrolls)."""

import numpy as np
import pandas as pd

from hypersvg.claims.metrics.sample import Array, Sample, by_seed
from hypersvg.reading.results import Levels, Results

HIGHEST = 0.1
"""Rates above it are left out of landscapes: no recorded trajectory has them."""


def read(results: Results, table: str) -> pd.DataFrame:
    """A table of the probes; every seed and unroll must be there."""
    return results.complete(table, {"seed": results.seeds, "unroll": results.settings.offline.unrolls})


def final_model_loss(results: Results) -> Sample:
    """Mean squared one-step error of a parameter on the last training batch: the loss of eq. 4.1.1."""
    last = results.settings.offline.iterations
    levels: Levels = {"seed": results.seeds, "unroll": results.settings.offline.unrolls, "iteration": [last]}
    return Sample(by_seed(results.complete("offline_curves", levels), "model_loss", ["unroll"]))


def one_step_skill(results: Results) -> Sample:
    """1 − squared error of one predicted step over that of s' = s."""
    return Sample(skill(read(results, "surrogate_errors"), "one_step_error", "one_step_persistence"))


def free_skill(results: Results) -> Sample:
    """1 − squared error of the free-running chain at the end of the unroll over that of staying at s_0."""
    errors = read(results, "surrogate_errors")
    return Sample(skill(errors[errors.step == errors.unroll], "free_error", "free_persistence"))


def skill(errors: pd.DataFrame, model: str, still: str) -> Array:
    """1 − mean(model) / mean(still), ``[seeds, unrolls]``."""
    return 1 - by_seed(errors, model, ["unroll"]) / by_seed(errors, still, ["unroll"])


def derivative_cosine(results: Results) -> Sample:
    """Cosine between the surrogate's ∂g/∂a and the true ∂s'/∂a."""
    return Sample(by_seed(read(results, "surrogate_errors"), "derivative_cosine", ["unroll"]))


def gradients(results: Results, kind: str) -> pd.DataFrame:
    """Columns ``learned`` and ``true`` side by side: dL/d ln a, a row a trajectory and draw; 0 where not finite."""
    frame = read(results, "surrogate_gradients")
    keys = ["seed", "unroll", "trajectory", "draw"]
    wide = frame.pivot(index=keys, columns="kind", values="gradient").replace([np.inf, -np.inf], np.nan).fillna(0.0)
    return pd.DataFrame({"learned": wide[kind], "true": wide["true"]}).reset_index()


def gradient_sign_agreement(results: Results, kind: str) -> Sample:
    """Share of held-out hypergradients whose sign is that of the true one."""
    frame = gradients(results, kind)
    frame["agrees"] = (np.sign(frame["learned"]) == np.sign(frame["true"])).astype(np.float64)
    return Sample(by_seed(frame, "agrees", ["unroll"]))


def gradient_cosine(results: Results, kind: str) -> Sample:
    """Cosine between the surrogate's and the true hypergradients of all held-out trajectories, minibatches averaged."""
    frame, unrolls = gradients(results, kind), len(results.settings.offline.unrolls)
    learned, true = (
        by_seed(frame, name, ["unroll", "trajectory"]).reshape(len(results.seeds), unrolls, -1)
        for name in ("learned", "true")
    )
    norm = np.linalg.norm(learned, axis=2) * np.linalg.norm(true, axis=2)
    product = (learned * true).sum(axis=2)
    return Sample(np.divide(product, norm, out=np.zeros_like(product), where=norm > 0))


def signal_to_noise_gain(results: Results, kind: str) -> Sample:
    """log10 of |mean|/sd over minibatches (and ξ) of the surrogate's hypergradient, minus that of the true one."""
    groups = gradients(results, kind).groupby(["seed", "unroll", "trajectory"])[["learned", "true"]]
    ratio = (groups.mean().abs() + 1e-30) / (groups.std() + 1e-30)
    gain = np.log10(ratio["learned"]) - np.log10(ratio["true"])
    return Sample(by_seed(gain.rename("gain").reset_index(), "gain", ["unroll"]))


def landscape(results: Results, kind: str) -> pd.DataFrame:
    """Losses of a kind ``[(seed, unroll, trajectory), rate]`` up to :data:`HIGHEST`."""
    frame = read(results, "landscapes")
    chosen = frame[(frame.kind == kind) & (frame.rate <= HIGHEST)]
    return chosen.pivot_table(index=["seed", "unroll", "trajectory"], columns="rate", values="loss")


def roughness(losses: pd.DataFrame) -> "pd.Series[float]":
    """Sum of |second differences| of the loss over log rate, in units of its own range; 0 where it is flat."""
    values = losses.to_numpy()
    extent = values.max(axis=1) - values.min(axis=1)
    bend = np.abs(np.diff(values, n=2, axis=1)).sum(axis=1)
    return pd.Series(np.divide(bend, extent, out=np.zeros_like(bend), where=extent > 1e-9), index=losses.index)


def roughness_difference(results: Results, kind: str) -> Sample:
    """Roughness of the true loss landscape over log rate minus that of the surrogate's; positive is smoother."""
    gain = roughness(landscape(results, "true")) - roughness(landscape(results, kind))
    return Sample(by_seed(gain.rename("gain").reset_index(), "gain", ["unroll"]))


def landscape_regret(results: Results, kind: str) -> Sample:
    """True loss at the rate that the surrogate's landscape calls best, minus the least true loss [nats]."""
    true, learned = landscape(results, "true").to_numpy(), landscape(results, kind)
    found = true[np.arange(len(true)), learned.to_numpy().argmin(axis=1)]
    regret = pd.Series(found - true.min(axis=1), index=learned.index, name="regret")
    return Sample(by_seed(regret.reset_index(), "regret", ["unroll"]))
