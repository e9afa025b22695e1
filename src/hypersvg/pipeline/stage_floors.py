"""A floor for every stage and arm: the FLOPs and bytes that its settings make necessary, over the machine's rates.

Counted (:mod:`hypersvg.maths.costs`): inner steps and evaluations, also those on fresh seeds and for curves; an online
update's bytes; an offline iteration's unroll; the products and the Adam passes of PPO's networks. Not counted, so that
the floors stay below the truth: activations, the inner Adam, draws, the Gaussian process, the probes and the evaluated
values of the surrogate (offline), disks. Stages ``toy`` and ``shortlist``, data, tables and notebooks have no floor.
"""

from collections.abc import Callable
from dataclasses import dataclass

from hypersvg.environments import Arm, rules_of
from hypersvg.experiments.arms import bo_lengths
from hypersvg.experiments.offline import TRUTH_SEEDS
from hypersvg.experiments.online import DERIVATIVES
from hypersvg.experiments.ppo import EVALUATION_EPISODES, clipped
from hypersvg.experiments.runtimes import CONTROLS, OTHERS
from hypersvg.experiments.stages import STAGES
from hypersvg.maths import costs
from hypersvg.pipeline.rates import Work
from hypersvg.settings import Settings
from hypersvg.settings.combinations import IMAGES

PARTS = 7
"""Images are split 5 : 1 : 1 into training, validation and test."""


def stage_work(settings: Settings) -> dict[tuple[str, str], Work]:
    """The work of every stage and arm that has a floor, all seeds together."""
    count = Counter(settings)
    return {
        (stage, arm): work(count, arm) * (settings.run.seeds if STAGES[stage].by_seed else 1)
        for stage, work in WORK.items()
        for arm in STAGES[stage].arms(settings)
    }


@dataclass(frozen=True)
class Counter:
    """The pieces that stages are made of."""

    settings: Settings

    @property
    def size(self) -> int:
        """P."""
        return costs.parameters(self.settings.inner.hidden)

    def steps(self, count: int) -> Work:
        """Inner steps of one run."""
        return Work(costs.inner_flop(count, self.settings.inner.batch_size, self.settings.inner.hidden))

    def scored(self, runs: int, splits: int = 1) -> Work:
        """Accuracies of runs on all validation images, and on all test images where ``splits`` is 2."""
        data = self.settings.data
        return self.evaluated(runs * splits, min(data.limit or IMAGES[data.source], IMAGES[data.source]) // PARTS)

    def evaluated(self, runs: int, images: int | None = None) -> Work:
        """Accuracies on ``images``, the curve images by default."""
        images = self.settings.data.curve_images if images is None else images
        return Work(costs.evaluation_flop(runs, images, self.settings.inner.hidden))

    def recorded(self, steps: int) -> Work:
        """Inner steps with a point of the curve after each."""
        return self.steps(steps) + self.evaluated(steps)

    def judged(self, rates: int, steps: int) -> Work:
        """Constant rates trained again on fresh seeds and scored."""
        return (self.steps(steps) + self.scored(1, 2)) * (rates * self.settings.run.fresh_seeds)

    def update(self, learns: costs.LearnsThrough) -> Work:
        """An online update: its bytes, and the policy loss on a minibatch."""
        svg = self.settings.svg
        moved = Work(bytes=costs.online_bytes(svg.width, self.size, learns, svg.policy_width))
        return moved if learns == "none" else moved + self.steps(1)

    def iteration(self, unroll: int) -> Work:
        """An iteration of Algorithm 6 (a policy as wide as the surrogate), and the policy loss on a minibatch."""
        recorded = self.settings.trajectories
        batch = min(
            self.settings.offline.batch_trajectories, recorded.count - round(recorded.held_out * recorded.count)
        )
        return Work(costs.unroll_flop(self.settings.svg.width, self.size, batch, unroll)) + self.steps(batch)

    def ppo_update(self, arm: Arm) -> Work:
        """Episodes with their rewards, decisions of policy and value network, and their gradient steps."""
        ppo, rules = self.settings.ppo, rules_of(self.settings, arm)
        networks, entries = (self.size + 1, *ppo.hidden, 1), rules.decisions * ppo.environments
        flop = costs.forward_flop(entries, networks) + ppo.epochs * costs.gradient_flop(entries, networks)
        passes = costs.NUMBER * (1 + costs.UPDATE) * costs.perceptron_parameters(networks)
        played = (self.steps(ppo.steps) + self.evaluated(rules.rewards)) * ppo.environments
        return played + Work(flop, ppo.epochs * passes) * 2

    def starts(self) -> int:
        """Starting rates of both grids."""
        return self.settings.online.bad_grid[2] + self.settings.online.good_grid[2]


def trajectories(count: Counter, arm: str) -> Work:
    """Every trajectory with its curve and its score."""
    settings = count.settings.trajectories
    return (count.recorded(settings.steps) + count.scored(1)) * settings.count


def online(count: Counter, arm: str) -> Work:
    """From every start: steering with an update a step, then the bandits' trainings; every method is scored."""
    settings = count.settings.online
    longest, bandits = max(settings.warm_ups), {"bandit": len(settings.warm_ups), "untrained": 1, "frozen": 1}
    steering, exploited = longest if arm == "bandit" else settings.steps, bandits.get(arm, 0)
    methods = exploited + (arm != "bandit")
    trained = count.recorded(steering + exploited * settings.steps) + count.scored(methods, 2)
    return (trained + count.update(DERIVATIVES[arm]) * steering) * count.starts()


def offline(count: Counter, arm: str) -> Work:
    """The iterations, value (iv) at the evaluated ones, and the two chosen rates on fresh seeds."""
    settings, steps = count.settings.offline, count.settings.trajectories.steps
    truths = (count.steps(steps) + count.evaluated(1)) * (settings.iterations // settings.evaluate_every * TRUTH_SEEDS)
    return count.iteration(int(arm.removeprefix("T"))) * settings.iterations + truths + count.judged(2, steps)


def ppo(count: Counter, arm: str) -> Work:
    """Updates with the evaluation episodes after each, fresh episodes, and the mean rate as a constant."""
    settings, fresh = count.settings.ppo, count.settings.run.fresh_seeds
    final = count.scored(EVALUATION_EPISODES) + count.scored(fresh, 2)
    played = count.steps((EVALUATION_EPISODES + fresh) * settings.steps)
    if arm == "untrained":
        return played + final
    if arm == "fixed":
        return played + count.steps((EVALUATION_EPISODES + fresh) * settings.long_steps) + final * 2
    watched = count.steps(EVALUATION_EPISODES * settings.steps) + count.evaluated(EVALUATION_EPISODES)
    updates = (count.ppo_update(clipped(count.settings, arm)[0]) + watched) * settings.iterations
    return updates + count.steps(fresh * settings.steps) + final + count.judged(1, settings.steps)


def baselines(count: Counter, arm: str) -> Work:
    """Searches and constants, with what each is judged by."""
    settings, steps = count.settings.baselines, count.settings.online.steps
    trained = count.recorded(steps) + count.scored(1, 2)
    if arm == "grid":
        longer = count.steps(max(count.settings.online.warm_ups)) + count.scored(1, 2)
        return (trained + longer) * count.starts()
    if arm == "random":
        return trained * settings.random_draws + count.judged(settings.random_draws, steps)
    if arm == "constants":
        fine = (count.steps(steps) + count.scored(1)) * settings.fine_grid
        return trained * (count.starts() + 2) + fine + count.judged(1, steps)
    lengths, work = [settings.bo_steps, *bo_lengths(count.settings).values()], Work()
    for length in lengths:
        work += count.judged(1, length)
    return work + (count.steps(settings.bo_steps) + count.scored(1)) * (settings.bo_initial + settings.bo_iterations)


def runtimes(count: Counter, arm: str) -> Work:
    """Every piece alone, a warm repeat included (:mod:`hypersvg.experiments.runtimes`)."""
    settings, steps = count.settings, count.settings.runtimes.steps
    shown, others = count.steps(steps) * 2, count.scored(1)
    for learns in CONTROLS.values():
        others += (count.steps(1) + count.update(learns)) * steps
    for length in (steps, *settings.online.warm_ups):
        shown += (count.steps(1) + count.update("surrogate")) * length
    shown += count.steps(steps) * len(settings.online.warm_ups)
    searches = 1 + bool(settings.baselines.bo_iterations)
    others += (count.steps(settings.baselines.bo_steps) + count.scored(1)) * searches
    others += count.steps(settings.trajectories.steps)
    for unroll in settings.offline.unrolls:
        others += count.iteration(unroll)
    for played in settings.ppo.arms:
        others += count.ppo_update(played)
    repeats = settings.runtimes.repeats
    return shown * (repeats + 1) + others * (min(OTHERS, repeats) + 1)


WORK: dict[str, Callable[[Counter, str], Work]] = {
    work.__name__: work for work in (trajectories, ppo, offline, online, baselines, runtimes)
}
"""The count of one seed of a stage's arm; of the whole job for ``runtimes``."""
