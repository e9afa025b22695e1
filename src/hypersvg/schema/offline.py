"""Tables of recorded trajectories and of what offline SVG makes of them."""

from hypersvg.schema.columns import RATE, SEED, STATUS
from hypersvg.tables import Column, Table

UNROLL = Column("unroll", "int64", "length T of the unroll")
TRAJECTORY = Column("trajectory", "int64", "held-out trajectory, counted from 0 in the order of the seed's data set")

TRAJECTORIES = Table(
    "trajectories",
    "The offline data set, one row a trajectory.",
    ("seed", "trajectory"),
    (
        SEED,
        Column("trajectory", "int64", "index in the seed's data set"),
        RATE,
        Column("split", "str", "train or held_out"),
        Column("train_loss", "float64", "cross-entropy [nats] of the last minibatch"),
        Column("val_accuracy", "float64", "validation accuracy in [0, 1] after the last step"),
        Column("mean_accuracy", "float64", "mean over the steps of the curve validation accuracy in [0, 1]"),
        Column("top20", "float64", "mean val_accuracy of the best 20 % of the seed's trajectories"),
        STATUS,
    ),
)

OFFLINE_CURVES = Table(
    "offline_curves",
    "Offline SVG, one row an iteration (Figs. 4.3–4.6). The four values are accuracies in [0, 1].",
    ("seed", "unroll", "iteration"),
    (
        SEED,
        Column("unroll", "int64", "length T of the unroll"),
        Column("iteration", "int64", "updates done"),
        Column("model_loss", "float64", "eq. 4.1.1 on the batch: mean squared one-step error of a parameter"),
        Column("held_out_loss", "float64", "the same on held-out trajectories; empty between evaluations"),
        Column("persistence_loss", "float64", "mean squared one-step error of s' = s on the same batch"),
        Column("value_inferred", "float64", "(i) Algorithm 5: ξ inferred at π(s); describes the sampled trajectories"),
        Column("value_counterfactual", "float64", "(ii) ξ inferred at the recorded action, evaluated at π(s)"),
        Column("value_mean", "float64", "(iii) model mean, ξ = 0"),
        Column("value_true", "float64", "(iv) the policy's rate on the true optimizer; empty between evaluations"),
        RATE,
        Column("top20", "float64", "mean accuracy of the best 20 % of the seed's trajectories"),
    ),
)

SURROGATE_ERRORS = Table(
    "surrogate_errors",
    "The trained offline surrogate on held-out trajectories, one row a step: errors beside persistence, derivatives.",
    ("seed", "unroll", "trajectory", "step"),
    (
        SEED,
        UNROLL,
        TRAJECTORY,
        Column("step", "int64", "inner steps done"),
        Column("one_step_error", "float64", "mean squared error of a parameter of g(s, a) from the recorded s"),
        Column("one_step_persistence", "float64", "the same of s' = s"),
        Column("free_error", "float64", "mean squared error of a parameter of the chain from s_0 at the recorded rate"),
        Column("free_persistence", "float64", "the same of staying at s_0"),
        Column("derivative_cosine", "float64", "cosine between ∂g/∂a and the true ∂s'/∂a = (s' − s)/a"),
        Column("derivative_ratio", "float64", "norm of ∂g/∂a over the norm of the true ∂s'/∂a"),
    ),
)

SURROGATE_GRADIENTS = Table(
    "surrogate_gradients",
    "Hypergradients at the recorded rate after the unroll, true optimizer beside the trained offline surrogate.",
    ("seed", "unroll", "trajectory", "kind", "draw"),
    (
        SEED,
        UNROLL,
        TRAJECTORY,
        Column("kind", "str", "true, counterfactual (ii), mean (iii) or sampled (ξ drawn)"),
        Column("draw", "int64", "minibatch of the loss, and draw of ξ where it is sampled"),
        Column("rate", "float64", "the trajectory's learning rate"),
        Column("gradient", "float64", "dL/d ln a after the unroll [nats]"),
        Column("state_cosine", "float64", "cosine between d(parameters)/d ln a and the true one"),
    ),
)

LANDSCAPES = Table(
    "landscapes",
    "Loss after the unroll over constant learning rates, from the same initial parameters and minibatches.",
    ("seed", "unroll", "trajectory", "kind", "rate"),
    (
        SEED,
        UNROLL,
        TRAJECTORY,
        Column("kind", "str", "true, inferred (i), counterfactual (ii), mean (iii) or sampled"),
        Column("rate", "float64", "constant learning rate"),
        Column("loss", "float64", "cross-entropy [nats] on the curve validation images"),
    ),
)
