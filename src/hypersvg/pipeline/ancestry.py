"""Follow a number back: from an exhibit or the claims to the tables, their jobs, the jobs before, and the images."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from hypersvg.pipeline.exhibits_index import EXHIBITS
from hypersvg.pipeline.failures import HypersvgError
from hypersvg.pipeline.selection import chosen
from hypersvg.reading.results import FILES
from hypersvg.sidecars import FASHION, IMAGES, JOB_SIDECAR, Sidecar, beside, read_sidecar, require_recorded, sha256
from hypersvg.tables import read_table

CLAIMS = "claims"
NARROWING = ("method", "arm", "unroll", "momentum", "candidate", "seed")
"""Columns that mean the same in an exhibit as in the tables behind it."""


@dataclass(frozen=True)
class Part:
    """A file of a job, its SHA-256 when it was read, and how many of the rows in question it holds.

    ``rows`` is ``None`` for what a job read from another one.
    """

    job: Sidecar
    file: Path
    digest: str
    rows: int | None


@dataclass(frozen=True)
class Origin:
    """One gathered table: all its rows, those in question, and the jobs that wrote these."""

    table: Sidecar
    path: Path
    rows: int
    chosen: pd.DataFrame
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Ancestry:
    """Where rows of a table or of an exhibit come from.

    ``page`` is the sidecar of the notebook or of the claims, ``None`` for a gathered table; ``before`` are the jobs
    whose files other jobs read, ``images`` the data stage's; ``troubles`` names what is not as it was recorded.
    """

    path: Path
    question: str
    rows: int
    chosen: pd.DataFrame
    page: Sidecar | None
    origins: tuple[Origin, ...]
    before: tuple[Part, ...]
    images: tuple[Sidecar, ...]
    troubles: tuple[str, ...]

    @property
    def parts(self) -> tuple[Part, ...]:
        """Every file of a job."""
        return tuple(part for origin in self.origins for part in origin.parts) + self.before

    @property
    def jobs(self) -> list[Sidecar]:
        """Every job, each once."""
        return list({part.job.path: part.job for part in self.parts}.values())


def ancestry(run: Path, name: str, row: int | None = None, where: str = "") -> Ancestry:
    """The ancestry of rows of ``name``, a gathered table, an exhibit or the claims of the run in ``run``.

    Raises a sentence for an unknown name, row or value and for what has not been made or has no readable sidecar.
    """
    path, frame, page = shown(run, name)
    rows, question = chosen(frame, row, where, name)
    if page is None:
        origins: tuple[Origin, ...] = (origin(path, rows),)
    else:
        narrow = rows if question else rows.iloc[:0]
        tables = [Path(file) for file in page.inputs if Path(file).suffix == ".parquet"]
        origins = tuple(origin(table, narrowed(read(table), narrow)) for table in tables)
    jobs = [part.job for one in origins for part in one.parts]
    before = read_by(jobs)
    images = tuple({part.job.path: part.job for part in before if part.file.name in (IMAGES, FASHION)}.values())
    earlier = tuple(part for part in before if part.file.name not in (IMAGES, FASHION))
    chain = [*([page] if page else []), *(one.table for one in origins), *jobs, *(part.job for part in before)]
    return Ancestry(path, question, len(frame), rows, page, origins, earlier, images, tuple(troubles(chain)))


def shown(run: Path, name: str) -> tuple[Path, pd.DataFrame, Sidecar | None]:
    """The file behind a name, its rows, and the sidecar of what drew or judged it."""
    if name in FILES:
        path = made(run / "tables" / f"{name}.parquet")
        return path, read(path), None
    if name in EXHIBITS:
        path = made(run / "exhibits" / f"{name}.csv")
        page = read_sidecar(run / "notebooks" / f"{EXHIBITS[name]}.{JOB_SIDECAR}")
        require_recorded(path, page)
        return path, pd.read_csv(path), page
    if name == CLAIMS:
        path = made(run / "claims.json")
        page = read_sidecar(run / f"{CLAIMS}.{JOB_SIDECAR}")
        require_recorded(path, page)
        return path, plain(json.loads(path.read_text(encoding="utf-8"))), page
    known = f"exhibits: {', '.join(EXHIBITS)}; tables: {', '.join(FILES)}; {CLAIMS}"
    raise HypersvgError(f"there is no exhibit or table '{name}'; known: {known}" if name else f"name a TABLE; {known}")


def made(path: Path) -> Path:
    """``path``; raises a sentence where there is no such file."""
    if not path.is_file():
        raise HypersvgError(f"there is no {path}; `make {path.stem}` (or its stage) makes it, with the same SCALE")
    return path


def plain(records: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Records as a table of their plain values."""
    kept = (str, int, float, type(None))
    return pd.DataFrame([{key: value for key, value in one.items() if isinstance(value, kept)} for one in records])


def read(path: Path) -> pd.DataFrame:
    """A gathered table, or an empty one where it is gone."""
    table = FILES[path.stem]
    return read_table(path, table) if path.is_file() else pd.DataFrame(columns=table.names)


def narrowed(frame: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table that agree with rows of an exhibit in :data:`NARROWING`; all rows where there are none."""
    for column in NARROWING:
        if len(rows) and column in frame.columns and column in rows.columns:
            frame = frame[frame[column].isin(rows[column])]
    return frame


def origin(path: Path, rows: pd.DataFrame) -> Origin:
    """A gathered table and the jobs that wrote ``rows`` of it."""
    sidecar, table = read_sidecar(path.with_suffix(f".{JOB_SIDECAR}")), FILES[path.stem]
    parts = []
    for file, digest in ((Path(name), digest) for name, digest in sidecar.inputs.items()):
        own = read_table(file, table) if file.is_file() else rows.iloc[:0]
        count = len(own.merge(rows[list(table.keys)]))
        if count:
            parts.append(Part(read_sidecar(file.with_name(JOB_SIDECAR)), file, digest, count))
    return Origin(sidecar, path, len(read(path)), rows, tuple(parts))


def read_by(jobs: Iterable[Sidecar]) -> list[Part]:
    """The files of other jobs that ``jobs`` read, and what was read for those, each once."""
    found: dict[Path, Part] = {}
    todo = list(jobs)
    while todo:
        for name, digest in todo.pop(0).inputs.items():
            file, maker = Path(name), beside(Path(name))
            if maker.is_file() and file not in found:
                found[file] = Part(read_sidecar(maker), file, digest, None)
                todo.append(found[file].job)
    return list(found.values())


def troubles(chain: Iterable[Sidecar]) -> list[str]:
    """Files that are gone, or not what a result was made from or wrote, in words."""
    found, known = {}, {}
    for sidecar in chain:
        for path, digest in files_of(sidecar).items():
            if path not in known:
                known[path] = sha256(path) if path.is_file() else None
            if known[path] != digest:
                state = f"no longer what it was when {sidecar.about} was made" if known[path] else "gone"
                found[path] = f"{path} is {state}"
    return list(found.values())


def files_of(sidecar: Sidecar) -> dict[Path, str]:
    """What a result read, and what it wrote beside its sidecar, with their recorded SHA-256."""
    written = {sidecar.path.with_name(name): digest for name, digest in sidecar.outputs.items()}
    read = {Path(name): digest for name, digest in sidecar.inputs.items()}
    return read | {path: digest for path, digest in written.items() if beside(path) == sidecar.path}
