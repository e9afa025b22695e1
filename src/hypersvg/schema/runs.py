"""Tables of finished runs and of learning curves, of any method."""

from hypersvg.schema.columns import GRID, METHOD, RATE, RUN, SEED, START, STATUS
from hypersvg.tables import Column, Table

CURVES = Table(
    "curves",
    "Learning curves of the online stage and of grid and random search, one row a step.",
    ("method", "grid", "run", "seed", "step"),
    (
        METHOD,
        GRID,
        RUN,
        START,
        SEED,
        Column("step", "int64", "inner steps done, warm-up included; counted from 1"),
        Column("phase", "str", "warm_up or main"),
        RATE,
        Column("train_loss", "float64", "cross-entropy [nats] of the step's minibatch before the step"),
        Column("val_accuracy", "float64", "accuracy in [0, 1] on the first data.curve_images validation images"),
        STATUS,
    ),
)

RUNS = Table(
    "runs",
    "One row a finished run of any method: the number that would be quoted, and its fresh re-evaluation.",
    ("method", "grid", "run", "seed"),
    (
        METHOD,
        GRID,
        RUN,
        START,
        SEED,
        RATE,
        Column("quoted_accuracy", "float64", "validation accuracy in [0, 1] as the thesis would quote it"),
        Column("val_accuracy", "float64", "validation accuracy in [0, 1], all images; re-evaluated where selected"),
        Column("test_accuracy", "float64", "test accuracy in [0, 1], all images, of the same parameters"),
        STATUS,
        Column("inner_steps", "int64", "gradient steps of the true optimizer charged to the run"),
        Column("evaluations", "int64", "accuracy evaluations charged to the run (selection and rewards)"),
        Column("surrogate_updates", "int64", "updates of the surrogate charged to the run"),
    ),
)

STEERING_GRADIENTS = Table(
    "steering_gradients",
    "Online, one row a step: the hypergradient that the policy learns from, beside the true one-step one.",
    ("method", "grid", "run", "seed", "step"),
    (
        METHOD,
        GRID,
        RUN,
        START,
        SEED,
        Column("step", "int64", "inner steps done, counted from 1"),
        Column("learned", "float64", "dL/d ln a [nats] through the surrogate (or what the arm has in its place)"),
        Column("true", "float64", "dL/d ln a [nats] of the true optimizer's last step, on the same minibatch"),
    ),
)

BO_EVALUATIONS = Table(
    "bo_evaluations",
    "Bayesian optimization, one row an evaluation of 20 inner steps (Fig. 4.7).",
    ("seed", "evaluation"),
    (
        SEED,
        Column("evaluation", "int64", "evaluations done, from 1"),
        Column("phase", "str", "initial or guided"),
        RATE,
        Column("val_accuracy", "float64", "validation accuracy in [0, 1] after the evaluation's steps"),
        Column("best_so_far", "float64", "largest val_accuracy so far"),
        STATUS,
    ),
)

RUNTIMES = Table(
    "runtimes",
    "Wall time of each method alone, one unbatched run (Fig. 4.11), or of a piece of a long search (table_budgets). "
    "Never part of what must be identical.",
    ("method", "part", "repeat"),
    (
        METHOD,
        Column("part", "str", "whole, or the piece that was timed: one trajectory, iteration, update or evaluation"),
        Column("repeat", "int64", "timed repeat, after a warm one"),
        Column("seconds", "float64", "wall time [s] of the run (warm-up included) or of the piece"),
        Column("inner_steps", "int64", "gradient steps of the true optimizer that were timed"),
        Column("factor", "float64", "how often a run or search has the piece; 1 where it was timed whole"),
    ),
)
