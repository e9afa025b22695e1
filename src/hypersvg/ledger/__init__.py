"""The ledger: every choice the thesis leaves open, the reading taken, its evidence and its alternatives, as data.

``docs/ledger.md`` is generated from here (:mod:`hypersvg.ledger.document`).
"""

from hypersvg.ledger.choices import CHOICES, PARTS, compared_variants
from hypersvg.ledger.entry import RULES, Choice, Quote, Rule

__all__ = ["CHOICES", "PARTS", "RULES", "Choice", "Quote", "Rule", "compared_variants"]
