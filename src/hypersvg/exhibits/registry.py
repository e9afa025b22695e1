"""Every exhibit by name: a new one is a function of :class:`Results` and a line here (and in its notebook)."""

from collections.abc import Callable

from hypersvg.exhibits.bayesian import fig_4_07
from hypersvg.exhibits.budgets import fig_budgets
from hypersvg.exhibits.estimators.beyond import fig_beyond
from hypersvg.exhibits.estimators.copying import fig_copying
from hypersvg.exhibits.estimators.heuristic import fig_heuristic
from hypersvg.exhibits.estimators.influence import fig_influence
from hypersvg.exhibits.estimators.learned import fig_learned, fig_smoothing
from hypersvg.exhibits.estimators.many import fig_many
from hypersvg.exhibits.estimators.ridge import fig_ridge
from hypersvg.exhibits.estimators.schedule import fig_schedule
from hypersvg.exhibits.estimators.stability import fig_stability
from hypersvg.exhibits.estimators.table_beyond import table_beyond
from hypersvg.exhibits.exhibit import Exhibit
from hypersvg.exhibits.offline import fig_4_03, fig_4_04, fig_4_05, fig_4_06
from hypersvg.exhibits.online import fig_4_08, fig_4_09, fig_4_10, fig_4_12, fig_4_13, fig_4_14
from hypersvg.exhibits.ppo import fig_4_02
from hypersvg.exhibits.protocol import fig_protocol, table_protocol
from hypersvg.exhibits.reached import table_time_to_90
from hypersvg.exhibits.runtimes import fig_4_11
from hypersvg.exhibits.surrogate import fig_landscapes, fig_surrogate
from hypersvg.exhibits.table_budgets import table_budgets
from hypersvg.exhibits.table_episodic import table_4_1
from hypersvg.exhibits.table_online import table_4_2
from hypersvg.exhibits.table_settings import table_4_3
from hypersvg.exhibits.table_starts import table_4_4
from hypersvg.exhibits.toy import fig_4_01
from hypersvg.reading.results import Results
from hypersvg.tables import TableError

EXHIBITS: dict[str, Callable[[Results], Exhibit]] = {
    make.__name__: make
    for make in (
        *(fig_4_01, fig_4_02, fig_4_03, fig_4_04, fig_4_05, fig_4_06, fig_4_07, fig_4_08, fig_4_09, fig_4_10),
        *(fig_4_11, fig_4_12, fig_4_13, fig_4_14, table_4_1, table_4_2, table_4_3, table_4_4),
        *(fig_protocol, table_protocol),
        *(fig_surrogate, fig_landscapes),
        *(fig_budgets, table_budgets, table_time_to_90),
        *(fig_influence, fig_schedule, fig_stability, fig_heuristic, fig_ridge, fig_copying),
        *(fig_learned, fig_smoothing, fig_many),
        *(fig_beyond, table_beyond),
    )
}
ON_FASHION = ("fig_learned", "fig_smoothing", "fig_many")
"""Exhibits of stages that train on FashionMNIST where it can be had."""


def build(name: str, results: Results) -> Exhibit:
    """Make the exhibit ``name`` and write its files under ``exhibits/`` of the run.

    Raises :class:`~hypersvg.tables.TableError` for an unknown exhibit and for missing or damaged tables.
    """
    if name not in EXHIBITS:
        raise TableError(f"unknown exhibit '{name}'; known: {', '.join(EXHIBITS)}")
    results = results.on_fashion() if name in ON_FASHION else results
    exhibit = EXHIBITS[name](results)
    exhibit.save(results)
    return exhibit
