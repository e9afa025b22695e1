"""The table of the ppo stage."""

from hypersvg.schema.columns import SEED
from hypersvg.tables import Column, Table

PPO_UPDATES = Table(
    "ppo_updates",
    "Training of PPO, one row an update (Fig. 4.2).",
    ("seed", "arm", "update"),
    (
        SEED,
        Column("arm", "str", "sparse_once, sparse_every or dense"),
        Column("update", "int64", "PPO updates done"),
        Column("episodes", "int64", "20-step inner trainings done"),
        Column("td_error", "float64", "mean |r + γ(1 − done)V(s') − V(s)| over the update's rollout"),
        Column("policy_loss", "float64", "PPO's clipped policy loss"),
        Column("value_loss", "float64", "squared error of the value network"),
        Column(
            "eval_accuracy", "float64", "validation accuracy in [0, 1] at step 20 under the mean policy, unseen init"
        ),
        Column("rate", "float64", "mean learning rate of the evaluation episodes"),
    ),
)
