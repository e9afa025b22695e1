"""What an entry of the ledger says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Rule = Literal["text", "tables", "literature", "none"]

RULES: dict[Rule, str] = {
    "text": "step 1, the text's words",
    "tables": "step 2, the tables' rows",
    "literature": "step 3, the SVG literature",
    "none": "no step; the value is this project's own",
}
"""Which step of the rule for defaults decided."""


@dataclass(frozen=True)
class Quote:
    """``words`` of the thesis, as printed but for line breaks and the typesetting of formulas, and ``where``."""

    words: str
    where: str


@dataclass(frozen=True)
class Choice:
    """One open choice.

    ``settings`` are the dotted keys that hold it, none where only one reading was built (``remark`` says why).
    ``quotes`` are what the ``reading`` rests on, ``against`` the sentences that speak for another one. ``variants``
    maps overlays of ``config/variants`` to short phrases; an overlay changes no key that its choice does not name.
    """

    name: str
    question: str
    settings: tuple[str, ...]
    reading: str
    rule: Rule
    quotes: tuple[Quote, ...] = ()
    against: tuple[Quote, ...] = ()
    variants: Mapping[str, str] = field(default_factory=dict)
    remark: str = ""
