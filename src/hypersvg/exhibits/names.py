"""How methods are called and coloured on every exhibit."""

import re

import seaborn as sns

LABELS = {
    "grid": "Grid search",
    "random": "Random search",
    "bo": "Bayesian optimization",
    "adaptive": "HyperSVG (adaptive)",
    "ppo_sparse_once": "HyperPPO, sparse-once",
    "ppo_sparse_every": "HyperPPO, sparse-every",
    "ppo_dense": "HyperPPO, dense",
    "ppo_fixed": "Fixed rate",
    "ppo_fixed_long": "Fixed rate, trained on without a reset",
    "ppo_untrained": "Untrained policy",
    "adam_default": "Adam's default rate",
    "random_rate": "Random rate, start ignored",
    "best_constant": "Best constant of a fine grid",
    "hypergradient": "True one-step hypergradient",
    "grid_long": "Grid search, trained on",
}
PARTS = {"untrained": "policy untrained", "frozen": "surrogate random and frozen"}
COLOURBLIND = [str(colour) for colour in sns.color_palette("colorblind").as_hex()]
ARM_COLOURS = {"sparse_once": COLOURBLIND[0], "sparse_every": COLOURBLIND[1], "dense": COLOURBLIND[2]}
THESIS_COLOUR = "#b2182b"
GRID_COLOUR = "#8c8c8c"
RANDOM_COLOUR = "#4c86c6"
LINES = {
    "grid": (GRID_COLOUR, "-"),
    "random": (RANDOM_COLOUR, (0, (3, 1.5))),
    "adaptive": (COLOURBLIND[3], "-"),
    "adaptive_untrained": (COLOURBLIND[4], (0, (1, 1))),
    "adaptive_frozen": (COLOURBLIND[5], (0, (4, 1, 1, 1))),
    "hypergradient": ("black", (0, (5, 1.5))),
}
"""Colour and dashes where methods are compared on one panel; solid: grid search and the thesis's own."""
BANDIT_COLOURS = ("#d9c419", "#5aae3f", "#12602c")
"""Colours of the bandits, shortest warm-up first: from the thesis's yellow to its green, ever darker."""


def label(method: str) -> str:
    """The name printed for ``method``; an unknown method keeps its own name."""
    if method in LABELS:
        return LABELS[method]
    base, _, part = method.partition("_")
    if found := re.fullmatch(r"offline_T(\d+)_N(\d+)", method):
        return f"OfflineSVG, unroll {int(found[1])}, {int(found[2])} iterations"
    if found := re.fullmatch(r"bo_(\d+)", method):
        return f"Bayesian optimization, rate trained for {found[1]} steps"
    if found := re.fullmatch(r"ppo_clip(\d+)", method):
        return f"{LABELS['ppo_sparse_once']}, ε = {int(found[1]) / 100:g}"
    if found := re.fullmatch(r"(ppo_\w+)_constant", method):
        return f"{label(found[1])}, its rate as a constant"
    if found := re.fullmatch(r"bandit(\d+)", base):
        name = f"Bandit{found[1]}-SVG"
    elif base == "adaptive":
        name = LABELS["adaptive"]
    else:
        return method
    return f"{name}, {PARTS.get(part, part)}" if part else name
