"""Set the numbers of two result folders side by side."""

from pathlib import Path

import pandas as pd

from hypersvg.pipeline.failures import HypersvgError
from hypersvg.schema import TABLES
from hypersvg.sidecars import beside, read_sidecar, require_recorded
from hypersvg.tables import read_table

RUN_TABLES = ("ppo_runs", "offline_runs", "online_runs", "baselines_runs")
KEYS = ["method", "grid", "run"]
NUMBERS = ["rate", "quoted_accuracy", "val_accuracy", "test_accuracy"]


def compare(results: Path, first: str, second: str) -> Path:
    """Print mean numbers over seeds of every method of both runs and write all of them as CSV; its path.

    Raises a sentence when a folder is missing or the two have no table in common.
    """
    folders = [result_folder(results, name) for name in (first, second)]
    stacked = pd.concat([run_numbers(*folders), exhibit_numbers(*folders)], ignore_index=True)
    if stacked.empty:
        raise HypersvgError(f"{folders[0]} and {folders[1]} have no finished table in common")
    stacked["difference"] = stacked["b"] - stacked["a"]
    output = results / "compare" / f"{folders[0].name}_vs_{folders[1].name}.csv"
    output.parent.mkdir(parents=True, exist_ok=True)
    stacked.rename(columns={"a": folders[0].name, "b": folders[1].name}).to_csv(output, index=False)
    print(as_markdown(stacked, folders[0].name, folders[1].name))
    return output


def result_folder(results: Path, name: str) -> Path:
    """A run's folder by name (``default+sgd``) or path."""
    if not name:
        raise HypersvgError("name two runs, for example: make compare A=default B=default+surrogate_literal")
    for folder in (results / name, Path(name)):
        if (folder / "tables").is_dir() or (folder / "exhibits").is_dir():
            return folder
    known = ", ".join(sorted(path.name for path in results.glob("*") if (path / "settings.json").is_file())) or "none"
    raise HypersvgError(f"there is no result folder '{name}' under {results}; known: {known}")


def run_numbers(a: Path, b: Path) -> pd.DataFrame:
    """Long rows (table, key, number, a, b): every method and start of the tables of runs, means over seeds."""
    rows = []
    for name in RUN_TABLES:
        paths = [folder / "tables" / f"{name}.parquet" for folder in (a, b)]
        if all(path.is_file() for path in paths):
            for path in paths:
                require_recorded(path, read_sidecar(beside(path)))
            frames = [read_table(path, TABLES["runs"]).groupby(KEYS)[NUMBERS].mean() for path in paths]
            rows.append(joined(name, *(frame.rename(index=str) for frame in frames)))
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()


def exhibit_numbers(a: Path, b: Path) -> pd.DataFrame:
    """Long rows of the tables among the exhibits, keyed by their columns of words; a table of words alone has none."""
    rows = []
    for path in sorted((a / "exhibits").glob("table_*.csv")):
        other = b / "exhibits" / path.name
        if other.is_file():
            both = [keyed(pd.read_csv(file)) for file in (path, other)]
            if any(len(frame.columns) for frame in both):
                rows.append(joined(path.stem, *both))
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()


def keyed(frame: pd.DataFrame) -> pd.DataFrame:
    """Index a table by its columns of words, and by position where these repeat."""
    words = [name for name in frame.columns if not pd.api.types.is_numeric_dtype(frame[name])]
    numbers = frame.drop(columns=words)
    labels = frame[words].fillna("").astype(str)
    labels["position"] = labels.groupby(words).cumcount().astype(str) if words else frame.index.astype(str)
    numbers.index = pd.MultiIndex.from_frame(labels)
    return numbers


def joined(table: str, a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    """Two indexed tables as long rows; what only one has stays, with an empty partner."""
    long = pd.DataFrame({"a": a.stack(future_stack=True), "b": b.stack(future_stack=True)}).reset_index()
    labels = long.drop(columns=["a", "b"])
    words = labels.iloc[:, :-1].astype(str).agg(" ".join, axis=1)
    return pd.DataFrame({"table": table, "key": words, "number": labels.iloc[:, -1], "a": long["a"], "b": long["b"]})


def as_markdown(stacked: pd.DataFrame, a: str, b: str) -> str:
    """The rows as one Markdown table a source table."""
    parts = []
    for table, rows in stacked.groupby("table", sort=False):
        shown = rows.drop(columns="table").rename(columns={"a": a, "b": b})
        parts.append(f"## {table}\n\n{shown.to_markdown(index=False, floatfmt='.4g')}\n")
    return "\n".join(parts)
