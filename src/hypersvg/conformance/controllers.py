"""The suite for controllers: bounds, determinism, independence of runs, diverged runs, budget, resumption."""

import copy
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from hypersvg.conformance import require
from hypersvg.controllers.extension import Counted, Guarded, Setup, controller_class
from hypersvg.images import Images, Split
from hypersvg.maths.network import Network
from hypersvg.maths.random import torch_generator
from hypersvg.settings.methods import Svg
from hypersvg.tasks.base import Task
from hypersvg.tasks.classification import Classification
from hypersvg.training import Controller, Curves, InnerTraining, Transition, train

SEEDS, STARTS, STEPS = (0, 1), (0.1, 0.001), 8
BOUNDS = (Svg().lowest, Svg().highest)

Make = Callable[[Task, Sequence[int], Sequence[float]], Controller]
"""A controller of a task for some seeds, each from some starting rates."""


def small_task(dtype: torch.dtype = torch.float32) -> Classification:
    """Ten classes of twelve random inputs, 154 parameters."""
    generator = torch_generator(0, "images")
    labels = torch.randint(10, (200,), generator=generator)
    split = Split((torch.rand(200, 12, generator=generator) + labels.unsqueeze(1) / 10).to(dtype), labels)
    return Classification(Network(sizes=(12, 6, 10)), Images(split, split, split, "test"), 16, 50)


def own(reference: str) -> Make:
    """The user's controller behind a reference, guarded as it is in the online stage."""
    make = controller_class(reference)

    def made(task: Task, seeds: Sequence[int], starts: Sequence[float]) -> Guarded:
        rates = torch.tensor(starts, dtype=torch.float32).repeat(len(seeds))
        return Guarded(reference, make, Setup(task, list(seeds), rates, STEPS, BOUNDS))

    return made


def trained(make: Make, seeds: Sequence[int] = SEEDS, starts: Sequence[float] = STARTS) -> Curves:
    """A short training of the small task under the controller."""
    task = small_task()
    return train(InnerTraining(task, "adam", seeds, len(starts)), make(task, seeds, starts), STEPS)


def rates_are_finite_and_within_bounds(make: Make) -> None:
    """One rate a run, a number between ``svg.lowest`` and ``svg.highest``, at every step."""
    rates = trained(make).rate
    runs = len(SEEDS) * len(STARTS)
    require(rates.shape == (STEPS, runs), f"rates have the shape {list(rates.shape)}, not {[STEPS, runs]}")
    require(rates.dtype == torch.float32, f"rates are {rates.dtype}, not torch.float32")
    inside = torch.isfinite(rates) & (rates >= BOUNDS[0]) & (rates <= BOUNDS[1])
    require(inside.all(), f"a rate is not finite or outside {BOUNDS[0]:g} … {BOUNDS[1]:g}")


def the_same_seed_gives_the_same_bytes(make: Make) -> None:
    """Two trainings with the same seeds are equal to the bit, whatever torch's global generator has done."""
    before = torch.get_rng_state()
    try:
        torch.manual_seed(1)
        one = trained(make)
        torch.manual_seed(2)
        two = trained(make)
    finally:
        torch.set_rng_state(before)
    same = torch.equal(one.rate, two.rate) and torch.equal(one.parameters, two.parameters)
    require(same, "two trainings with the same seeds differ; draw from hypersvg.maths.random.torch_generator(seed, …)")


def a_seed_does_not_depend_on_the_seeds_beside_it(make: Make) -> None:
    """Seed 1 has the same rates alone and beside seed 0, to rounding."""
    both, alone = trained(make), trained(make, seeds=[1])
    same = torch.allclose(both.rate[:, len(STARTS) :], alone.rate, rtol=1e-4)
    require(same, "the rates of a seed change with the seeds trained beside it; keep the runs apart")


def a_diverging_run_leaves_its_neighbours_alone(make: Make) -> None:
    """A run whose parameters are infinite is marked; the other keeps finite rates, the same as without it."""
    rates = []
    for spoilt in (True, False):
        task = small_task()
        controller, training = make(task, [0], STARTS), InnerTraining(task, "adam", [0], len(STARTS))
        training.restart(training.parameters.clone())
        if spoilt:
            training.parameters[0] = torch.inf
        curves = train(training, controller, STEPS)
        require(curves.alive[-1].tolist() == [not spoilt, True], "the runs that are alive are not those that should be")
        rates.append(curves.rate[:, 1])
    require(torch.isfinite(rates[0]).all(), "the rates of a run stop being finite when another run diverges")
    same = torch.allclose(rates[0], rates[1], rtol=1e-4)
    require(same, "the rates of a run change when another run diverges; transition.alive says which have")


def it_looks_without_touching(make: Make) -> None:
    """Neither the parameters nor what it observes is changed, and torch's global generator is left alone."""
    task = small_task()
    controller = make(task, SEEDS, STARTS)
    training, state = InnerTraining(task, "adam", SEEDS, len(STARTS)), torch.get_rng_state()
    for step in range(STEPS):
        parameters = training.parameters.clone()
        rate = controller.rates(step, training.parameters)
        require(torch.equal(parameters, training.parameters), "rates() changes the parameters; work on a copy")
        transition = training.step(rate.clone())
        seen = [tensor.clone() for tensor in tensors_of(transition)]
        controller.observe(transition)
        untouched = all(torch.equal(one, two) for one, two in zip(seen, tensors_of(transition), strict=True))
        require(untouched, "observe() changes the transition; work on copies")
    require(torch.equal(state, torch.get_rng_state()), "it draws from torch's global generator; use its own")


def tensors_of(transition: Transition) -> list[Tensor]:
    """All tensors of a transition but the minibatch's."""
    return [value for value in vars(transition).values() if isinstance(value, Tensor)]


def it_chooses_without_the_test_images(make: Make) -> None:
    """No accuracy on the test split is asked for: no method may choose by it."""
    task = Counted(small_task(), "the controller")
    train(InnerTraining(task.task, "adam", SEEDS, len(STARTS)), make(task, SEEDS, STARTS), STEPS)


def it_goes_on_where_its_state_was_taken(make: Make) -> None:
    """A new controller that loads the state goes on to the same bits; one without ``state`` and ``load`` passes."""
    task, half = small_task(), STEPS // 2
    first = make(task, SEEDS, STARTS)
    if not resumable(first):
        return
    whole = trained(make).rate
    training = InnerTraining(task, "adam", SEEDS, len(STARTS))
    train(training, first, half)
    second = make(task, SEEDS, STARTS)
    second.load(copy.deepcopy(first.state()))  # type: ignore[attr-defined]
    rates = []
    for step in range(half, STEPS):
        rates.append(second.rates(step, training.parameters))
        second.observe(training.step(rates[-1]))
    same = torch.equal(torch.stack(rates), whole[half:])
    require(same, "a controller that loads a state goes on differently; state() must hold all that changes")


def resumable(controller: object) -> bool:
    """Whether the controller has ``state`` and ``load``."""
    if isinstance(controller, Guarded):
        return controller.resumable
    return hasattr(controller, "state") and hasattr(controller, "load")


CHECKS: dict[str, Callable[[Make], None]] = {
    check.__name__: check
    for check in (
        rates_are_finite_and_within_bounds,
        the_same_seed_gives_the_same_bytes,
        a_seed_does_not_depend_on_the_seeds_beside_it,
        a_diverging_run_leaves_its_neighbours_alone,
        it_looks_without_touching,
        it_chooses_without_the_test_images,
        it_goes_on_where_its_state_was_taken,
    )
}
