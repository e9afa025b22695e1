"""Tables of outer optimization by gradient estimators: the group ``estimators``."""

from hypersvg.schema.columns import SEED, STATUS
from hypersvg.tables import Column, Table

ESTIMATOR = Column("method", "str", "gradient estimator, e.g. es, pes, es_single, tbptt, rtrl")
SETTING = Column("setting", "str", "what the stage varies beside the estimator, e.g. 10 particles; - where nothing")
UPDATE = Column("update", "int64", "updates of the outer parameters done")
STEPS = Column("inner_steps", "int64", "inner steps charged so far, of all particles together")

OUTER_CURVES = Table(
    "outer_curves",
    "Outer optimization by gradient estimates, one row an evaluation of the outer parameters.",
    ("method", "setting", "seed", "update"),
    (
        ESTIMATOR,
        SETTING,
        SEED,
        UPDATE,
        STEPS,
        Column("objective", "float64", "what is minimized, at the outer parameters themselves, in the stage's unit"),
        STATUS,
    ),
)

OUTER_RATES = Table(
    "outer_rates",
    "Optimizers at constant learning rates on the inner problems that a stage's objective is measured on.",
    ("optimizer", "seed", "rate"),
    (
        Column("optimizer", "str", "adam or momentum"),
        SEED,
        Column("rate", "float64", "its constant learning rate"),
        Column("objective", "float64", "mean loss of full unrolls, as in outer_curves [nats]"),
    ),
)

OUTER_PARAMETERS = Table(
    "outer_parameters",
    "The outer parameters at the evaluations of outer_curves, one row a parameter.",
    ("method", "setting", "seed", "update", "parameter"),
    (
        ESTIMATOR,
        SETTING,
        SEED,
        UPDATE,
        Column("parameter", "str", "name of the outer parameter"),
        Column("value", "float64", "its value"),
    ),
)

OUTER_GRADIENTS = Table(
    "outer_gradients",
    "Every gradient estimate that was descended, one row an outer parameter.",
    ("method", "setting", "seed", "update", "parameter"),
    (
        ESTIMATOR,
        SETTING,
        SEED,
        Column("update", "int64", "update of the outer parameters that the estimate made, from 1"),
        Column("parameter", "str", "name of the outer parameter"),
        Column("estimate", "float64", "estimate of the objective's gradient by it"),
    ),
)

OUTER_SURFACES = Table(
    "outer_surfaces",
    "The objective over two outer parameters, by full unrolls on the inner problems that judge; charged to nobody.",
    ("seed", "log_rate", "log_decay"),
    (
        SEED,
        Column("log_rate", "float64", "natural logarithm of the initial learning rate"),
        Column("log_decay", "float64", "natural logarithm of the decay's exponent"),
        Column("objective", "float64", "mean training loss over all steps [nats]"),
    ),
)

OUTER_VARIANCES = Table(
    "outer_variances",
    "Variance of one antithetic pair's estimate of a whole inner problem's gradient, by the number of its unrolls.",
    ("method", "seed", "unrolls"),
    (
        ESTIMATOR,
        SEED,
        Column("unrolls", "int64", "partial unrolls that an inner problem is cut into, its length the same"),
        Column("variance", "float64", "trace of the covariance over pairs that share the inner problem"),
    ),
)
