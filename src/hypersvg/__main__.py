"""``python -m hypersvg`` is the command line."""

from hypersvg.cli import main

main()
