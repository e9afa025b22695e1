"""A pretended GPU: tensors that say they are on another device, refuse what a GPU would refuse, and are computed here.

It stands in for a GPU where there is none: the code takes its paths for accelerators, with real numbers. Refused are
operations on tensors of two devices, ``numpy()`` of a tensor over there, and draws there from a CPU generator. What it
cannot show are a GPU's own kernels, their rounding and their speed. PyTorch without CUDA knows only one further device
that needs no hardware, ``meta``; so that is what these tensors say.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_leaves, tree_map_only

from hypersvg.experiments import common, ppo, runtimes, shortlist

DEVICE = "meta"
COPIES = ("_to_copy", "copy_")
INDEXING = ("index", "index_put", "index_put_")
"""A GPU takes indices from the CPU."""
ASKED = (common, ppo, runtimes, shortlist)
"""Where stages ask for the device of their settings."""


class There(Tensor):
    """A tensor that says it is on :data:`DEVICE`; ``held`` has its numbers."""

    held: Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, held: Tensor) -> "There":
        facts: dict[str, Any] = {"dtype": held.dtype, "layout": held.layout, "device": DEVICE}
        made = Tensor._make_wrapper_subclass(
            cls, held.size(), strides=held.stride(), storage_offset=held.storage_offset(), **facts
        )
        made.held = held
        return made

    def tolist(self) -> Any:
        """As a GPU's tensor, it is copied here first."""
        return self.held.tolist()

    def __getitem__(self, key: Any) -> Tensor:
        """Lists of indices are made here, as ``meta`` would make nothing of them."""
        parts = key if isinstance(key, tuple) else (key,)
        found: Tensor = super().__getitem__(tuple(torch.tensor(one) if isinstance(one, list) else one for one in parts))
        return found

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return computed(func, args, kwargs or {})


class Factories(TorchDispatchMode):
    """Sees what makes tensors over there out of nothing."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return computed(func, args, kwargs or {})


def computed(func: Any, args: Any, kwargs: Any) -> Any:
    """Do ``func`` here; what comes out is where a GPU's result would be."""
    tensors = [one for one in tree_leaves((args, kwargs)) if isinstance(one, Tensor)]
    name, wanted = func.overloadpacket.__name__, kwargs.get("device")
    over_there = any(isinstance(one, There) for one in tensors)
    refuse(name, tensors, kwargs)
    plain_args, plain_kwargs = tree_map_only(There, lambda one: one.held, (args, kwargs))
    if wanted is not None:
        over_there = torch.device(wanted).type == DEVICE
        plain_kwargs["device"] = "cpu"
    made = func(*plain_args, **plain_kwargs)
    if name == "copy_":
        return args[0]
    if not over_there:
        return made.clone() if any(made is one for one in plain_args) and wanted is not None else made
    return return_and_correct_aliasing(func, args, kwargs, tree_map_only(Tensor, There, made))


def refuse(name: str, tensors: list[Tensor], kwargs: Any) -> None:
    """Raise what CUDA would raise."""
    there = [one for one in tensors if isinstance(one, There)]
    asked = kwargs.get("device")
    if kwargs.get("generator") is not None and (there or (asked is not None and torch.device(asked).type == DEVICE)):
        raise RuntimeError(f"{name}: a generator of the CPU draws on {DEVICE}")
    here = [one for one in tensors if not isinstance(one, There) and one.dim() > 0]
    if any(one.device.type == DEVICE for one in here):
        raise RuntimeError(f"{name}: a tensor was made in a way that cannot be pretended")
    indexed = name in INDEXING and isinstance(tensors[0], There)
    if there and here and name not in COPIES and not indexed:
        raise RuntimeError(f"{name}: tensors on two devices, {DEVICE} and cpu")


def by_way_of_the_cpu(tensor: Any) -> Any:
    """``torch.tensor``, which would make nothing on ``meta``."""
    return lambda data, *, device=None, **more: tensor(data, **more).to(device or "cpu")


@contextmanager
def pretended() -> Iterator[None]:
    """Stages then run over there, whatever their settings say."""
    with ExitStack() as stack:
        for module in ASKED:
            stack.enter_context(mock.patch.object(module, "resolved_device", return_value=DEVICE))
        stack.enter_context(mock.patch("torch.tensor", by_way_of_the_cpu(torch.tensor)))
        stack.enter_context(Factories())
        yield
