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
    "ppo_untrained": "Untrained policy",
    "adam_default": "Adam's default rate",
    "random_rate": "Random rate, start ignored",
    "best_constant": "Best constant of a fine grid",
    "hypergradient": "True one-step hypergradient",
}
PARTS = {"untrained": "policy untrained", "frozen": "surrogate random and frozen"}
COLOURBLIND = [str(colour) for colour in sns.color_palette("colorblind").as_hex()]
ARM_COLOURS = {"sparse_once": COLOURBLIND[0], "sparse_every": COLOURBLIND[1], "dense": COLOURBLIND[2]}
THESIS_COLOUR = "#b2182b"
GRID_COLOUR = "#8c8c8c"
RANDOM_COLOUR = "#4c86c6"


def label(method: str) -> str:
    """The name printed for ``method``; an unknown method keeps its own name."""
    if method in LABELS:
        return LABELS[method]
    base, _, part = method.partition("_")
    if found := re.fullmatch(r"offline_T(\d+)_N(\d+)", method):
        return f"OfflineSVG, unroll {int(found[1])}, {int(found[2])} iterations"
    if found := re.fullmatch(r"bandit(\d+)", base):
        name = f"Bandit{found[1]}-SVG"
    elif base == "adaptive":
        name = LABELS["adaptive"]
    else:
        return method
    return f"{name}, {PARTS.get(part, part)}" if part else name
