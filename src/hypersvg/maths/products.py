"""Products with the large matrices of surrogate and policy, by the quicker of the libraries that PyTorch brings."""

from typing import Any, cast

import torch
from torch import Tensor

LARGE = 2**25
"""Numbers of a matrix from which on a product goes through oneDNN (hidden widths above 1,266 at P = 26,506)."""
PANEL = 1024
"""Columns of a panel of :func:`wide_product`."""
BAND = 128
"""Rows of what :func:`into` copies at a time."""


def product(left: Tensor, right: Tensor) -> Tensor:
    """``left [runs, m, k]`` times ``right [runs, k, n]``, outside of autograd; see :func:`constant_product`."""
    return through_onednn(left, right) if onednn_serves(left, right) else torch.bmm(left, right)


def wide_product(left: Tensor, right: Tensor, out: Tensor | None = None) -> Tensor:
    """``left [runs, m, k]`` times ``right [runs, k, P]``, in panels of columns that the cache holds.

    A product whose inner dimension is small and whose result is wide otherwise runs at half of the processor's rate.
    With ``out`` the product is written there: new memory for a large one takes the kernel longer than the product.
    """
    if onednn_serves(left, right):
        return through_onednn(left, right) if out is None else into(out, left, right)
    result, left = right.new_empty(*left.shape[:2], right.shape[2]) if out is None else out, left.contiguous()
    if left.device.type != "cpu":
        return torch.bmm(left, right, out=result)
    for run in range(len(left)):
        for start in range(0, right.shape[2], PANEL):
            columns = slice(start, start + PANEL)
            torch.mm(left[run], right[run, :, columns], out=result[run, :, columns])
    return result


class ConstantProduct(torch.autograd.Function):
    """See :func:`constant_product`."""

    @staticmethod
    def forward(ctx: Any, left: Tensor, right: Tensor) -> Tensor:
        """See the function."""
        ctx.save_for_backward(right)
        return product(left, right)

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor, None]:
        """The gradient of ``left``."""
        return product(outer[0], ctx.saved_tensors[0].transpose(1, 2)), None


def constant_product(left: Tensor, right: Tensor) -> Tensor:
    """``left [runs, m, k]`` times the constant ``right [runs, k, n]``; the gradient passes to ``left`` alone."""
    return cast(Tensor, ConstantProduct.apply(left, right))  # type: ignore[no-untyped-call]


def onednn_serves(left: Tensor, right: Tensor) -> bool:
    """Whether oneDNN takes the product: one run in float32 on the CPU, with a matrix that no cache holds.

    PyTorch's own choice, MKL, keeps to AVX2 on AMD's processors: half of the rate of AVX-512 on many rows, a third on
    few. Narrower matrices stay with it, so that the committed results of the default scale keep their bits.
    """
    (runs, rows, inner), columns = left.shape, right.shape[2]
    return (
        runs == 1
        and max(rows * inner, inner * columns, rows * columns) >= LARGE
        and left.dtype == right.dtype == torch.float32
        and onednn_is_here(left.device.type)
    )


def onednn_is_here(device: str) -> bool:
    """Whether PyTorch brings oneDNN, which serves the CPU alone."""
    return device == "cpu" and bool(torch.backends.mkldnn.is_available())  # type: ignore[no-untyped-call]


def through_onednn(left: Tensor, right: Tensor) -> Tensor:
    """``left [1, m, k]`` times ``right [1, k, n]`` as a linear layer, the only float32 product PyTorch hands to it.

    The operator is the one that ``torch.compile`` puts in place of ``nn.Linear``; PyTorch has no public name for it.
    It reads rows with gaps between them many times slower than it takes to close the gaps.
    """
    layer, weight = torch.ops.mkldnn._linear_pointwise, right[0].transpose(0, 1)
    if not weight.is_contiguous():
        weight = right[0].contiguous().transpose(0, 1)
    return cast(Tensor, layer(left[0].contiguous(), weight, None, "none", [], "")).unsqueeze(0)


def into(out: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """:func:`through_onednn`, which has no place for ``out``, in bands of rows that are copied from the cache."""
    for start in range(0, left.shape[1], BAND):
        rows = slice(start, start + BAND)
        out[:, rows] = through_onednn(left[:, rows], right)
    return out
