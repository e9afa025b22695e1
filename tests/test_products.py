"""Products through oneDNN against float64, and against themselves, whatever lies beside them and in which order."""

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor

from hypersvg.maths import products
from hypersvg.maths.network import shared_input_gradient, shared_input_product
from hypersvg.maths.products import onednn_is_here, onednn_serves, product, wide_product
from hypersvg.maths.random import torch_generator

ROWS, INNER, COLUMNS = 7, 300, 40
HERE = pytest.mark.skipif(not onednn_is_here("cpu"), reason="PyTorch without oneDNN")


def operands(runs: int = 1, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    generator = torch_generator(1, "products")
    left = torch.randn(runs, ROWS, INNER, generator=generator, dtype=dtype)
    return left, torch.randn(runs, INNER, COLUMNS, generator=generator, dtype=dtype)


def gapped(matrix: Tensor) -> Tensor:
    """The same numbers as every third row of a larger matrix, as the first states of trajectories are."""
    return matrix.unsqueeze(2).repeat(1, 1, 3, 1)[:, :, 0]


def turned(matrix: Tensor) -> Tensor:
    """The same numbers, a column after another."""
    return matrix.transpose(1, 2).contiguous().transpose(1, 2)


def error(found: Tensor, left: Tensor, right: Tensor) -> float:
    truth = torch.bmm(left.double(), right.double())
    return float((found - truth).norm() / truth.norm())


@pytest.fixture
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@HERE
@pytest.mark.parametrize("runs", [1, 3])
@pytest.mark.parametrize("order", [torch.clone, gapped, turned])
def test_products_through_onednn_are_exact_to_rounding(
    monkeypatch: pytest.MonkeyPatch, order: Callable[[Tensor], Tensor], runs: int
) -> None:
    monkeypatch.setattr(products, "WORTHWHILE", 1)
    monkeypatch.setattr(products, "BAND", 3)
    left, right = operands(runs)
    for one, other in ((order(left), right), (left, order(right)), (order(left), order(right))):
        assert onednn_serves(one, other)
        assert error(product(one, other), left, right) < 1e-6
        assert error(product(other.transpose(1, 2), one.transpose(1, 2)).transpose(1, 2), left, right) < 1e-6
        for multiply in (product, wide_product):
            given = torch.full((runs, ROWS, COLUMNS), torch.nan)
            assert multiply(one, other, given) is given
            assert error(given, left, right) < 1e-6


@HERE
@pytest.mark.parametrize("runs", [2, 5, 64])
def test_a_runs_last_bits_depend_neither_on_the_runs_beside_it_nor_on_the_threads(
    monkeypatch: pytest.MonkeyPatch, threads: None, runs: int
) -> None:
    """First layers of runs that share their images are one wide product; alone they are one product each."""
    monkeypatch.setattr(products, "WORTHWHILE", 1)
    generator = torch_generator(3, "products")
    images, weight = torch.rand(1, 100, 784, generator=generator), torch.randn(runs, 784, 32, generator=generator)
    slope = torch.randn(runs, 100, 32, generator=generator)
    torch.set_num_threads(2)
    wide, gradient = shared_input_product(images, weight, product), torch.empty_like(weight)
    shared_input_gradient(images, slope, gradient)
    torch.set_num_threads(1)
    for run in range(runs):
        one, alone = slice(run, run + 1), torch.empty_like(weight[:1])
        assert torch.equal(wide[one], shared_input_product(images, weight[one], product))
        shared_input_gradient(images, slope[one], alone)
        assert torch.equal(gradient[one], alone)


@HERE
def test_worthwhile_products_in_float32_go_through_onednn() -> None:
    def matrices(rows: int, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
        return torch.empty(2, rows, 26_506, dtype=dtype), torch.empty(2, 26_506, 128, dtype=dtype)

    assert onednn_serves(*matrices(8))
    assert not onednn_serves(*matrices(1))
    assert not onednn_serves(*matrices(8, torch.float64))
