"""The data dictionary: every tidy table of a run. ``docs/data_dictionary.md`` is generated from here."""

from hypersvg.tables import Column, Table

SEED = Column("seed", "int64", "seed; the same seed gives every method the same initial parameters and minibatches")
METHOD = Column("method", "str", "method or control arm, e.g. adaptive, bandit50, grid, bo")
GRID = Column("grid", "str", "good, bad, or none where no starting rate is given")
RUN = Column("run", "int64", "index of the starting rate, draw or unroll within the method")
START = Column("start", "float64", "starting learning rate; empty where the method has none")
RATE = Column("rate", "float64", "learning rate applied at this step (last or chosen rate in a table of runs)")
STATUS = Column("status", "str", "ok, or diverged: parameters or loss stopped being finite")

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
    "Wall time of each method alone, one unbatched run (Fig. 4.11). Never part of what must be identical.",
    ("method", "repeat"),
    (
        METHOD,
        Column("repeat", "int64", "timed repeat, after a warm one"),
        Column("seconds", "float64", "wall time [s] of the whole procedure, warm-up included"),
        Column("inner_steps", "int64", "gradient steps of the true optimizer"),
    ),
)

TABLES = {
    table.name: table
    for table in (
        CURVES,
        RUNS,
        TOY_ROLLOUTS,
        TOY_ERRORS,
        TRAJECTORIES,
        PPO_UPDATES,
        OFFLINE_CURVES,
        BO_EVALUATIONS,
        RUNTIMES,
    )
}
