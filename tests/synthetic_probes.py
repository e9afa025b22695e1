"""Made-up probes of a surrogate and of steering, by their schema: one surrogate that half knows the truth."""

from itertools import product

import numpy as np
import pandas as pd

from hypersvg.settings import Settings

KINDS = {"true": 1.0, "counterfactual": 0.3, "mean": 0.2, "sampled": 0.1}
"""How much of the true hypergradient each kind holds; the rest is noise."""


def probe_tables(settings: Settings, random: np.random.Generator) -> dict[str, pd.DataFrame]:
    """The tables ``surrogate_errors``, ``surrogate_gradients`` and ``landscapes``."""
    keys = list(product(range(settings.run.seeds), settings.offline.unrolls, range(settings.offline.probed)))
    return {
        "surrogate_errors": pd.DataFrame([row for key in keys for row in errors(key, random)]),
        "surrogate_gradients": pd.DataFrame([row for key in keys for row in gradients(settings, key, random)]),
        "landscapes": pd.DataFrame([row for key in keys for row in landscapes(settings, key)]),
    }


def labels(key: tuple[int, int, int]) -> dict[str, int]:
    return dict(zip(("seed", "unroll", "trajectory"), key, strict=True))


def errors(key: tuple[int, int, int], random: np.random.Generator) -> list[dict[str, float]]:
    rows = []
    for step in range(1, key[1] + 1):
        still = 2e-4 * float(np.exp(random.normal(0, 0.1)))
        columns = {"one_step_error": 0.9 * still, "one_step_persistence": still}
        columns |= {"free_error": 1.1 * still * step, "free_persistence": still * step}
        columns |= {"derivative_cosine": 0.1 + random.normal(0, 0.05), "derivative_ratio": 0.02}
        rows.append({**labels(key), "step": step, **columns})
    return rows


def gradients(settings: Settings, key: tuple[int, int, int], random: np.random.Generator) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for draw in range(settings.offline.probe_draws):
        truth = -0.3 + random.normal(0, 0.02)
        for kind, share in KINDS.items():
            value = share * truth + (1 - share) * random.normal(0, 0.1)
            columns = {"kind": kind, "draw": draw, "rate": 0.01, "gradient": value, "state_cosine": share}
            rows.append({**labels(key), **columns})
    return rows


def landscapes(settings: Settings, key: tuple[int, int, int]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for rate in np.logspace(-5, 0, settings.offline.probe_rates):
        away = (np.log10(rate) + 2) ** 2
        losses = {"true": 0.4 + 0.3 * away, "inferred": 2.0, "counterfactual": 2.0 + 0.01 * away}
        losses |= {"mean": 2.0 - 0.01 * away, "sampled": 20 + 0.1 * np.log10(rate)}
        rows += [{**labels(key), "kind": kind, "rate": rate, "loss": loss} for kind, loss in losses.items()]
    return rows


def steering(curves: pd.DataFrame, methods: list[str], random: np.random.Generator) -> pd.DataFrame:
    """``steering_gradients`` for the steered steps of ``curves``."""
    steered = curves[
        curves.method.isin(methods) & ((curves.phase == "warm_up") | ~curves.method.str.contains("bandit"))
    ]
    truth = random.normal(-0.1, 0.1, len(steered))
    learned = np.where(steered.method == "hypergradient", truth, 0.2 * truth + random.normal(0, 0.05, len(steered)))
    keys = ["method", "grid", "run", "start", "seed", "step"]
    return steered[keys].assign(learned=learned, true=truth).reset_index(drop=True)
