"""torchvision's data sets, also where its compiled operators do not fit the installed torch."""

import importlib
import sys
from typing import Any

import torch

OPERATORS = {
    "torchvision::nms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "torchvision::qnms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}


def mnist_class() -> Any:
    """The class ``torchvision.datasets.MNIST``."""
    return data_sets().MNIST


def fashion_class() -> Any:
    """The class ``torchvision.datasets.FashionMNIST``."""
    return data_sets().FashionMNIST


def data_sets() -> Any:
    """The module ``torchvision.datasets``.

    PyPI's torchvision is compiled for CUDA; beside a CPU build of torch its import ends with "operator
    torchvision::nms does not exist". The data sets need no such operator, so it is declared, and only then.
    """
    try:
        return importlib.import_module("torchvision.datasets")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    for operator, signature in OPERATORS.items():
        torch.library.define(operator, signature)
    return importlib.import_module("torchvision.datasets")
