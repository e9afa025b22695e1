"""The numbers that claims are about, by name: a new one is a function of a run in a module of this package."""

import inspect

from hypersvg.claims.metrics import baselines, estimators, offline, online, ppo, surrogate, toy
from hypersvg.claims.metrics.sample import Metric, Sample

MODULES = (toy, ppo, offline, surrogate, baselines, online, estimators)


def metrics_of(module: object) -> dict[str, Metric]:
    """The functions of a module that return a :class:`Sample`."""
    functions = dict(inspect.getmembers(module, inspect.isfunction))
    return {
        name: function
        for name, function in functions.items()
        if function.__module__ == getattr(module, "__name__", "") and function.__annotations__.get("return") is Sample
    }


METRICS: dict[str, Metric] = {name: metric for module in MODULES for name, metric in metrics_of(module).items()}

__all__ = ["METRICS", "Metric", "Sample"]
