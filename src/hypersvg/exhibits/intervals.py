"""Means, intervals and how numbers are printed."""

import math
from dataclasses import dataclass

import pandas as pd
from scipy import stats


@dataclass(frozen=True)
class Interval:
    """Mean of ``count`` values and the half-width of its 95 % t-interval (NaN for a single value)."""

    mean: float
    half: float
    count: int

    def percent(self) -> str:
        """``93.13 ± 0.12``; a dash where there is no value, no interval where there is one value."""
        if math.isnan(self.mean):
            return "–"
        shown = f"{100 * self.mean:.2f}"
        return shown if math.isnan(self.half) else f"{shown} ± {100 * self.half:.2f}"


def t_interval(values: "pd.Series[float]") -> Interval:
    """95 % t-interval over ``values`` (one a seed); empty values are left out.

    It assumes values that are independent and roughly normal; at two seeds it is 12.7 standard errors wide.
    """
    known = values.dropna()
    count = len(known)
    if count == 0:
        return Interval(math.nan, math.nan, 0)
    if count == 1:
        return Interval(float(known.iloc[0]), math.nan, 1)
    half = float(stats.t.ppf(0.975, count - 1)) * float(known.std(ddof=1)) / math.sqrt(count)
    return Interval(float(known.mean()), half, count)


def percent(value: float | None) -> str:
    """Accuracy in [0, 1] as per cent with two digits; a dash where there is none."""
    return "–" if value is None or math.isnan(value) else f"{100 * value:.2f}"


def rate(value: float | None) -> str:
    """A learning rate with three digits; a dash where there is none."""
    return "–" if value is None or math.isnan(value) else f"{value:.3g}"


def rate_range(values: "pd.Series[float]") -> str:
    """``median (smallest – largest)`` of learning rates, one number where they are equal."""
    low, high = float(values.min()), float(values.max())
    middle = rate(float(values.median()))
    return middle if rate(low) == rate(high) else f"{middle} ({rate(low)} – {rate(high)})"


def span(low: str, high: str) -> str:
    """``low – high`` of printed numbers, one where they are equal."""
    return low if low == high else f"{low} – {high}"


def percent_range(values: "pd.Series[float]") -> str:
    """``83.10 – 93.72``, smallest and largest accuracy in per cent, one number where they are equal."""
    return span(percent(float(values.min())), percent(float(values.max())))


def counted(value: float) -> str:
    """A mean count: an integer with thousands separated, one decimal where seeds differ."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
