"""What every controller and every task must keep, as checks: the tests run them on our own, users on theirs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from hypersvg.extensions import ExtensionError

T = TypeVar("T")


def require(holds: object, otherwise: str) -> None:
    """Raise :class:`ExtensionError` with the sentence ``otherwise`` where something does not hold."""
    if not holds:
        raise ExtensionError(otherwise)


@dataclass(frozen=True)
class Finding:
    """A check in words and what it found; ``complaint`` is empty where it passed."""

    check: str
    complaint: str

    @property
    def line(self) -> str:
        """The finding on one line."""
        return f"{'FAILED' if self.complaint else 'ok    '}  {self.check}{f': {self.complaint}' * bool(self.complaint)}"


def examined(checks: Mapping[str, Callable[[T], None]], subject: T) -> list[Finding]:
    """The findings of all checks; one that fails, with whatever error, does not keep the others from running."""
    found = []
    for name, check in checks.items():
        try:
            check(subject)
            complaint = ""
        except ExtensionError as error:
            complaint = str(error)
        except Exception as error:
            complaint = f"{type(error).__name__}: {error}"
        found.append(Finding(name.replace("_", " "), complaint))
    return found
