"""All choices, by the part of the thesis they belong to."""

from hypersvg.ledger.inner import INNER
from hypersvg.ledger.networks import NETWORKS
from hypersvg.ledger.objective import OBJECTIVE
from hypersvg.ledger.offline import OFFLINE
from hypersvg.ledger.online import ONLINE
from hypersvg.ledger.ppo import PPO
from hypersvg.ledger.search import SEARCH
from hypersvg.ledger.toy import TOY

PARTS = {
    "The inner protocol": INNER,
    "Surrogate and policy": NETWORKS,
    "The policy's objective": OBJECTIVE,
    "Offline SVG": OFFLINE,
    "Online HyperSVG": ONLINE,
    "HyperPPO": PPO,
    "Bayesian optimization": SEARCH,
    "The toy task": TOY,
}
"""Choices by the heading they stand under in ``docs/ledger.md``."""

COSTLY = ("momentum_epoch", "ppo_wide", "ppo_100_iterations")
"""Variants that take several times as long as the default: `make sensitivity` leaves them out."""

CHOICES = tuple(choice for part in PARTS.values() for choice in part)


def compared_variants() -> tuple[str, ...]:
    """The variants that `make sensitivity` sets beside the default, each once."""
    return tuple(dict.fromkeys(name for choice in CHOICES for name in choice.variants if name not in COSTLY))
