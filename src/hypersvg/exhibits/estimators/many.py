"""Many hyperparameters: who reaches the lowest objective with equal inner steps, and with which hyperparameters."""

from hypersvg.exhibits.estimators.learned import rates_of
from hypersvg.exhibits.estimators.lines import every_seed, legend, median_lines, outer_rates, scaled
from hypersvg.exhibits.estimators.stand_in import stamped_figure, stands_in, titled
from hypersvg.exhibits.exhibit import Exhibit
from hypersvg.exhibits.style import house_style, legend_below
from hypersvg.reading.results import Results, plural

METHODS = ("es", "pes", "es_single", "random_search")
KEYS = ("method", "setting", "seed", "update")


def fig_many(results: Results) -> Exhibit:
    """The objective over the inner steps spent."""
    frame = every_seed(results, "many_curves")
    with house_style():
        figure = stamped_figure(results, 2.9)
        ax = figure.subplots()
        median_lines(ax, frame, "inner_steps", "objective", METHODS)
        ax.set(xlabel="inner steps of all particles", ylabel="mean loss of full unrolls [nats]")
        titled(ax, "29 hyperparameters")
        legend_below(figure, legend(METHODS), len(METHODS))
    return Exhibit("fig_many", "Many hyperparameters.", frame, KEYS, caption(results), figure)


def caption(results: Results) -> str:
    """What is seen, and what the slides had."""
    many, side = results.settings.many, 28 // results.settings.many.pooling
    here = (
        f"five layers of at most {many.width} units, {side} × {side} pixels, T = {many.length}, K = {many.truncation}"
    )
    return (
        "A learning rate and a momentum coefficient for each weight and bias tensor, the units of each hidden layer, "
        f"by Adam at equal inner steps, {2 * many.pairs} particles, σ = {many.sigma:g}, from rates of 0.01; lines: "
        f"medians of {plural(len(results.seeds), 'seed')}, bands: all seeds. Random search: the best draw so far, each "
        f"charged the {plural(many.problems, 'full unroll')} that judge it. {outer_rates(rates_of(many))} "
        f"{scaled(results, here, 'a 5-layer perceptron on FashionMNIST, sizes not given')}{stands_in(results)}"
    )
