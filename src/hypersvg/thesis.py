"""The thesis's own numbers (Crouther 2023), each with the table and page it stands on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Quoted:
    """One number of the thesis: accuracy in [0, 1], the rate it is given with, and the steps or iterations."""

    accuracy: float
    rate: float
    length: str
    where: str


@dataclass(frozen=True)
class Line:
    """One row of Table 4.4; ``printed`` is the rate as the thesis prints it where that had to be decoded."""

    method: str
    start: float
    accuracy: float
    last_rate: float | None
    printed: str = ""


FIXED_ACCURACY = 0.60
"""Section 4.2.1, pp. 55–56: "somewhere around 60 percent" at the fixed rate 0.01."""

EPISODIC = {
    "bo": Quoted(0.9037, 0.01581, "100", "Table 4.1, p. 60"),
    "offline": Quoted(0.61, 0.01589, "100", "Table 4.1, p. 60"),
    "ppo": Quoted(0.48, 0.021, "100", "Table 4.1, p. 60"),
    "ppo_fixed": Quoted(FIXED_ACCURACY, 0.01, "", "section 4.2.1, pp. 55–56: 'somewhere around 60 percent'"),
}
"""Table 4.1. The thesis says neither which unroll nor which PPO arm (section 4.2.1 prefers the sparse one)."""

PPO_ACCURACY = 0.50
"""Section 4.2.1, p. 55: "around 50 percent accuracy"."""

ONLINE_BEST = {
    "grid": Quoted(0.9313, 0.010, "100", "Table 4.2, p. 60"),
    "random": Quoted(0.9310, 0.00687, "100", "Table 4.2, p. 60"),
    "adaptive": Quoted(0.831, 0.0912, "100", "Table 4.2, p. 60"),
    "bandit10": Quoted(0.9223, 0.02288568, "100 + 10", "Table 4.2, p. 60"),
    "bandit20": Quoted(0.8778, 0.0732, "100 + 20", "Table 4.2, p. 60"),
    "bandit50": Quoted(0.9372, 0.0090, "100 + 50", "Table 4.2, p. 60"),
}

STARTS = (0.10000001, 0.015848938, 0.0025118883, 0.00039810775, 6.309583e-05, 1.0000011e-05)
"""Starting rates of Table 4.4, p. 64: ``logspace(-1, -5, 6)`` in float32."""


def lines(method: str, accuracies: tuple[float, ...], last_rates: tuple[float, ...] | None) -> tuple[Line, ...]:
    """The six rows of one method of Table 4.4, in the order of :data:`STARTS`."""
    rates = last_rates or (None,) * len(STARTS)
    return tuple(Line(method, *row) for row in zip(STARTS, accuracies, rates, strict=True))


def decoded(printed: str, accuracy: float) -> Line:
    """A random-search row of Table 4.4: its rate has lost the decimal point, ``002728348`` is 0.02728348."""
    rate = float(printed if "." in printed else f"{printed[0]}.{printed[1:]}")
    return Line("random", rate, accuracy, None, printed)


EVERY_START = (
    *lines(
        "adaptive",
        (0.8127, 0.9037, 0.91179997, 0.8962, 0.6899, 0.9127),
        (0.16248728, 0.0, 0.020831108, 0.0006833896, 0.21076679, 0.00031906366),
    ),
    *lines("grid", (0.84919995, 0.92649996, 0.92289996, 0.831, 0.5487, 0.18519999), None),
    *lines(
        "bandit10",
        (0.88949996, 0.7845, 0.908, 0.8045, 0.9016, 0.7468),
        (0.050463855, 0.16824883, 0.04358094, 0.14111823, 0.05018574, 0.15843117),
    ),
    *lines(
        "bandit20",
        (0.7741, 0.8552, 0.76, 0.691, 0.7425, 0.8398),
        (0.2983405, 0.10251433, 0.18449491, 0.17127055, 0.19566791, 0.07704735),
    ),
    *lines(
        "bandit50",
        (0.8544, 0.765, 0.83769995, 0.8556, 0.9368, 0.7687),
        (0.057865024, 0.18487746, 0.13448596, 0.1130591, 0.0060367584, 0.121899426),
    ),
    decoded("0.09751952", 0.8617),
    decoded("002728348", 0.91279995),
    decoded("0046155833", 0.91349995),
    decoded("0055948693", 0.9004),
    decoded("003826389", 0.9111),
    decoded("008570347", 0.87729996),
)
"""Table 4.4, p. 64, every row."""

TASKS = ("toy", "ppo", "svg")

SETTINGS = (
    ("synthetic optimizer (hidden, output)", "(32, 32, 1)", "(512, 64, 64, 1)", "(3072, 1), but varies"),
    ("true optimizer (hidden, output)", "(256, 256, 1)", "(784, 32, 32, 10)", "(784, 32, 32, 10)"),
    ("activations (at hiddens)", "ReLU", "Tanh", "ELU"),
    ("number of trajectory steps", "varies", "varies", "varies"),
    ("range of initializations", "x₀ = [−10, 10]", "Glorot", "He Uniform"),
    ("num epochs", "100", "100-200", "100-200"),
    ("evaluation init", "x₀ = 7", "Glorot", "He Uniform"),
    ("outer SGD learning rate", "varies", "varies", "varies"),
)
"""Table 4.3, p. 60: item, toy, MNIST (PPO), MNIST (SVG)."""


@dataclass(frozen=True)
class Row:
    """A training at a constant rate: accuracy in [0, 1]; the largest of ``best_of`` runs where that is not 1."""

    source: str
    rate: float
    accuracy: float
    best_of: int = 1


PROTOCOL_ROWS = (
    *(Row(line.method, line.start, line.accuracy) for line in EVERY_START if line.method in ("grid", "random")),
    *(Row(f"best {name}", ONLINE_BEST[name].rate, ONLINE_BEST[name].accuracy, 6) for name in ("grid", "random")),
)
"""The 14 rows of Tables 4.4 and 4.2 that depend on none of the thesis's own methods: they show its inner training."""

BANDIT_ROWS = tuple(
    Row(line.method, line.last_rate, line.accuracy)
    for line in EVERY_START
    if line.method.startswith("bandit") and line.last_rate is not None
)
"""The 18 bandit rows of Table 4.4, at their learned rates: after the warm-up a bandit trains at a constant rate."""
