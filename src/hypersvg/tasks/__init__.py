"""Inner problems. A new task is one file that keeps the :class:`~hypersvg.tasks.base.Task` contract."""
