"""Tables of the toy stage."""

from hypersvg.schema.columns import RATE, SEED
from hypersvg.tables import Column, Table

TOY_ROLLOUTS = Table(
    "toy_rollouts",
    "Rollouts on the toy task from unseen starts, true optimizer beside imitation (Fig. 4.1).",
    ("seed", "momentum", "start", "source", "step"),
    (
        SEED,
        Column("momentum", "float64", "momentum of the true optimizer"),
        Column("start", "float64", "initial iterate x₀"),
        Column("source", "str", "true or imitation"),
        Column("step", "int64", "optimizer steps done"),
        RATE,
        Column("iterate", "float64", "x"),
        Column("loss", "float64", "inner loss log(x² + 1 + sin 3x) + 1.5"),
    ),
)

TOY_ERRORS = Table(
    "toy_errors",
    "Errors of the imitation optimizer on held-out trajectories, against persistence s' = s.",
    ("seed", "momentum", "model"),
    (
        SEED,
        Column("momentum", "float64", "momentum of the true optimizer"),
        Column("model", "str", "imitation or persistence"),
        Column("one_step_rmse", "float64", "root mean squared error of the next iterate, from the true one"),
        Column("rollout_rmse", "float64", "root mean squared error of the iterates of whole rollouts"),
        Column("final_rmse", "float64", "root mean squared error of the last iterate of whole rollouts"),
        Column("trajectories", "int64", "held-out trajectories"),
    ),
)
