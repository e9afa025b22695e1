"""Open choices about the recorded trajectories and offline SVG."""

from hypersvg.ledger.entry import Choice, Quote

RECORDED_RATES = Choice(
    name="recorded_rates",
    question="How are the learning rates of the recorded trajectories drawn?",
    settings=("trajectories.rates", "trajectories.lowest", "trajectories.highest"),
    reading="Log-uniformly between the bounds that section 4.3.3 gives for Bayesian optimization.",
    rule="none",
    quotes=(Quote("bounds set to 1e - 1 and 1e - 5 for a black-box optimizer", "section 4.3.3, p. 59"),),
    variants={"rates_uniform": "uniformly between the same bounds, as the rows of random search look"},
    remark='The distribution decides how high the "top 20 percent of trajectories" line lies.',
)

DATA_SET = Choice(
    name="data_set",
    question="How many trajectories are recorded?",
    settings=("trajectories.count",),
    reading="As many as keep a run short; the scale paper records more.",
    rule="none",
    quotes=(Quote("number of trajectory steps varies varies varies", "Table 4.3, p. 60"),),
    variants={"trajectories_20": "20 a seed"},
)

HELD_OUT = Choice(
    name="held_out",
    question="What is D_val for?",
    settings=("trajectories.held_out",),
    reading="A fifth of the trajectories is split off and used to judge the surrogate, never to train it.",
    rule="text",
    quotes=(Quote("train_test_split", "Algorithm 6, pp. 49–51"),),
    remark="No variant: Algorithm 6 draws from D_val and never uses it, and held-out loss feeds back into nothing "
    "here.",
)

BATCH_TRAJECTORIES = Choice(
    name="batch_trajectories",
    question="How many trajectories make an offline update?",
    settings=("offline.batch_trajectories", "trajectories.count"),
    reading="A few.",
    rule="none",
    quotes=(Quote("batch of trajectory dynamics", "Algorithm 6, pp. 49–51"),),
    variants={"batch_trajectories_1": "one", "batch_trajectories_32": "32"},
    remark="batch_trajectories_32 also sets trajectories.count to its default, for the scale smoke, which records "
    "fewer.",
)

WINDOWS = Choice(
    name="windows",
    question="Where does an unroll that is shorter than its trajectory begin?",
    settings=("offline.windows",),
    reading="At a step drawn for every update, so that the surrogate sees whole trajectories.",
    rule="none",
    quotes=(Quote("all length trajectories (5, 10, 20 length unrolls)", "section 4.3.1, p. 57"),),
    variants={"windows_first": "at the first step: the policy then learns where it is asked, at t = 0"},
)

VALUES = Choice(
    name="reported_value",
    question='What are the "values" of Figs. 4.3 and 4.5 the accuracy of?',
    settings=(),
    reading="Four values are told apart and recorded in every run: (i) Algorithm 5's, which is the recorded "
    "trajectories'; (ii) counterfactual, ξ inferred at the recorded action and applied at π(s); (iii) the model's "
    "mean; (iv) the chosen rate on the true optimizer. Quoted as the thesis's number: (i).",
    rule="text",
    quotes=(Quote("The values are MNIST classifications", "section 4.3.1, p. 57"),),
    remark="No variant: all four stand side by side.",
)

OFFLINE = (RECORDED_RATES, DATA_SET, HELD_OUT, BATCH_TRAJECTORIES, WINDOWS, VALUES)
