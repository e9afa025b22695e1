"""Matrix products, stacked over runs, by the quicker of the libraries that PyTorch brings."""

from typing import cast

import torch
from torch import Tensor

WORTHWHILE = 2**24
"""Multiplications of one run from which on its product goes through oneDNN.

The first layers of three runs on 256 images have as many, or a surrogate's of width 128 for five states. Below, two
threads lose by the calls what one gains.
"""
PANEL = 1024
"""Columns of a panel of :func:`wide_product`."""
BAND = 128
"""Rows of what :func:`through_onednn` copies at a time."""


def product(left: Tensor, right: Tensor, out: Tensor | None = None) -> Tensor:
    """``left [runs, m, k]`` times ``right [runs, k, n]``, outside of autograd.

    With ``out`` the product is written there.
    """
    return through_onednn(left, right, out) if onednn_serves(left, right) else torch.bmm(left, right, out=out)


def wide_product(left: Tensor, right: Tensor, out: Tensor | None = None) -> Tensor:
    """``left [runs, m, k]`` times ``right [runs, k, P]``, in panels of columns that the cache holds.

    A product whose inner dimension is small and whose result is wide otherwise runs at half of the processor's rate.
    With ``out`` the product is written there: new memory for a large one takes the kernel longer than the product.
    """
    if onednn_serves(left, right):
        return through_onednn(left, right, out)
    result, left = right.new_empty(*left.shape[:2], right.shape[2]) if out is None else out, left.contiguous()
    if left.device.type != "cpu":
        return torch.bmm(left, right, out=result)
    for run in range(len(left)):
        for start in range(0, right.shape[2], PANEL):
            columns = slice(start, start + PANEL)
            torch.mm(left[run], right[run, :, columns], out=result[run, :, columns])
    return result


def onednn_serves(left: Tensor, right: Tensor) -> bool:
    """Whether oneDNN takes the product: in float32 on the CPU, if it is :data:`WORTHWHILE`.

    PyTorch's own choice, MKL, keeps to AVX2 on AMD's processors: half of the rate of AVX-512 on many rows, a third on
    few.
    """
    (_, rows, inner), columns = left.shape, right.shape[2]
    return (
        rows * inner * columns >= WORTHWHILE
        and left.dtype == right.dtype == torch.float32
        and onednn_is_here(left.device.type)
    )


def onednn_is_here(device: str) -> bool:
    """Whether PyTorch brings oneDNN, which serves the CPU alone."""
    return device == "cpu" and bool(torch.backends.mkldnn.is_available())  # type: ignore[no-untyped-call]


def through_onednn(left: Tensor, right: Tensor, out: Tensor | None = None) -> Tensor:
    """``left [runs, m, k]`` times ``right [runs, k, n]``, a run after another, into ``out`` where it is given.

    oneDNN has no place for a given result: bands of rows are copied from the cache. An element's bits do not depend on
    how many rows, columns or runs are beside it, nor on the threads.
    """
    if out is None and len(left) == 1:
        return linear(left[0], right[0]).unsqueeze(0)
    result = right.new_empty(*left.shape[:2], right.shape[2]) if out is None else out
    for written, one, other in zip(result, left, right, strict=True):
        band = len(one) if turns(one, other) else BAND
        for start in range(0, len(one), band):
            rows = slice(start, start + band)
            written[rows] = linear(one[rows], other)
    return result


def linear(left: Tensor, right: Tensor) -> Tensor:
    """``left [m, k]`` times ``right [k, n]`` as a linear layer, the only float32 product PyTorch hands to oneDNN.

    The operator is the one that ``torch.compile`` puts in place of ``nn.Linear``; PyTorch has no public name for it.
    Its input must lie row after row, its weight may be turned; but rows with gaps between them are read many times
    slower than it takes to close the gaps.
    """
    if turns(left, right):
        return linear(right.t(), left.t()).t()
    layer, weight = torch.ops.mkldnn._linear_pointwise, right.t()
    if not (weight.is_contiguous() or right.is_contiguous()):
        weight = right.contiguous().t()
    return cast(Tensor, layer(left.contiguous(), weight, None, "none", [], ""))


def turns(left: Tensor, right: Tensor) -> bool:
    """Whether turning ``right``, and the product back, is cheaper than putting the larger ``left`` in order."""
    return not left.is_contiguous() and left.shape[0] > right.shape[1]
