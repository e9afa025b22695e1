"""How the report prints names, numbers and tables."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

Content = Mapping[str, Any]


def listed(names: Sequence[str]) -> str:
    """Names in code font."""
    return ", ".join(f"`{name}`" for name in names) or "none"


def percent(value: float | None, digits: int = 2) -> str:
    """A share as per cent; a dash where there is none."""
    return "–" if value is None else f"{100 * value:.{digits}f}"


def nats(value: float) -> str:
    """A log-likelihood with one digit."""
    return f"{value:.1f}"


def table(rows: Sequence[Mapping[str, str]]) -> str:
    """A Markdown table of printed cells."""
    return str(pd.DataFrame(list(rows)).to_markdown(index=False, disable_numparse=True))
