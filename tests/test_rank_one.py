"""Adam on matrices whose gradient is an outer product, against PyTorch's."""

import pytest
import torch
from torch import Tensor

from hypersvg.maths.random import torch_generator
from hypersvg.maths.rank_one import RankOneAdam


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rank_one_adam_is_adam_on_the_outer_product_whatever_the_threads(threads: int, dtype: torch.dtype) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        check_rank_one(dtype)
    finally:
        torch.set_num_threads(before)


def check_rank_one(dtype: torch.dtype) -> None:
    generator = torch_generator(0, "rank one")

    def drawn(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=dtype)

    weight = drawn(3, 5, 67)
    twin, near = weight.clone().requires_grad_(True), torch.finfo(dtype).eps * 100
    fast, plain = RankOneAdam(weight, 1e-2, 1e-8), torch.optim.Adam([twin], lr=1e-2)
    for step in range(20):
        left, right, seen = drawn(3, 5) * 10.0 ** (step % 7 - 5), drawn(3, 67), drawn(3, 2, 67)
        old = torch.einsum("rhp,rkp->rkh", twin.detach(), seen)
        twin.grad = left.unsqueeze(2) * right.unsqueeze(1)
        plain.step()
        if step % 2:
            assert torch.allclose(fast.step_before(left, right, seen), old, rtol=near, atol=near)
        else:
            new = torch.einsum("rhp,rp->rh", twin.detach(), seen[:, 0])
            assert torch.allclose(fast.step_after(left, right, seen[:, 0].contiguous()), new, rtol=near, atol=near)
    assert torch.allclose(weight, twin.detach(), rtol=near, atol=near)
