"""hypersvg: a reproducible replication of Crouther 2023, Model-Based Hyperparameter Optimization."""
