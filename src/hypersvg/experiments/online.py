"""Online HyperSVG (sections 3.4 and 4.3.2): adaptive, bandits, and their control arms, from good and bad rates."""

from dataclasses import dataclass, field

import pandas as pd
import torch
from torch import Tensor

from hypersvg.controllers.constant import Constant
from hypersvg.controllers.hypersvg import Derivative, HyperSvg
from hypersvg.experiments import extension
from hypersvg.experiments.checkpoint import Work
from hypersvg.experiments.common import (
    curves_frame,
    flat,
    inner_task,
    labels_of,
    memory_chunks,
    runs_frame,
    starting_rates,
    svg_bytes,
)
from hypersvg.experiments.job import Job, Tables
from hypersvg.maths.resume import State
from hypersvg.progress import Tick, bar
from hypersvg.settings.methods import Online
from hypersvg.tasks.base import Task
from hypersvg.training import Curves, InnerTraining, Recording, Transition, train

DERIVATIVES: dict[str, Derivative] = {
    "adaptive": "surrogate",
    "bandit": "surrogate",
    "untrained": "none",
    "frozen": "frozen",
    "hypergradient": "true",
}


def run(job: Job) -> Tables:
    """One arm from every starting rate of both grids; see :class:`Plan` for what each arm records."""
    if job.arm in job.settings.extensions.controllers:
        return extension.run(job)
    task, plan = inner_task(job), plan_of(job)
    group = starting_rates(job.settings)
    size = svg_bytes(task.parameters, job.settings.svg.width)
    chunks = list(memory_chunks(job.seeds, group, size, job.settings.run.memory_gib))
    with bar(plan.steering_steps * len(chunks), f"online {job.arm}", "step") as tick:

        def steered(chunk: tuple[list[int], pd.DataFrame]) -> Tables:
            return steer(job, task, plan, *chunk, tick)

        return job.checkpoint.over(chunks, steered, tick, plan.steering_steps)


@dataclass(frozen=True)
class Plan:
    """What an arm records: ``adaptive`` names the method that steers all the way, ``bandits`` the warm-up methods."""

    derivative: Derivative
    steering_steps: int
    adaptive: str | None = None
    bandits: dict[int, str] = field(default_factory=dict)


def plan_of(job: Job) -> Plan:
    """The plan of the job's arm; the control arms serve as adaptive method and as the longest bandit at once."""
    online, arm = job.settings.online, job.arm
    derivative, longest = DERIVATIVES[arm], max(online.warm_ups)
    if arm == "adaptive":
        return Plan(derivative, online.steps, "adaptive")
    if arm == "bandit":
        return Plan(derivative, longest, None, {length: f"bandit{length}" for length in online.warm_ups})
    if arm == "hypergradient":
        return Plan(derivative, online.steps, "hypergradient")
    return Plan(derivative, online.steps, f"adaptive_{arm}", {longest: f"bandit{longest}_{arm}"})


@dataclass
class Snapshots:
    """The policy's last action and the parameters to restart from, at the end of each warm-up."""

    controller: HyperSvg
    online: Online
    lengths: tuple[int, ...]
    rate: dict[int, Tensor] = field(default_factory=dict)
    parameters: dict[int, Tensor] = field(default_factory=dict)

    def take(self, transition: Transition) -> None:
        """Remember the state after a warm-up's last step."""
        length = transition.step + 1
        if length in self.lengths:
            self.rate[length] = self.controller.last_action(transition.after)
            if self.online.reset == "predicted":
                self.parameters[length] = self.controller.predicted(transition.after)
            elif self.online.reset == "kept":
                self.parameters[length] = transition.after

    def state(self) -> State:
        """See :class:`hypersvg.maths.resume.Resumable`."""
        kept = {"rate": self.rate, "parameters": self.parameters}
        return {name: {str(length): tensor for length, tensor in taken.items()} for name, taken in kept.items()}

    def load(self, state: State) -> None:
        """See :class:`hypersvg.maths.resume.Resumable`."""
        for name, taken in (("rate", self.rate), ("parameters", self.parameters)):
            taken.update({int(length): tensor.clone() for length, tensor in state[name].items()})


def steer(
    job: Job, task: Task, plan: Plan, seeds: list[int], rows: pd.DataFrame, tick: Tick
) -> dict[str, pd.DataFrame]:
    """Steer the true optimizer from every start, then run the bandits' fixed last actions."""
    online, optimizer = job.settings.online, job.settings.inner.optimizer
    starts = torch.tensor(rows["start"].to_numpy(), dtype=torch.float32)
    warm_up = max(plan.bandits, default=min(online.warm_ups))
    controller = HyperSvg(task, job.settings.svg, seeds, starts, plan.derivative, warm_up)
    snapshots, recording = Snapshots(controller, online, tuple(plan.bandits)), Recording()
    training = InnerTraining(task, optimizer, seeds, len(rows))
    work: Work = {"training": training, "controller": controller, "snapshots": snapshots, "recording": recording}
    job.checkpoint.resume(work)
    tick(training.steps)

    def after_step(transition: Transition) -> None:
        snapshots.take(transition)
        tick()
        job.checkpoint.offer(work)

    steering = train(training, controller, plan.steering_steps, after_step=after_step, recording=recording)
    labels = labels_of(seeds, rows)
    curves, runs = [], []
    if plan.adaptive is not None:
        named = labels.assign(method=plan.adaptive)
        curves.append(curves_frame(named, steering))
        updates = controller.surrogate_updates
        charged = {"inner_steps": plan.steering_steps, "evaluations": 1, "surrogate_updates": updates}
        runs.append(runs_frame(named, task, steering, **charged))
    for length, method in plan.bandits.items():
        named = labels.assign(method=method)
        main = exploit(job, task, seeds, len(rows), snapshots, length)
        curves.append(curves_frame(named, first_steps(steering, length), phase="warm_up"))
        curves.append(curves_frame(named, main, first_step=length + 1))
        updates = length if plan.derivative == "surrogate" else 0
        charged = {"inner_steps": length + online.steps, "evaluations": 1, "surrogate_updates": updates}
        runs.append(runs_frame(named, task, main, **charged))
    made = {"curves": pd.concat(curves, ignore_index=True), "runs": pd.concat(runs, ignore_index=True)}
    steered = labels.assign(method=plan.adaptive or plan.bandits[plan.steering_steps])
    return {**made, "steering_gradients": gradients_frame(steered, controller.hypergradients)}


def gradients_frame(labels: pd.DataFrame, gradients: list[Tensor]) -> pd.DataFrame:
    """Tidy rows of the controller's hypergradients, ``[2, runs]`` a step; none where the arm learns nothing."""
    if not gradients:
        return labels.iloc[:0].assign(step=0, learned=0.0, true=0.0)
    learned, true = torch.stack(gradients).unbind(dim=1)
    frame = pd.concat([labels] * len(gradients), ignore_index=True)
    steps = [step for step in range(1, len(gradients) + 1) for _ in range(len(labels))]
    return frame.assign(step=steps, learned=flat(learned), true=flat(true))


def exploit(job: Job, task: Task, seeds: list[int], group: int, snapshots: Snapshots, length: int) -> Curves:
    """A bandit after its warm-up: reset as ``Online.reset`` says, then train with the last action alone.

    The minibatches are the ones every other method sees, so that a run restarted from its initial parameters is
    exactly a grid run at the learned rate.
    """
    online = job.settings.online
    purpose = "reset" if online.reset == "fresh" else "init"
    training = InnerTraining(task, job.settings.inner.optimizer, seeds, group, init_purpose=purpose)
    if length in snapshots.parameters:
        training.restart(snapshots.parameters[length])
    return train(training, Constant(snapshots.rate[length]), online.steps)


def first_steps(curves: Curves, steps: int) -> Curves:
    """The first ``steps`` rows of curves (the parameters stay those of the end and are not used)."""
    return Curves(
        curves.rate[:steps],
        curves.train_loss[:steps],
        curves.val_accuracy[:steps],
        curves.alive[:steps],
        curves.parameters,
    )
