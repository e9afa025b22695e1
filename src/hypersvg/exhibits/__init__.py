"""The thesis's figures and tables, drawn from the tidy tables of a run: nothing here trains, nothing reads images.

``Results("results/default")`` opens a run; ``build("fig_4_08", results)`` draws an exhibit and writes its files.
"""

from hypersvg.exhibits.exhibit import Exhibit
from hypersvg.exhibits.registry import EXHIBITS, build
from hypersvg.reading.results import Results

__all__ = ["EXHIBITS", "Exhibit", "Results", "build"]
