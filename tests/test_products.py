"""Products through oneDNN against float64, whatever the order of their operands in memory."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from hypersvg.maths import products
from hypersvg.maths.products import constant_product, onednn_is_here, onednn_serves, product, wide_product
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


@HERE
@pytest.mark.parametrize("order", [torch.clone, gapped, turned])
def test_large_products_go_through_onednn_and_are_exact_to_rounding(
    monkeypatch: pytest.MonkeyPatch, order: Callable[[Tensor], Tensor]
) -> None:
    monkeypatch.setattr(products, "LARGE", 1)
    monkeypatch.setattr(products, "BAND", 3)
    left, right = operands()
    for one, other in ((order(left), right), (left, order(right))):
        assert onednn_serves(one, other)
        assert error(product(one, other), left, right) < 1e-6
        assert error(wide_product(one, other), left, right) < 1e-6
        given = torch.full((1, ROWS, COLUMNS), torch.nan)
        assert wide_product(one, other, given) is given
        assert error(given, left, right) < 1e-6
        assert torch.equal(product(one, other), product(one, other))


@pytest.mark.parametrize("large", [1, products.LARGE])
def test_the_gradient_of_a_constant_product_passes_to_its_left_side_alone(
    monkeypatch: pytest.MonkeyPatch, large: int
) -> None:
    monkeypatch.setattr(products, "LARGE", large)
    left, right = (operand.requires_grad_() for operand in operands())
    outer = torch.randn(1, ROWS, COLUMNS, generator=torch_generator(2, "products"))
    constant_product(left, right).backward(outer)
    assert left.grad is not None
    assert error(left.grad, outer, right.detach().transpose(1, 2)) < 1e-6
    assert right.grad is None


@HERE
def test_only_matrices_that_no_cache_holds_of_one_run_in_float32_go_through_onednn() -> None:
    def matrices(runs: int, width: int, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
        return torch.empty(runs, 8, 26_506, dtype=dtype), torch.empty(runs, 26_506, width, dtype=dtype)

    assert onednn_serves(*matrices(1, 3072))
    assert not onednn_serves(*matrices(1, 128))
    assert not onednn_serves(*matrices(2, 3072))
    assert not onednn_serves(*matrices(1, 3072, torch.float64))
