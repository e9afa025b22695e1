"""Names of arms and methods that follow from the settings, for the stages and the workflow alike."""

from hypersvg.settings import Settings

Names = tuple[str, ...]


def unroll_arms(settings: Settings) -> Names:
    """One arm an unroll length."""
    return tuple(map(unroll_arm, settings.offline.unrolls))


def unroll_arm(unroll: int) -> str:
    """``T05`` for T = 5."""
    return f"T{unroll:02d}"


def clip_arm(clip: float) -> str:
    """``clip010`` for ε = 0.1."""
    return f"clip{round(100 * clip):03d}"


def trained_arms(settings: Settings) -> Names:
    """The arms of PPO that train: the thesis's, and ``sparse_once`` with other clipping parameters."""
    return (*settings.ppo.arms, *(clip_arm(clip) for clip in settings.ppo.other_clips))


def bo_lengths(settings: Settings) -> dict[str, int]:
    """Bayesian optimization's rate trained on: for as long as the online runs, and as the longest bandit."""
    steps, longest = settings.online.steps, max(settings.online.warm_ups)
    return {f"bo_{length}": length for length in (steps, steps + longest)}
