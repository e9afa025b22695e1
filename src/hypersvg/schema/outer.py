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
