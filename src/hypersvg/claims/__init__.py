"""The thesis's sentences as data, each judged on the tidy tables of a run: nothing here trains."""
