"""The data dictionary: every tidy table of a run. ``docs/data_dictionary.md`` is generated from here.

A stage imports its own module of this package, so that another stage's table does not make it run again.
"""

from hypersvg.schema import offline, outer, ppo, runs, shortlist, toy

TABLES = {
    table.name: table
    for table in (
        runs.CURVES,
        runs.RUNS,
        runs.STEERING_GRADIENTS,
        runs.BO_EVALUATIONS,
        runs.RUNTIMES,
        toy.TOY_ROLLOUTS,
        toy.TOY_ERRORS,
        ppo.PPO_UPDATES,
        offline.TRAJECTORIES,
        offline.OFFLINE_CURVES,
        offline.SURROGATE_ERRORS,
        offline.SURROGATE_GRADIENTS,
        offline.LANDSCAPES,
        shortlist.SHORTLIST,
        outer.OUTER_CURVES,
        outer.OUTER_PARAMETERS,
        outer.OUTER_RATES,
        outer.OUTER_GRADIENTS,
        outer.OUTER_SURFACES,
        outer.OUTER_VARIANCES,
    )
}
