"""Combinations of settings that no run can satisfy."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hypersvg.settings.blocks import Settings

IMAGES = {"auto": 70_000, "mnist": 70_000, "digits": 1797}
"""Images of each data source (``auto``: where MNIST can be had)."""


def impossible(settings: "Settings") -> str | None:
    """The first reason why no run can satisfy ``settings``, opening with the key; ``None`` where there is none."""
    rules = (repetitions, orders, readings, sizes)
    return next((sentence for rule in rules for holds, sentence in rule(settings) if not holds), None)


def repetitions(settings: "Settings") -> Iterator[tuple[bool, str]]:
    """Lists whose values name rows of a table or jobs must not repeat a value."""
    lists: dict[str, Sequence[object]] = {
        "toy.momenta": settings.toy.momenta,
        "toy.evaluation_starts": settings.toy.evaluation_starts,
        "ppo.arms": settings.ppo.arms,
        "ppo.other_clips": [*settings.ppo.other_clips, settings.ppo.clip],
        "offline.unrolls": settings.offline.unrolls,
        "online.warm_ups": settings.online.warm_ups,
    }
    for key, values in lists.items():
        yield len(set(values)) == len(values), f"{key}: values repeat"


def orders(settings: "Settings") -> Iterator[tuple[bool, str]]:
    """Bounds must be in order."""
    for name in ("trajectories", "ppo", "svg", "baselines"):
        block = getattr(settings, name)
        yield block.lowest < block.highest, f"{name}.lowest: must be below {name}.highest"
    low, high = settings.toy.log_rate_range
    yield low < high, "toy.log_rate_range: must rise"
    for name in ("bad_grid", "good_grid"):
        first, last, count = getattr(settings.online, name)
        yield first != last or count == 1, f"online.{name}: first and last rate are the same"
    yield (
        settings.svg.lowest <= settings.svg.neutral_rate <= settings.svg.highest,
        "svg.neutral_rate: must lie between svg.lowest and svg.highest",
    )


def readings(settings: "Settings") -> Iterator[tuple[bool, str]]:
    """Readings of the thesis that exclude each other."""
    svg = settings.svg
    yield (
        svg.model_action == "recorded" or (svg.rate_input == "raw" and svg.surrogate != "rate_scaled"),
        "svg.model_action: a surrogate that sees no action (none) can neither take its log10 nor be scaled by it",
    )
    yield (
        svg.online_horizon <= settings.online.steps,
        "svg.online_horizon: longer than online.steps",
    )


def sizes(settings: "Settings") -> Iterator[tuple[bool, str]]:
    """Nothing can be longer or larger than what it is taken from."""
    trajectories, offline, online = settings.trajectories, settings.offline, settings.online
    yield (
        max(offline.unrolls) <= trajectories.steps,
        "offline.unrolls: an unroll cannot be longer than trajectories.steps",
    )
    yield (
        offline.batch_trajectories <= trajectories.count * (1 - trajectories.held_out),
        "offline.batch_trajectories: more than the trajectories kept for training (trajectories.count)",
    )
    yield (
        offline.iterations % (2 * offline.evaluate_every) == 0,
        "offline.iterations: must be a multiple of twice offline.evaluate_every, so that its half is evaluated",
    )
    yield max(online.warm_ups) <= online.steps, "online.warm_ups: longer than online.steps"
    images = min(settings.data.limit or 70_000, IMAGES[settings.data.source])
    training = images - 2 * (images // 7)
    yield (
        settings.inner.batch_size <= training,
        f"inner.batch_size: larger than the {training} training images that data.source and data.limit leave",
    )
