"""Which inner training protocol are the thesis's numbers from? Run by ``make identify``, no part of ``make replicate``.

The grid and random rows of Tables 4.2 and 4.4 depend on none of the thesis's own methods, so they identify its inner
training. :mod:`.candidates` lists the protocols, :mod:`.halving` trains them, most of them briefly, :mod:`.scoring`
says which are rejected, :mod:`.naming` holds the rule that names the default, :mod:`.bandits` and
:mod:`.twenty_steps` are numbers that the fit never saw.
"""
