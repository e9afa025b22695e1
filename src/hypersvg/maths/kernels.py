"""How the project compiles loops over rows, and shares rows among threads. numba brings its compiler along."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import Any

import numba
import torch
from torch import Tensor

Kernel = Callable[..., None]

compiled = numba.njit(
    nogil=True,
    fastmath={"reassoc", "contract", "arcp", "nsz"},  # sums in vector order; what is no number stays none
    error_model="numpy",  # a check for zero divisors would keep the loops from being vectorized
    cache=True,
)


def run_rows(kernel: Kernel, rows: int, tensors: list[Tensor], constants: tuple[Any, ...]) -> None:
    """Call ``kernel(*arrays, constants, start, stop)`` for all rows, shared among as many threads as torch uses.

    A row is one thread's work from end to end, so that results do not depend on the threads, nor on the rows beside it.
    """
    arrays = [tensor.detach().contiguous().numpy() for tensor in tensors]
    threads = max(1, min(torch.get_num_threads(), rows))
    cuts = [rows * part // threads for part in range(threads + 1)]
    if threads == 1:
        kernel(*arrays, constants, 0, rows)
        return
    for task in [pool(threads).submit(kernel, *arrays, constants, *cut) for cut in pairwise(cuts)]:
        task.result()


@cache
def pool(threads: int) -> ThreadPoolExecutor:
    """Threads that stay."""
    return ThreadPoolExecutor(threads)


def constants_of(kind: Tensor, *values: float) -> tuple[Any, ...]:
    """``values`` as numbers of the tensor's type, or the loops would compute in float64."""
    number = kind.detach().numpy().dtype.type
    return tuple(number(value) for value in values)
