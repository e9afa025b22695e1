"""A user's own inner problem in place of MNIST."""

from collections.abc import Callable

from hypersvg.extensions import ExtensionError, loaded
from hypersvg.settings import Settings
from hypersvg.tasks.base import Task

MEMBERS = ("parameters", "device", "init", "batches", "loss", "loss_and_gradient", "accuracy", "validation_loss")

Make = Callable[[Settings, str], Task]
"""``function(settings, device)``: ``settings.inner.batch_size`` and the rest are there for it to use."""


def own_task(settings: Settings, device: str) -> Task | None:
    """The task that the settings' block ``extensions`` names, or ``None``; raises :class:`ExtensionError`."""
    reference = settings.extensions.task
    return None if reference is None else made(reference, task_function(reference), settings, device)


def task_function(reference: str) -> Make:
    """The function behind a reference; raises :class:`ExtensionError`."""
    make: Make = loaded(reference, "hypersvg.tasks")
    if not callable(make):
        raise ExtensionError(f"{reference} is no function; a task comes from a function of the settings and the device")
    return make


def made(reference: str, make: Make, settings: Settings, device: str) -> Task:
    """The task itself; raises :class:`ExtensionError` for one that lacks a member."""
    task = make(settings, device)
    for member in MEMBERS:
        if not hasattr(task, member):
            raise ExtensionError(
                f"{reference} made a {type(task).__name__} without {member}; "
                "hypersvg.tasks.base.Task lists what a task has"
            )
    return task
