"""The conformance suite as a report for a user's own controller or task."""

from hypersvg.conformance import Finding, controllers, examined, tasks
from hypersvg.extensions import ExtensionError


def report(controller: str | None, task: str | None) -> str:
    """A line a check; raises :class:`ExtensionError` with the lines of what failed."""
    if (controller is None) == (task is None):
        raise ExtensionError("name one thing: CONTROLLER=file.py:Class or TASK=file.py:function")
    subject = controller or task
    found = findings(controller, task)
    print("\n".join(finding.line for finding in found))
    failed = [finding for finding in found if finding.complaint]
    if failed:
        raise ExtensionError(f"{subject} keeps {len(found) - len(failed)} of {len(found)} promises; mend what failed")
    return f"{subject} keeps all {len(found)} promises."


def findings(controller: str | None, task: str | None) -> list[Finding]:
    """The findings of the suite for the one that is named."""
    if controller is not None:
        return examined(controllers.CHECKS, controllers.own(controller))
    return examined(tasks.CHECKS, tasks.own(task or ""))
