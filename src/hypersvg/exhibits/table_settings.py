"""Table 4.3: the settings of the thesis, and the ones this run used."""

import itertools
from collections.abc import Callable

import pandas as pd

from hypersvg import thesis
from hypersvg.exhibits.exhibit import Exhibit
from hypersvg.reading.results import Results
from hypersvg.settings import Settings

INPUTS, CLASSES = 784, 10
PRINTED = {"tanh": "Tanh", "elu": "ELU", "relu": "ReLU", "glorot": "Glorot", "he_uniform": "He uniform"}
NOT_GIVEN = "not given"
KEYS = ("item", "task")
OF_THE_TASK = (
    *("synthetic optimizer (hidden, output)", "true optimizer (hidden, output)", "activations (at hiddens)"),
    *("range of initializations", "evaluation init", "batch size and scaling"),
)
"""Items that the inner problem decides."""
TITLES = {"toy": "toy", "ppo": "MNIST (PPO)", "svg": "MNIST (SVG)"}


def table_4_3(results: Results) -> Exhibit:
    """Every item of Table 4.3 and the choices it leaves out, the thesis's cell beside the one used."""
    settings = results.settings
    rows = [
        {"item": item, "task": task, "thesis": theirs, "used": own(results, item, task) or ours}
        for item, used in ITEMS.items()
        for task, theirs, ours in zip(thesis.TASKS, thesis_row(item), used(settings), strict=True)
    ]
    frame = pd.DataFrame(rows)
    caption = (
        "Environment settings: the thesis's, and the ones this run used, read from its settings. Below the "
        "thesis's rows, "
        "choices that it leaves open."
    )
    return Exhibit("table_4_3", "Table 4.3.", frame, KEYS, caption, None, {"": printed(frame)})


def own(results: Results, item: str, task: str) -> str:
    """The cell of an item that a user's own task decides; empty where the settings do."""
    decided = results.task and task != "toy" and item in OF_THE_TASK
    return f"own task {results.task}" if decided else ""


def printed(frame: pd.DataFrame) -> pd.DataFrame:
    """A row an item, thesis and run side by side for every task."""
    wide = {"config": list(dict.fromkeys(frame["item"]))}
    for task in thesis.TASKS:
        part = frame[frame["task"] == task]
        wide[f"{TITLES[task]}, thesis"] = list(part["thesis"])
        wide[f"{TITLES[task]}, this run"] = list(part["used"])
    return pd.DataFrame(wide)


def thesis_row(item: str) -> tuple[str, ...]:
    """The thesis's three cells of an item."""
    return next((row[1:] for row in thesis.SETTINGS if row[0] == item), (NOT_GIVEN,) * len(thesis.TASKS))


def widths(*sizes: int) -> str:
    """``(512, 64, 64, 1)``."""
    return f"({', '.join(str(size) for size in sizes)})"


def parameters(settings: Settings) -> int:
    """Parameters of the inner network, weights and biases."""
    sizes = (INPUTS, *settings.inner.hidden, CLASSES)
    return sum((first + 1) * second for first, second in itertools.pairwise(sizes))


def synthetic(settings: Settings) -> tuple[str, str, str]:
    """The learned networks."""
    width = settings.svg.width
    return (
        widths(*settings.toy.hidden, 1),
        f"policy and value {widths(*settings.ppo.hidden, 1)}",
        f"surrogate {widths(width, parameters(settings))}, policy {widths(settings.svg.policy_width or width, 1)}",
    )


def true_optimizer(settings: Settings) -> tuple[str, str, str]:
    """What the true optimizer trains."""
    network = widths(INPUTS, *settings.inner.hidden, CLASSES)
    return "one iterate x", network, network


def initial(settings: Settings) -> tuple[str, str, str]:
    """Initialisations."""
    limit = settings.toy.start_range
    return f"x₀ = [−{limit:g}, {limit:g}]", PRINTED[settings.ppo.initialisation], PRINTED[settings.inner.initialisation]


def activations(settings: Settings) -> tuple[str, str, str]:
    """Activations of the imitation network and of the inner networks."""
    return "ReLU", PRINTED[settings.ppo.activation], PRINTED[settings.inner.activation]


def steps(settings: Settings) -> tuple[str, str, str]:
    """Lengths of trajectories and trainings."""
    unrolls = ", ".join(str(unroll) for unroll in settings.offline.unrolls)
    warm_ups = ", ".join(str(steps) for steps in settings.online.warm_ups)
    svg = (
        f"offline {settings.trajectories.steps}, unrolls {unrolls}; online {settings.online.steps}, warm-ups {warm_ups}"
    )
    return str(settings.toy.steps), str(settings.ppo.steps), svg


def epochs(settings: Settings) -> tuple[str, str, str]:
    """Updates of what is learned."""
    episodes = settings.ppo.iterations * settings.ppo.environments
    return (
        f"{settings.toy.updates:,} updates",
        f"{settings.ppo.iterations} updates, {episodes:,} episodes",
        f"offline {settings.offline.iterations} iterations, online one update a step",
    )


def evaluation_start(settings: Settings) -> tuple[str, str, str]:
    """Where evaluations start."""
    starts = ", ".join(f"{start:g}" for start in settings.toy.evaluation_starts)
    unseen = f", {settings.run.fresh_seeds} unseen seeds"
    return f"x₀ = {starts}", initial(settings)[1] + unseen, initial(settings)[2] + unseen


def outer_rates(settings: Settings) -> tuple[str, str, str]:
    """Step sizes of what is learned."""
    svg = settings.svg
    return (
        f"Adam, {settings.toy.learning_rate:g}",
        f"Adam, {settings.ppo.learning_rate:g}",
        f"Adam, surrogate {svg.surrogate_learning_rate:g}, policy {svg.policy_learning_rate:g}",
    )


def inner_optimizer(settings: Settings) -> tuple[str, str, str]:
    """The true optimizer itself."""
    momenta = ", ".join(f"{momentum:g}" for momentum in settings.toy.momenta)
    name = {"sgd": "SGD", "momentum": "SGD, momentum 0.9", "nesterov": "SGD, Nesterov 0.9", "adam": "Adam"}
    inner = name[settings.inner.optimizer]
    return f"SGD, momentum {momenta}", inner, inner


def batches(settings: Settings) -> tuple[str, str, str]:
    """Minibatches and pixel scaling."""
    text = f"{settings.inner.batch_size}, {settings.inner.scaling} pixels"
    return "–", text, text


def rate_bounds(settings: Settings) -> tuple[str, str, str]:
    """Learning rates that can be chosen."""
    low, high = (10**exponent for exponent in settings.toy.log_rate_range)
    return (
        f"[{low:g}, {high:g}], log-uniform",
        f"[{settings.ppo.lowest:g}, {settings.ppo.highest:g}]",
        f"[{settings.svg.lowest:g}, {settings.svg.highest:g}]",
    )


def readings(settings: Settings) -> tuple[str, str, str]:
    """How the algorithms were read."""
    svg = settings.svg
    arms = ", ".join(arm.replace("_", "-") for arm in settings.ppo.arms)
    return "–", arms, f"{svg.surrogate} surrogate, {svg.unroll} unroll, ξ: {svg.noise.replace('_', ' ')}"


ITEMS: dict[str, Callable[[Settings], tuple[str, str, str]]] = {
    "synthetic optimizer (hidden, output)": synthetic,
    "true optimizer (hidden, output)": true_optimizer,
    "activations (at hiddens)": activations,
    "number of trajectory steps": steps,
    "range of initializations": initial,
    "num epochs": epochs,
    "evaluation init": evaluation_start,
    "outer SGD learning rate": outer_rates,
    "inner optimizer": inner_optimizer,
    "batch size and scaling": batches,
    "learning rates allowed": rate_bounds,
    "readings": readings,
}
