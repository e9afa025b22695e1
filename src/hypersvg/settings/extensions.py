"""The settings block of a user's own methods and inner problem (docs/extending.md)."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from hypersvg.settings.base import Block

RESERVED = (
    *("adam_default", "adaptive", "bandit", "best_constant", "bo", "frozen", "grid", "hypergradient"),
    *("offline", "ppo", "random", "untrained"),
)
"""How the names of the replication's own methods and arms begin."""


def method_name(name: str) -> str:
    """``name`` as it may stand in file names and tables; raises ``ValueError``."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ValueError("a method's name is small letters, digits and underscores, and begins with a letter")
    if taken := next((one for one in RESERVED if name.startswith(one)), None):
        raise ValueError(f"a method's name may not begin with {taken}, which is the replication's own; choose another")
    return name


def reference(text: str) -> str:
    """``text`` where it can name something outside the repository; raises ``ValueError``."""
    if not re.fullmatch(r".+\.py:[A-Za-z_]\w*|[A-Za-z0-9_-]+", text):
        raise ValueError("write file.py:Name, or the name of an installed package's entry point")
    return text


MethodName = Annotated[str, AfterValidator(method_name)]
Reference = Annotated[str, AfterValidator(reference)]


class Extensions(Block):
    """A user's own methods and inner problem, from files outside the repository (docs/extending.md)."""

    controllers: dict[MethodName, Reference] = Field({})
    """Own methods of the online stage by name: file.py:Class, or an entry point of the group hypersvg.controllers."""
    task: Reference | None = None
    """An own inner problem in place of MNIST: file.py:function, or an entry point of the group hypersvg.tasks."""

    @property
    def task_name(self) -> str:
        """What the own task is called; empty for MNIST."""
        return (self.task or "").rpartition(":")[2]
