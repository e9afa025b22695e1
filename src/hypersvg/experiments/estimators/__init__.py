"""The stages of the group ``estimators``: one module a stage, ``run(job) -> tables``; ``outer`` is shared."""
