"""The batched inner loop against a plain per-run loop with ``torch.optim``, and its promises about randomness."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from hypersvg.controllers.constant import Constant
from hypersvg.images import Images, Split
from hypersvg.maths import products
from hypersvg.maths.network import ACTIVATIONS, Network
from hypersvg.maths.optimizers import Adam, OptimizerName
from hypersvg.maths.random import BatchStream, torch_generator
from hypersvg.tasks.base import gradient_by_autograd
from hypersvg.tasks.classification import Classification, blocks
from hypersvg.training import LOSS_CEILING, InnerTraining, train

SEEDS, RATES, STEPS = [0, 1], [0.3, 0.01, 0.001], 50


def task(activation: str = "elu", dtype: torch.dtype = torch.float64) -> Classification:
    generator = torch_generator(0, "images")
    labels = torch.randint(10, (400,), generator=generator)
    images = torch.rand(400, 20, generator=generator, dtype=dtype) + labels.unsqueeze(1) / 20
    split = Split(images, labels)
    network = Network(sizes=(20, 8, 8, 10), activation=activation)  # type: ignore[arg-type]
    return Classification(network, Images(split, split, split, "test"), batch_size=32, curve_images=100)


def plain_training(inner: Classification, optimizer: str, seed: int, rate: float) -> torch.Tensor:
    """One run, one ``nn.Parameter``, one ``torch.optim`` optimizer: nothing shared with the batched code's steps."""
    flat = nn.Parameter(inner.init([seed], "init").double()[0].clone())
    choices = {
        "sgd": lambda: torch.optim.SGD([flat], lr=rate),
        "momentum": lambda: torch.optim.SGD([flat], lr=rate, momentum=0.9),
        "nesterov": lambda: torch.optim.SGD([flat], lr=rate, momentum=0.9, nesterov=True),
        "adam": lambda: torch.optim.Adam([flat], lr=rate),
    }
    chosen, batches = choices[optimizer](), inner.batches([seed], "batches")
    activation = ACTIVATIONS[inner.network.activation]
    for _ in range(STEPS):
        batch = batches.next()
        hidden, start = batch.images[0], 0
        for number, (inputs, outputs) in enumerate(inner.network.layers):
            weight = flat[start : start + inputs * outputs].view(inputs, outputs)
            bias = flat[start + inputs * outputs : start + (inputs + 1) * outputs]
            start += (inputs + 1) * outputs
            hidden = (activation(hidden) if number else hidden) @ weight + bias
        chosen.zero_grad()
        nn.functional.cross_entropy(hidden, batch.labels[0]).backward()
        chosen.step()
    return flat.detach()


@pytest.mark.parametrize("activation", ["relu", "tanh", "elu"])
@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov", "adam"])
def test_batched_loop_equals_a_plain_loop_with_torch_optim(optimizer: OptimizerName, activation: str) -> None:
    inner = task(activation)
    training = InnerTraining(inner, optimizer, SEEDS, len(RATES))
    training.restart(training.parameters.double())
    curves = train(training, Constant(torch.tensor(RATES * len(SEEDS), dtype=torch.float64)), STEPS)
    for row, (seed, rate) in enumerate((seed, rate) for seed in SEEDS for rate in RATES):
        assert torch.allclose(curves.parameters[row], plain_training(inner, optimizer, seed, rate), rtol=0, atol=1e-6)


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov", "adam"])
def test_direction_is_minus_the_derivative_of_the_step_by_its_rate(optimizer: OptimizerName) -> None:
    nexts = []
    for last in (0.1, 0.1 + 1e-6):
        training = InnerTraining(task(), optimizer, [0])
        training.restart(training.parameters.double())
        for rate in (0.05, 0.2, last):
            transition = training.step(torch.tensor([rate], dtype=torch.float64))
        nexts.append(transition)
    slope = (nexts[1].after - nexts[0].after) / 1e-6
    assert torch.allclose(-slope, nexts[0].direction, rtol=1e-5, atol=1e-8)


def test_gradients_agree_with_torch_func() -> None:
    inner = task()
    parameters = inner.init([0, 1, 2], "init").double()
    batch = inner.batches([0], "batches").next()

    def loss(flat: torch.Tensor) -> torch.Tensor:
        return inner.network.loss(flat.unsqueeze(0), batch.images, batch.labels)[0]

    expected = torch.func.vmap(torch.func.grad(loss))(parameters)
    leaf = parameters.clone().requires_grad_(True)
    losses = inner.loss(leaf, batch)
    (gradients,) = torch.autograd.grad(losses.sum(), leaf)
    assert torch.allclose(gradients, expected, rtol=1e-12, atol=1e-14)
    assert torch.allclose(losses, torch.func.vmap(loss)(parameters))


@pytest.mark.parametrize("activation", ["relu", "tanh", "elu"])
@pytest.mark.parametrize(("streams", "group"), [(1, 1), (3, 1), (1, 4), (3, 2)])
def test_closed_form_gradient_equals_autograd_through_the_loss(activation: str, streams: int, group: int) -> None:
    inner = task(activation)
    batch = inner.batches(list(range(streams)), "batches").next()
    parameters = inner.network.init(streams * group, torch_generator(0, "init")).double() + 0.01
    expected = gradient_by_autograd(inner, parameters, batch)
    for found in (
        inner.network.loss_and_gradient(parameters, batch.images, batch.labels),
        inner.loss_and_gradient(parameters, batch),
    ):
        for one, other in zip(found, expected, strict=True):
            assert float((one - other).norm() / other.norm()) < 1e-10


@pytest.mark.parametrize(("streams", "group"), [(1, 1), (3, 1), (1, 4), (3, 2)])
def test_a_step_and_its_accuracy_through_onednn_equal_their_twins_in_float64(
    monkeypatch: pytest.MonkeyPatch, streams: int, group: int
) -> None:
    monkeypatch.setattr(products, "WORTHWHILE", 1)
    exact = task()
    split = Split(exact.images.train.images.float(), exact.images.train.labels)
    inner = replace(exact, images=Images(split, split, split, "the same in float32"))
    batch, same = (one.batches(list(range(streams)), "batches").next() for one in (inner, exact))
    parameters = inner.init(range(streams * group))
    expected = gradient_by_autograd(exact, parameters.double(), same)
    for one, other in zip(inner.loss_and_gradient(parameters, batch), expected, strict=True):
        assert float((one - other).norm() / other.norm()) < 1e-5
    assert torch.allclose(inner.accuracy(parameters, "test").double(), exact.accuracy(parameters.double(), "test"))
    losses = inner.validation_loss(parameters).double(), exact.validation_loss(parameters.double())
    assert torch.allclose(*losses, rtol=1e-5)


@pytest.mark.parametrize("sizes", [(20, 10), (20, 8, 10)])
def test_closed_form_gradient_holds_at_every_depth(sizes: tuple[int, ...]) -> None:
    inner = replace(task(), network=Network(sizes=sizes))
    batch = inner.batches([0, 1], "batches").next()
    parameters = inner.network.init(4, torch_generator(0, "init")).double()
    expected = gradient_by_autograd(inner, parameters, batch)[1]
    assert torch.allclose(inner.loss_and_gradient(parameters, batch)[1], expected, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize(
    ("streams", "group", "batch"), [(1, 1, 256), (64, 1, 256), (3, 2, 256), (2, 200, 100), (1, 5, 50000)]
)
def test_blocks_of_a_step_cover_every_run_once_with_its_own_stream(streams: int, group: int, batch: int) -> None:
    covered = []
    for some, runs in blocks(streams, streams * group, batch, 784):
        own = [run // group for run in range(runs.start, runs.stop)]
        assert sorted(set(own)) == list(range(some.start, some.stop))
        assert (runs.stop - runs.start) % (some.stop - some.start) == 0
        covered += list(range(runs.start, runs.stop))
    assert covered == list(range(streams * group))


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov", "adam"])
def test_transitions_stay_as_they_were_when_training_goes_on(optimizer: OptimizerName) -> None:
    training = InnerTraining(task(), optimizer, [0, 1])
    training.restart(training.parameters.double())
    kept, copies = [], []
    for rate in (0.1, 0.2, 0.3):
        step = training.step(torch.full((2,), rate, dtype=torch.float64))
        kept.append((step.before, step.after, step.direction, step.loss, step.alive))
        copies.append([one.clone() for one in kept[-1]])
    assert all(
        torch.equal(one, copy)
        for old, new in zip(kept, copies, strict=True)
        for one, copy in zip(old, new, strict=True)
    )


def test_a_minibatch_keeps_its_images_when_later_ones_are_drawn() -> None:
    inner = task()
    batches = inner.batches([0, 1], "batches")
    first = batches.next()
    gathered = first.images_of(slice(0, 2)).clone()
    batches.next().images_of(slice(0, 2))
    assert torch.equal(first.images, gathered)


def test_accuracy_counts_right_answers_of_the_plain_scores() -> None:
    inner = task()
    parameters = inner.network.init(70, torch_generator(0, "init")).double()
    images, labels = inner.images.test.images, inner.images.test.labels
    plain = (inner.network.logits(parameters, images.unsqueeze(0)).argmax(dim=2) == labels).double().mean(dim=1)
    assert torch.allclose(inner.network.accuracy(parameters, images, labels), plain, rtol=0, atol=1e-12)


def test_methods_with_the_same_seed_see_the_same_initial_parameters_and_minibatches() -> None:
    inner = task(dtype=torch.float32)
    small, large = InnerTraining(inner, "sgd", [3], 1), InnerTraining(inner, "sgd", [1, 3], 2)
    assert torch.equal(small.parameters[0], large.parameters[2])
    assert torch.equal(large.parameters[2], large.parameters[3])
    one, two = small.step(torch.tensor([0.1])), large.step(torch.full((4,), 0.1))
    assert torch.equal(one.batch.images[0], two.batch.images[1])


def test_an_epoch_shows_every_image_once() -> None:
    stream = BatchStream([0, 1], count=40, batch=10)
    indices = torch.cat([stream.next() for _ in range(4)], dim=1)
    assert torch.equal(indices.sort(dim=1).values, torch.arange(40).expand(2, 40))


def test_diverged_runs_keep_finite_values_and_leave_the_others_alone() -> None:
    inner = task(dtype=torch.float32)
    rates = torch.tensor([0.1, 1e30, 0.1, torch.nan])
    curves = train(InnerTraining(inner, "sgd", [0, 1], 2), Constant(rates), 10)
    healthy = train(InnerTraining(inner, "sgd", [0, 1], 2), Constant(torch.full((4,), 0.1)), 10)
    assert curves.alive[-1].tolist() == [True, False, True, False]
    assert bool(torch.isfinite(curves.parameters).all())
    assert bool(torch.isfinite(curves.val_accuracy).all())
    assert torch.equal(curves.parameters[[0, 2]], healthy.parameters[[0, 2]])
    assert float(curves.train_loss[-1, 1]) == LOSS_CEILING


def test_a_batch_larger_than_the_data_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"inner\.batch_size = 50"):
        BatchStream([0], count=40, batch=50)


def test_initialisations_keep_their_bounds_and_spread() -> None:
    for name, fan in (("glorot", 784 + 32), ("he_uniform", 784)):
        network = Network(initialisation=name)  # type: ignore[arg-type]
        weight, bias = network.unflatten(network.init(4, torch_generator(0, "init")))[0]
        bound = (6 / fan) ** 0.5
        assert float(weight.abs().max()) <= bound
        assert abs(float(weight.std()) - bound / 3**0.5) < 0.01 * bound
        assert float(bias.abs().max()) == 0.0
    assert Network().parameters == 26_506


@pytest.mark.parametrize("runs", [1, 3])
def test_adam_in_one_pass_equals_its_plain_twin_and_leaves_its_arguments_alone(runs: int) -> None:
    generator = torch_generator(3, "one pass")
    one_pass, plain = Adam(), Adam()
    parameters = torch.randn(runs, 37, generator=generator, dtype=torch.float64)
    plain.first, plain.second = torch.zeros_like(parameters), torch.zeros_like(parameters)
    for _ in range(5):
        gradient = torch.randn(parameters.shape, generator=generator, dtype=torch.float64)
        rate, kept = torch.rand(runs, generator=generator, dtype=torch.float64), parameters.clone()
        after = one_pass.step(parameters, gradient, rate)
        plain.steps += 1
        expected = plain.plain_step(plain.first, plain.second, parameters, gradient, rate)
        assert torch.allclose(after, expected, rtol=1e-12)
        assert torch.allclose(one_pass.direction(), plain.direction(), rtol=1e-12)
        assert torch.equal(parameters, kept)
        parameters = after


def test_a_run_takes_the_same_steps_to_the_bit_whatever_runs_beside_it() -> None:
    inner, generator = Adam(), torch_generator(4, "beside")
    alone, start = Adam(), torch.randn(3, 1003, generator=generator)
    both, one = start, start[1:2]
    for _ in range(10):
        gradient = torch.randn(3, 1003, generator=generator)
        both = inner.step(both, gradient, torch.full((3,), 0.01))
        one = alone.step(one, gradient[1:2], torch.full((1,), 0.01))
    assert torch.equal(both[1:2], one)
