"""Open choices about Bayesian optimization."""

from hypersvg.ledger.entry import Choice, Quote

COUNT = Choice(
    name="bo_count",
    question="How many rates does Bayesian optimization evaluate?",
    settings=("baselines.bo_initial", "baselines.bo_iterations"),
    reading="200: 100 initial points and 100 further ones.",
    rule="text",
    quotes=(Quote("100 iterations with 100 initial points", "section 4.3.3, p. 59"),),
    against=(Quote("BO (90.37% accuracy with 100 meta-epochs)", "chapter 5, p. 67"),),
    variants={"bo_100_in_total": "100: 10 initial points and 90 further ones"},
)

NOISE = Choice(
    name="bo_noise",
    question="Which noise does its Gaussian process assume?",
    settings=("baselines.bo_noise",),
    reading="More than the library's default: evaluations of a 20-step training are noisy.",
    rule="none",
    against=(Quote("using [Nogueira, 2014–]", "section 4.3.3, p. 59: the library's default is 1e-6"),),
    variants={"bo_noise_default": "the library's default"},
    remark="Rates are searched as log10; a search of the rate itself was not built. The thesis says neither.",
)

SEARCH = (COUNT, NOISE)
