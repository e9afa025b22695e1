"""Columns that several tables share."""

from hypersvg.tables import Column

SEED = Column("seed", "int64", "seed; the same seed gives every method the same initial parameters and minibatches")
METHOD = Column("method", "str", "method or control arm, e.g. adaptive, bandit50, grid, bo")
GRID = Column("grid", "str", "good, bad, or none where no starting rate is given")
RUN = Column("run", "int64", "index of the starting rate, draw or unroll within the method")
START = Column("start", "float64", "starting learning rate; empty where the method has none")
RATE = Column("rate", "float64", "learning rate applied at this step (last or chosen rate in a table of runs)")
STATUS = Column("status", "str", "ok, or diverged: parameters or loss stopped being finite")
