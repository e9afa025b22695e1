"""Open choices about online HyperSVG: starts, warm-ups, resets and grids."""

from hypersvg.ledger.entry import Choice, Quote

START = Choice(
    name="start",
    question="How does a starting rate enter, and who steers during a warm-up?",
    settings=("svg.start", "svg.neutral_rate"),
    reading="As the rate that the policy puts out before it has learned; the policy steers from the first step on. "
    "Where no starting rate enters, offline too, the policy begins at 0.001.",
    rule="text",
    quotes=(
        Quote("an optimizer starting at the hyperparameter shown in the left accuracy plot", "section 4.3.2, p. 58"),
        Quote("a ← 0.001", "Algorithm 6, pp. 49–51"),
    ),
    variants={
        "start_step_0": "as the rate of step 0 alone; then the policy steers, from 0.001",
        "start_warm_up": "as the rate of the whole warm-up; then the policy steers, trained from 0.001",
    },
    remark="In Table 4.4 learned rates look unrelated to their starts (rank correlation −0.03, 0.49 and 0.20 for the "
    "bandits, 0.03 for adaptive), which the alternatives explain better. The words come first.",
)

HORIZON = Choice(
    name="online_horizon",
    question='Is "a length of 10, 20 unrolls" a warm-up or a horizon?',
    settings=("svg.online_horizon",),
    reading="A warm-up. The online unroll covers the last real step.",
    rule="text",
    quotes=(Quote("for a warmup period, outlined by the number (10, 20, 50)", "section 4.3.2, p. 58"),),
    against=(Quote("length of 10, 20, unrolls for SVG MNIST online task", "Fig. 4.8, p. 61"),),
    variants={
        "online_horizon_10": "the last 10 real steps, fewer at the beginning: bandit10 never reaches more than 10"
    },
)

VALUE_BATCH = Choice(
    name="value_batch",
    question="On which minibatch is the online policy loss taken?",
    settings=("svg.value_batch",),
    reading="On a fresh one.",
    rule="text",
    quotes=(Quote("X_task, Y_task ~ D_task", "Algorithm 5, pp. 49–51"),),
    against=(Quote("It only uses batch data and a similar loss as the true optimizer", "section 3.4.2, p. 52"),),
    variants={"value_batch_same": "on the one the true optimizer has just used"},
)

RESET = Choice(
    name="reset",
    question="What does the true optimizer restart from after a warm-up?",
    settings=("online.reset",),
    reading='A fresh draw of first parameters: "completely".',
    rule="text",
    quotes=(Quote("takes the true optimizer and resets it completely", "section 4.3.2, p. 58"),),
    against=(Quote("using the learned optimizer to initialize it after the warm-up", "section 4.3.2, p. 58"),),
    variants={
        "reset_initial": "its own initial parameters",
        "reset_predicted": "the surrogate's prediction after the warm-up",
        "reset_kept": "the parameters the warm-up ended with",
    },
    remark="Most of the 18 bandit rows of Table 4.4 lie on one curve with grid and random search, as after a fresh "
    "start; those above a rate of about 0.15 do better.",
)

GOOD_GRID = Choice(
    name="good_grid",
    question="Which are the good starting rates?",
    settings=("online.good_grid",),
    reading="Five, log-spaced from 0.1 to 0.001: a grid that holds the 0.010 of Table 4.2's grid row.",
    rule="tables",
    quotes=(
        Quote("Grid Search 93.13 100 0.010", "Table 4.2, p. 60"),
        Quote("chosen from a good healthy range of choices", "section 4.3.4, p. 59"),
    ),
    variants={"good_grid_narrow": "five from 0.0316 to 0.00316, which hold it too"},
)

ONLINE = (START, HORIZON, VALUE_BATCH, RESET, GOOD_GRID)
