"""The slides' inner problems against closed forms and PyTorch's own modules."""

import math

import pytest
import torch
from sklearn.linear_model import Ridge
from torch import nn

from hypersvg.maths.estimators.differentiation import Backpropagation, ForwardMode
from hypersvg.maths.estimators.evolution import es_single, pes
from hypersvg.maths.random import torch_generator
from hypersvg.tasks.copying import SYMBOLS, CopyTask
from hypersvg.tasks.ridge import RidgePenalty, diabetes

P64 = torch.float64
RIDGE = RidgePenalty(diabetes(0, dtype=P64), 80, 0, start_spread=0.0)
COPY = CopyTask(3, 0, hidden=5, strings=4, dtype=P64)


@pytest.mark.parametrize("penalty", [0.05, 1.0])
def test_descent_ends_at_the_ridge_regression_of_scikit_learn(penalty: float) -> None:
    theta = torch.full((1, 1), math.log(penalty), dtype=P64)
    state, loss = RIDGE.start(torch.tensor([0])), torch.zeros(1)
    for _ in range(3000):
        state, loss = RIDGE.advance(state, theta)
    features, targets = (part.numpy() for part in RIDGE.data.train)
    truth = Ridge(alpha=penalty * len(targets), fit_intercept=False, tol=1e-12).fit(features, targets)
    assert torch.allclose(state["weights"][0], torch.as_tensor(truth.coef_), atol=1e-6)
    features, targets = (part.numpy() for part in RIDGE.data.validation)
    assert float(loss) == pytest.approx(((truth.predict(features) - targets) ** 2).mean(), rel=1e-5)


def test_the_penalty_matters_and_has_an_optimum_inside() -> None:
    theta = torch.linspace(-8, 4, 25, dtype=P64).unsqueeze(1)
    state, loss = RIDGE.start(torch.zeros(25, dtype=torch.int64)), torch.zeros(25)
    for _ in range(RIDGE.length or 0):
        state, loss = RIDGE.advance(state, theta)
    best = int(loss.argmin())
    assert 0 < best < 24
    assert float(loss[0]) > 1.2 * float(loss[best]) < float(loss[-1])


def test_telescoping_windows_find_the_gradient_of_the_last_validation_error() -> None:
    theta = torch.tensor([-1.0], dtype=P64)
    whole, windows = Backpropagation(RIDGE, None, "final"), ForwardMode(RIDGE, 10, "final")
    truth = whole.estimate(whole.begin(), theta)[0].gradient
    carried, total = windows.begin(), torch.zeros(1, dtype=P64)
    for _ in range(8):
        estimate, carried = windows.estimate(carried, theta)
        total += estimate.gradient
    assert torch.allclose(total, truth, rtol=1e-9)


def test_the_cell_is_pytorchs_lstm() -> None:
    theta = COPY.initial(torch_generator(0)).unsqueeze(0)
    cell = nn.LSTMCell(SYMBOLS, COPY.hidden, dtype=P64)
    into, across, bias, out, shift = theta[0].split(COPY.sizes)
    cell.weight_ih.data = into.view(SYMBOLS, -1).T
    cell.weight_hh.data = across.view(COPY.hidden, -1).T
    cell.bias_ih.data, cell.bias_hh.data = bias, torch.zeros_like(bias)
    state, total = COPY.start(torch.tensor([2])), torch.zeros(())
    strings = state["strings"][0]
    hidden = memory = torch.zeros(COPY.strings, COPY.hidden, dtype=P64)
    for step in range(COPY.length):
        reading = step < COPY.bits
        symbol = strings[:, step] if reading else torch.full((COPY.strings,), SYMBOLS - 1)
        hidden, memory = cell(nn.functional.one_hot(symbol, SYMBOLS).to(P64), (hidden, memory))
        state, loss = COPY.advance(state, theta)
        if reading:
            assert float(loss) == 0
        else:
            bit = strings[:, step - COPY.bits].to(P64)
            expected = nn.functional.binary_cross_entropy_with_logits(hidden @ out + shift, bit)
            assert float(loss) == pytest.approx(float(expected.detach()), rel=1e-12)
        total = total + loss.sum()
    assert torch.allclose(state["hidden"][0], hidden, rtol=1e-12)


def test_particles_have_their_own_weights_and_share_an_inner_problems_strings() -> None:
    thetas = torch.stack([COPY.initial(torch_generator(seed)) for seed in (0, 1)])
    state = COPY.start(torch.tensor([5, 5]))
    assert torch.equal(state["strings"][0], state["strings"][1])
    for _ in range(COPY.length):
        state, both = COPY.advance(state, thetas)
    alone, loss = COPY.start(torch.tensor([5])), torch.zeros(1)
    for _ in range(COPY.length):
        alone, loss = COPY.advance(alone, thetas[1:])
    assert float(both[1]) == pytest.approx(float(loss), rel=1e-12)


def test_what_a_window_of_one_step_credits_differs_between_pes_and_es_single() -> None:
    theta = COPY.initial(torch_generator(0))
    found = []
    for estimator in (pes(COPY, 3, 0.1, 1), es_single(COPY, 3, 0.1, 1)):
        carried, generator, total = estimator.begin(), torch_generator(1), torch.zeros_like(theta)
        for _ in range(COPY.length):
            estimate, carried = estimator.estimate(carried, theta, generator)
            total += estimate.gradient
        assert carried.step == 0
        found.append(total)
    assert not torch.equal(found[0], found[1])
