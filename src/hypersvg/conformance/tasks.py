"""The suite for tasks: shapes and floats, pure draws, gradients, runs that keep to themselves."""

from collections.abc import Callable

import torch
from torch import Tensor

from hypersvg.conformance import require
from hypersvg.settings import Settings
from hypersvg.tasks.base import Batch, SplitName, Task, gradient_by_autograd
from hypersvg.tasks.extension import made, task_function

SEEDS, GROUP, STEPS = (0, 1), 3, 3
SPLITS: tuple[SplitName, ...] = ("curve", "validation", "test")
CLOSE = 1e-4
"""Relative difference that float32 may make."""

Make = Callable[[], Task]


def own(reference: str) -> Make:
    """The user's task behind a reference, with the default settings, on the CPU."""
    function = task_function(reference)
    return lambda: made(reference, function, Settings(), "cpu")


def spread(task: Task, dtype: torch.dtype = torch.float32) -> Tensor:
    """Different parameters ``[seeds × group, P]``, near the initial ones."""
    initial = task.init(SEEDS, "init").repeat_interleave(GROUP, dim=0)
    noise = torch.randn(initial.shape, generator=torch.Generator().manual_seed(0))
    return (initial + 0.1 * noise).to(dtype)


def first_batch(task: Task, seeds: tuple[int, ...] = SEEDS, purpose: str = "batches") -> Batch:
    """The first minibatch of some seeds."""
    return task.batches(seeds, purpose).next()


def shapes_and_floats_are_as_declared(make: Make) -> None:
    """Parameters ``[seeds, P]`` in float32; a finite loss a run; accuracies of every split within [0, 1]."""
    task = make()
    initial, runs = task.init(SEEDS, "init"), len(SEEDS) * GROUP
    require(initial.shape == (len(SEEDS), task.parameters), f"init gives {list(initial.shape)}, not [seeds, P]")
    require(initial.dtype == torch.float32, f"init gives {initial.dtype}, not torch.float32")
    require(not initial.requires_grad, "init gives parameters with a graph; detach them")
    parameters, batch = spread(task), first_batch(task)
    loss = task.loss(parameters, batch)
    require(loss.shape == (runs,), f"loss gives {list(loss.shape)} for {runs} runs, not [runs]")
    require(torch.isfinite(loss).all(), "loss is not finite near the initial parameters")
    for split in SPLITS:
        score = task.accuracy(parameters, split)
        require(score.shape == (runs,), f"accuracy on {split} gives {list(score.shape)} for {runs} runs, not [runs]")
        require(((score >= 0) & (score <= 1)).all(), f"accuracy on {split} is outside [0, 1]")
    held_out = task.validation_loss(parameters)
    require(held_out.shape == (runs,), f"validation_loss gives {list(held_out.shape)} for {runs} runs, not [runs]")
    require(torch.isfinite(held_out).all(), "validation_loss is not finite near the initial parameters")


def parameters_and_minibatches_are_functions_of_seed_and_purpose(make: Make) -> None:
    """The same for another task object, other seeds beside it or torch's global generator; others for other seeds."""
    before = torch.get_rng_state()
    try:
        torch.manual_seed(1)
        one, again = make(), make()
        torch.manual_seed(2)
        mend = "draw with hypersvg.maths.random.torch_generator(seed, purpose)"
        both, alone = one.init(SEEDS, "init"), again.init(SEEDS[1:], "init")
        require(torch.equal(both[1:], alone), f"init of a seed changes from call to call; {mend}")
        require(not torch.equal(both[:1], both[1:]), f"init is the same for every seed; {mend}")
        require(not torch.equal(both, one.init(SEEDS, "reset")), f"init is the same for every purpose; {mend}")
        streams, stream = one.batches(SEEDS, "batches"), again.batches(SEEDS[1:], "batches")
        for _ in range(STEPS):
            several, single = streams.next(), stream.next()
            same = torch.equal(several.images[1:], single.images) and torch.equal(several.labels[1:], single.labels)
            require(same, f"the minibatches of a seed change from call to call or with the seeds beside it; {mend}")
    finally:
        torch.set_rng_state(before)


def gradients_are_autograds(make: Make) -> None:
    """``loss_and_gradient`` gives the loss and its derivative, without a graph, in float32 and in float64."""
    task = make()
    batch = first_batch(task)
    for dtype, seen, near in ((torch.float32, batch, CLOSE), (torch.float64, batch.double(), 1e-9)):
        parameters = spread(task, dtype)
        loss, gradient = task.loss_and_gradient(parameters, seen)
        expected, true = gradient_by_autograd(task, parameters, seen)
        require(loss.dtype == gradient.dtype == dtype, f"loss and gradient of {dtype} parameters are of another type")
        require(not gradient.requires_grad, "loss_and_gradient keeps a graph; detach what it returns")
        require(torch.allclose(loss, expected, rtol=near), "loss_and_gradient gives another loss than loss")
        scale = float(true.abs().max())
        same = torch.allclose(gradient, true, rtol=near, atol=near * scale)
        require(same, "loss_and_gradient differs from the derivative of loss; gradient_by_autograd gives that")


def runs_keep_to_themselves(make: Make) -> None:
    """A run has the same loss, gradient and accuracy beside others as alone with its seed's minibatch."""
    task = make()
    parameters, batch = spread(task), first_batch(task)
    loss, gradient = task.loss_and_gradient(parameters, batch)
    score = task.accuracy(parameters, "validation")
    for run in range(len(parameters)):
        one, seed = parameters[run : run + 1], (SEEDS[run // GROUP],)
        alone, slope = task.loss_and_gradient(one, first_batch(task, seed))
        scale = float(slope.abs().max())
        same = torch.allclose(loss[run], alone[0], rtol=CLOSE) and torch.allclose(
            gradient[run], slope[0], rtol=CLOSE, atol=CLOSE * scale
        )
        require(same, "a run's loss changes with the runs beside it; consecutive runs share their seed's minibatch")
        near = torch.allclose(score[run], task.accuracy(one, "validation")[0], atol=1e-3)
        require(near, "a run's accuracy changes with the runs beside it")


def nothing_is_changed_in_place(make: Make) -> None:
    """Parameters and minibatch are the same after every call."""
    task = make()
    parameters, batch = spread(task), first_batch(task)
    kept, images, labels = parameters.clone(), batch.images.clone(), batch.labels.clone()
    task.loss_and_gradient(parameters, batch)
    task.validation_loss(parameters)
    for split in SPLITS:
        task.accuracy(parameters, split)
    require(torch.equal(kept, parameters), "it changes the parameters that it is given; work on a copy")
    same = torch.equal(images, batch.images) and torch.equal(labels, batch.labels)
    require(same, "it changes the minibatch that it is given; work on a copy")


CHECKS: dict[str, Callable[[Make], None]] = {
    check.__name__: check
    for check in (
        shapes_and_floats_are_as_declared,
        parameters_and_minibatches_are_functions_of_seed_and_purpose,
        gradients_are_autograds,
        runs_keep_to_themselves,
        nothing_is_changed_in_place,
    )
}
