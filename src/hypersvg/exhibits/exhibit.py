"""What a figure or table is made of, and how it is written and shown."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from hypersvg.exhibits.style import house_style
from hypersvg.files import write_text, written
from hypersvg.reading.results import Results
from hypersvg.tables import TableError

DIGITS = "%.6g"


@dataclass(frozen=True)
class Exhibit:
    """A finished figure or table.

    ``frame`` is what it was drawn from; its columns ``keys`` name a row. A figure has ``figure``; a table has
    ``display``, the printed cells under their headings, in blocks by title. ``caption`` says what is seen.
    """

    name: str
    title: str
    frame: pd.DataFrame
    keys: tuple[str, ...]
    caption: str
    figure: Figure | None = None
    display: dict[str, pd.DataFrame] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def save(self, results: Results) -> list[Path]:
        """Write the exhibit under ``exhibits/`` of the run, each file in one step; the files written."""
        if self.figure is not None:
            return save_figure(self.figure, self.frame, self.keys, results, self.name)
        return save_table(self, results)

    def markdown(self, results: Results) -> str:
        """Title, stamp, printed table and notes (tables), or stamp and caption (figures)."""
        parts = [f"**{self.title}** {self.caption}"]
        if results.stamp:
            parts.insert(0, f"**{results.stamp}**")
        for heading, cells in self.display.items():
            parts += [f"*{heading}*"] if heading else []
            parts.append(str(cells.to_markdown(index=False, disable_numparse=True)))
        parts += ["\n".join(f"- {note}" for note in self.notes)] if self.notes else []
        if self.display:
            parts.append(f"*{results.footer}*")
        return "\n\n".join(parts) + "\n"

    def show(self, results: Results) -> None:
        """Display the saved exhibit and its caption in a notebook."""
        from IPython.display import Image, Markdown, display

        if self.figure is not None:
            display(Image(filename=str(exhibit_path(results, self.name, "png")), width=900))  # type: ignore[no-untyped-call]
        display(Markdown(self.markdown(results)))  # type: ignore[no-untyped-call]


def exhibit_path(results: Results, name: str, ending: str) -> Path:
    """``results/<run>/exhibits/<name>.<ending>``."""
    return results.folder / "exhibits" / f"{name}.{ending}"


def checked(frame: pd.DataFrame, keys: tuple[str, ...], results: Results, name: str) -> pd.DataFrame:
    """``frame`` with the ``data`` column and rows in key order; raises :class:`TableError` where keys repeat."""
    missing = [key for key in keys if key not in frame.columns]
    if missing:
        raise TableError(f"{name}: the exhibit's data lack the key columns {missing}")
    if frame.empty:
        raise TableError(f"{name}: there are no rows to show")
    repeated = frame.duplicated(list(keys))
    if repeated.any():
        row = frame.loc[repeated, list(keys)].iloc[0].to_dict()
        raise TableError(f"{name}: the exhibit's data have the row {row} more than once")
    rest = [column for column in frame.columns if column not in keys]
    return frame[[*keys, *rest]].assign(data=results.data)


def save_figure(figure: Figure, frame: pd.DataFrame, keys: tuple[str, ...], results: Results, name: str) -> list[Path]:
    """``<name>.svg``, ``.png`` and ``.csv``; the same figure gives the same bytes."""
    table = checked(frame, keys, results, name)

    def draw(ending: str, metadata: dict[str, str | None]) -> Callable[[Path], None]:
        return lambda path: figure.savefig(path, format=ending, metadata=metadata)

    with house_style():
        settle(figure)
        return [
            written(exhibit_path(results, name, "svg"), draw("svg", {"Date": None, "Creator": None})),
            written(exhibit_path(results, name, "png"), draw("png", {"Software": None})),
            written(exhibit_path(results, name, "csv"), lambda path: write_csv(table, path)),
        ]


def settle(figure: Figure) -> None:
    """Lay the figure out, once, so that all formats have the same places, and the same ones every time.

    The solver of the layout adds in an order that changes from one run to the next: its last bits are rounded away.
    """
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for ax in figure.axes:
        left, bottom, width, height = (round(value, 6) for value in ax.get_position(original=True).bounds)
        ax.set_position((left, bottom, width, height))


def save_table(exhibit: Exhibit, results: Results) -> list[Path]:
    """``<name>.csv`` with plain numbers and ``<name>.md`` as printed."""
    table = checked(exhibit.frame, exhibit.keys, results, exhibit.name)
    text = exhibit.markdown(results)
    return [
        written(exhibit_path(results, exhibit.name, "csv"), lambda path: write_csv(table, path)),
        write_text(exhibit_path(results, exhibit.name, "md"), text),
    ]


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """CSV with six significant digits."""
    frame.to_csv(path, index=False, float_format=DIGITS, lineterminator="\n")
