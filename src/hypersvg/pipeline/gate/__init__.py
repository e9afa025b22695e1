"""The regression gate: ``make check`` sets a run beside its reference, ``make accept`` makes it the reference.

``sides`` reads the two, ``machine`` tells whether they are of one machine class, ``rows`` compares keys, types and
single numbers, ``means`` means over seeds by interval, ``claims`` and ``times`` what has rules of its own;
``comparison`` puts that together, ``touched`` finds the exhibits and claims behind a number, ``drift`` prints.
``docs/regression_gate.md`` is for its users.
"""
