"""Gradient estimators of unrolled computation: evolution strategies (Vicol 2023, slides) and differentiation.

All share one interface, :class:`~hypersvg.maths.estimators.unrolls.GradientEstimator`, over one kind of problem,
:class:`~hypersvg.maths.estimators.unrolls.InnerProblem`.
"""
