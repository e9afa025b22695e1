"""How Snakemake waits while its jobs run."""

from typing import Any


def look_when_a_job_ends(workflow: Any) -> None:
    """Let the scheduler look for what can start only when a job has ended; to be called when the run starts.

    Its limit of jobs a second (``--max-jobs-per-timespan``: 100, can be raised but not dropped) ends every look at
    waiting jobs with a timer that leads to another one a second later. The looks after finished jobs add to these, so
    that after n jobs it looks n times a second at all that wait. Snakemake itself has no limit in a dry run; a version
    without this attribute is left as it is.
    """
    scheduler: Any = getattr(workflow, "scheduler", None)
    if getattr(scheduler, "job_rate_limiter", None) is not None:
        scheduler.job_rate_limiter = None
