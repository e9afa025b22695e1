"""Open choices about the toy task."""

from hypersvg.ledger.entry import Choice, Quote

MOMENTUM = Choice(
    name="toy_momentum",
    question="Does the toy task's true optimizer have momentum?",
    settings=("toy.momenta",),
    reading="Both are run: 0, the words, and 0.9, the optimizer of Metz 2021, under which (iterate, rate) is not "
    "Markov.",
    rule="text",
    quotes=(Quote("It takes as an input the current iterate θ_t and hyperparameter λ", "section 4.1, p. 53"),),
    against=(Quote("on a toy problem illustrated in [Metz, 2021]", "section 4.1, p. 53"),),
    remark="No variant: both stand side by side.",
)

HIDDEN = Choice(
    name="toy_width",
    question='What is the "(256, 256, 1)" of the toy task?',
    settings=("toy.hidden",),
    reading="Nothing: it stands as the true optimizer's network, and the toy task has none. The imitation has 32, 32, "
    "1.",
    rule="text",
    quotes=(Quote("synthetic optimizer (hidden, output) (32, 32, 1)", "Table 4.3, p. 60"),),
    against=(Quote("true optimizer (hidden, output) (256, 256, 1)", "Table 4.3, p. 60"),),
    variants={"toy_wide": "the imitation's network"},
)

RATES = Choice(
    name="toy_rates",
    question="Which rates have the toy trajectories?",
    settings=("toy.log_rate_range",),
    reading="Log-uniform between 0.001 and 1. Metz 2021 goes up to 100, where iterates only jump about.",
    rule="none",
    quotes=(Quote("learned from generated trajectory data", "section 4.1, p. 53"),),
    variants={"toy_rates_to_10": "up to 10, the largest the settings allow"},
)

TOY = (MOMENTUM, HIDDEN, RATES)
