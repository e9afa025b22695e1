"""The numbers that the ledger follows from one reading of the thesis to the next."""

from dataclasses import dataclass, field
from typing import Any

from hypersvg.claims.claim import Scale
from hypersvg.claims.metrics import METRICS, Sample
from hypersvg.reading.results import Results


@dataclass(frozen=True)
class Headline:
    """A number of a run: a metric of :mod:`hypersvg.claims.metrics` under a short printed name."""

    name: str
    label: str
    metric: str
    scale: Scale
    parameters: dict[str, Any] = field(default_factory=dict)

    def sample(self, results: Results) -> Sample:
        """The number on a run, a value a seed (and stratum)."""
        return METRICS[self.metric](results, **self.parameters)


def accuracy(name: str, label: str, method: str, grid: str) -> Headline:
    """Accuracy of an online method, mean over the starting rates of a grid."""
    return Headline(name, label, "accuracy_from_starts", "percent", {"method": method, "grid": grid})


STEERING = {"method": "adaptive", "grid": "good"}
HEADLINES = (
    accuracy("adaptive_good", "adaptive, good rates", "adaptive", "good"),
    accuracy("adaptive_bad", "adaptive, bad rates", "adaptive", "bad"),
    accuracy("bandit50_good", "Bandit50, good rates", "bandit50", "good"),
    accuracy("bandit50_bad", "Bandit50, bad rates", "bandit50", "bad"),
    accuracy("grid_good", "grid search, good rates", "grid", "good"),
    Headline("steering", "right signs, online", "steering_sign_agreement", "share", STEERING),
    Headline("offline", "offline SVG (iv)", "offline_accuracy", "percent"),
    Headline("offline_rate", "offline SVG, log10 rate", "offline_log_rate", "log10 rate"),
    Headline("skill", "surrogate's skill", "one_step_skill", "ratio"),
    Headline("signs", "right signs, offline", "gradient_sign_agreement", "share", {"kind": "counterfactual"}),
    Headline("ppo_once", "PPO, sparse-once", "ppo_accuracy", "percent", {"method": "ppo_sparse_once"}),
    Headline("ppo_every", "PPO, sparse-every", "ppo_accuracy", "percent", {"method": "ppo_sparse_every"}),
    Headline("ppo_dense", "PPO, dense", "ppo_accuracy", "percent", {"method": "ppo_dense"}),
    Headline("bo", "BO, quoted", "bo_accuracy", "percent", {"column": "quoted_accuracy"}),
    Headline("toy", "toy imitation's skill", "toy_skill", "ratio", {"momentum": 0.0}),
)
