"""Figures and tables of the group ``estimators``, one module a stage; ``lines`` is what they share."""
