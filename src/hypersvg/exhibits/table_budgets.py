"""What every method's whole selection costs: inner steps, evaluations, surrogate updates and seconds."""

import pandas as pd

from hypersvg.exhibits.costs import costs
from hypersvg.exhibits.exhibit import Exhibit
from hypersvg.exhibits.intervals import counted
from hypersvg.exhibits.names import label
from hypersvg.exhibits.seconds import CONSTANT, Clock
from hypersvg.exhibits.table_episodic import offline_methods
from hypersvg.reading.methods import bandits, controls, longer, runs_of, starts, warm_up
from hypersvg.reading.results import Results
from hypersvg.settings import Settings

KEYS = ("method",)
GRID = "good"
EPISODIC = ("bo", "offline", "ppo")
Term = tuple[str, float, float]
"""What was timed in words, how often it is, seconds of one."""
ARTICLES = {
    "trajectory": "a trajectory",
    "iteration": "an iteration",
    "update": "an update",
    "drawn evaluation": "a drawn evaluation",
    "guided evaluation": "a guided evaluation",
}
BLOCKS = {
    "online": "Online methods",
    "control": "Control arms (not in the thesis)",
    "longer": "At the bandits' length (not in the thesis)",
    "episodic": "Episodic methods",
}


def table_budgets(results: Results) -> Exhibit:
    """A row a method, in the blocks of Tables 4.2 and 4.1."""
    settings = results.settings
    blocks = {
        "online": ["grid", "random", "adaptive", *bandits(settings)],
        "control": controls(settings),
        "longer": list(longer(settings)),
        "episodic": ["bo", *offline_methods(settings), *(f"ppo_{arm}" for arm in settings.ppo.arms)],
    }
    clock = Clock(results)
    frame = pd.DataFrame([row(results, clock, method, block) for block, names in blocks.items() for method in names])
    display = {title: cells(frame[frame.block == block]) for block, title in BLOCKS.items()}
    return Exhibit("table_budgets", "Budgets.", frame, KEYS, described(results), None, display, notes(results))


def row(results: Results, clock: Clock, method: str, block: str) -> dict[str, object]:
    """One row of plain numbers."""
    frame = charged(results, method, block)
    runs, counts = len(frame) // len(results.seeds), costs(frame)
    parts = terms(clock, method, counts, runs)
    return {
        "method": method,
        "block": block,
        "label": label(method),
        "runs": runs,
        **counts,
        "seconds": sum(times * seconds for _, times, seconds in parts),
        "timed": " + ".join(f"{times:,.4g} × {words}" for words, times, _ in parts),
        "extrapolated": extrapolated(results.settings, method),
        "further_steps": further_steps(results.settings, method),
    }


def charged(results: Results, method: str, block: str) -> pd.DataFrame:
    """The finished runs that hold a method's charge."""
    if block != "episodic" or method == "bo":
        return runs_of(results, method, GRID)
    return results.complete(f"{method.split('_')[0]}_runs", {"seed": results.seeds, "method": [method]})


def terms(clock: Clock, method: str, counts: dict[str, float], runs: int) -> list[Term]:
    """What was timed, how often the selection has it, and its seconds."""
    if method.startswith(EPISODIC):
        return pieces(clock, method)
    choosing = ("an evaluation", counts["evaluations"], clock.piece("evaluation"))
    timed = clock.settings.runtimes.steps
    run = f"a run of {timed} steps"
    if method in CONSTANT:
        return [(run, counts["inner_steps"] / timed, timed * clock.step(method)), choosing]
    warm, later = clock.steps(method)
    main = runs * clock.settings.online.steps / timed
    if warm and "_" not in method:
        return [(f"a run of {timed} + {warm_up(method)} steps", runs, clock.run(method)), choosing]
    warming = [(f"a warm-up of {warm_up(method)} steps", runs, warm_up(method) * warm)] if warm else []
    return [*warming, (run, main, timed * later), choosing]


def pieces(clock: Clock, method: str) -> list[Term]:
    """The pieces of a long search."""
    settings = clock.settings
    if method.startswith("offline"):
        base, _, length = method.rpartition("_N")
        named = [("offline", "trajectory", 1.0), (base, "iteration", int(length) / settings.offline.iterations)]
    elif method.startswith("bo"):
        parts = ["drawn evaluation", "guided evaluation"] if settings.baselines.bo_iterations else ["drawn evaluation"]
        named = [("bo", part, 1.0) for part in parts]
    else:
        named = [(method, "update", 1.0)]
    return [
        (ARTICLES[part], share * clock.factor(timed, part), clock.piece(timed, part)) for timed, part, share in named
    ]


def extrapolated(settings: Settings, method: str) -> str:
    """``no`` where whole runs of the method's own length were timed."""
    composed = warm_up(method) > 0 and "_" in method
    same_length = settings.runtimes.steps == settings.online.steps and method != "grid_long"
    return "no" if same_length and not composed and not method.startswith(EPISODIC) else "yes"


def further_steps(settings: Settings, method: str) -> int:
    """Inner steps of the training that uses the choice, where none of the charged ones does."""
    if method in longer(settings) and method.startswith("bo"):
        return longer(settings)[method]
    if method.startswith("offline"):
        return settings.trajectories.steps
    return settings.ppo.steps if method.startswith("ppo") else 0


def cells(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows as printed."""
    return pd.DataFrame(
        {
            "algorithm": frame.label,
            "inner steps": frame.inner_steps.map(counted),
            "evaluations": frame.evaluations.map(counted),
            "surrogate updates": frame.surrogate_updates.map(counted),
            "wall time [s]": frame.seconds.map("{:,.3g}".format),
            "timed": frame.timed,
            "extrapolated": frame.extrapolated,
            "further inner steps": frame.further_steps.map(lambda steps: f"{steps:,}" if steps else "–"),
        }
    )


def described(results: Results) -> str:
    """The caption."""
    settings = results.settings
    return (
        f"What one seed's whole selection costs: all {starts(settings, GRID)} good starting rates (or "
        f"{settings.baselines.random_draws} random draws), or the whole search, warm-ups included. Wall time: what was "
        f"timed, unbatched and alone on {settings.run.threads} thread(s), median of its repeats, times how often the "
        "selection has it. It depends on the machine; the counts do not."
    )


def notes(results: Results) -> tuple[str, ...]:
    """What is counted where."""
    settings = results.settings
    clips = ", ".join(f"{clip:g}" for clip in settings.ppo.other_clips)
    lines = [
        f"With the {starts(settings, 'bad')} bad starting rates every method that begins at a grid's starts costs "
        f"{starts(settings, 'bad')}/{starts(settings, GRID)} of this.",
        "An evaluation is an accuracy on validation images that a choice or a reward was made of: one a start online, "
        "one a point for Bayesian optimization, the rewards for HyperPPO; offline SVG chooses by none. Curves watch "
        "only: they are neither counted nor timed.",
        "Steering takes, beside the counted steps, one gradient of the task loss a step, at the predicted parameters; "
        "an iteration of offline SVG takes one for every trajectory of its batch, and counts as one surrogate update. "
        "Both are in the seconds.",
        "Extrapolated: a piece of the search was timed and multiplied, or its length was. Guided evaluations were "
        "timed half-way through theirs, where the Gaussian process knows the mean number of points; an iteration of "
        "offline SVG holds its value (i), not values (ii)-(iv); HyperPPO trains its environments side by side.",
        "Further inner steps: the training at the chosen rate or by the policy, on top where the selection has not "
        "made it already.",
    ]
    if clips:
        lines.append(f"HyperPPO with ε = {clips} in place of {settings.ppo.clip:g} costs the same.")
    return tuple(lines)
