"""One module a stage: ``run(job) -> tables``. Training happens here and nowhere above."""
