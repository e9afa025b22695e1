"""The table of the stage ``shortlist``."""

from hypersvg.schema.columns import RATE, SEED, STATUS
from hypersvg.tables import Column, Table

SHORTLIST = Table(
    "shortlist",
    "Candidates of the inner protocol at the rates of the thesis's grid and random rows, one row a training.",
    ("candidate", "seed", "row"),
    (
        Column("candidate", "str", "name: its six parts in the order of the next columns"),
        Column("optimizer", "str", "true optimizer: sgd, momentum, nesterov or adam"),
        Column("batch_size", "str", "minibatch size"),
        Column("initialisation", "str", "he_uniform or glorot"),
        Column("activation", "str", "elu, tanh or relu"),
        Column("scaling", "str", "pixels: unit or standardised"),
        Column("length", "str", "100 or 200 steps, or one epoch"),
        SEED,
        Column("row", "int64", "index in the 14 rows of Tables 4.4 and 4.2, from 0"),
        Column("source", "str", "grid, random (Table 4.4), best grid or best random (Table 4.2, best of six)"),
        RATE,
        Column("val_accuracy", "float64", "validation accuracy in [0, 1] after the last step, all images"),
        Column("thesis_accuracy", "float64", "the thesis's accuracy in [0, 1] in that row"),
        Column("steps", "int64", "steps trained"),
        STATUS,
    ),
)
