"""Between the command line and the stages: jobs, gathered tables, notebooks, provenance, checks before a run."""
