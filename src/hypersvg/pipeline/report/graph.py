"""The stages of a run as a drawing, from the same data that the workflow's rules are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hypersvg.experiments.stages import STAGES, TABLE_FILES, stages_of
from hypersvg.pipeline.exhibits_index import notebooks_of
from hypersvg.settings.groups import Group

WIDTH, HEIGHT, ROW = 168, 36, 48
"""Size of a box and the distance of two rows [px]."""
COLUMNS = {"data": 0, "stage": 230, "after": 440, "reading": 670}
"""Left edge of the boxes of a kind [px]."""
OWNERS = {file: stage for (stage, _), file in TABLE_FILES.items()}
"""The stage behind every gathered table."""


@dataclass(frozen=True)
class Box:
    """One step: its name, what it did, where it stands [px], and the place of the page that shows it."""

    name: str
    note: str
    x: float
    y: float
    target: str = ""

    @property
    def label(self) -> str:
        """The name as it is printed; a notebook's note says what it is."""
        return self.name.removeprefix("notebook ").replace("_", " ")


@dataclass(frozen=True)
class Path:
    """Who reads whom as a curve; those of a step that reads ``all`` stages are drawn faintly."""

    curve: str
    all: bool


@dataclass(frozen=True)
class Graph:
    """Boxes and, as paths, who reads whom."""

    boxes: list[Box]
    paths: list[Path]
    reads: dict[str, list[str]]


def page(group: Group) -> tuple[int, int]:
    """Width and height of the drawing of a run of ``group`` [px]."""
    return COLUMNS["reading"] + WIDTH + 4, ROW * (len(notebooks_of(group)) + 1) + 4


def graph(group: Group, notes: Mapping[str, str]) -> Graph:
    """The drawing of a run of ``group``; ``notes`` says under a step's name what it did."""
    reads, height = edges(group), page(group)[1]
    drawn = shown_stages(group)
    stages = [name for name in drawn if not STAGES[name].after]
    readers = sorted((name for name in reads if name not in drawn), key=lambda name: height_of(reads[name], drawn))
    boxes = {"data": box("data", notes, "data", middle(1, height)[0])}
    for name, y in zip(stages, middle(len(stages), height), strict=True):
        boxes[name] = box(name, notes, "stage", y)
    for name in drawn:
        if after := STAGES[name].after:
            boxes[name] = box(name, notes, "after", boxes[after].y)
    for name, y in zip(readers, middle(len(readers), height), strict=True):
        boxes[name] = box(name, notes, "reading", y)
    paths = [
        Path(curve(boxes[source], boxes[name]), all=name == "claims")
        for name, sources in reads.items()
        for source in sources
    ]
    return Graph(list(boxes.values()), paths, reads)


def shown_stages(group: Group) -> list[str]:
    """The stages of a group, and those of another one whose tables its notebooks read."""
    read = {OWNERS[table] for notebook in notebooks_of(group).values() for table in notebook.tables}
    return [name for name in STAGES if name in read or STAGES[name].group == group]


def edges(group: Group) -> dict[str, list[str]]:
    """The steps that every step reads, by name; notebooks are ``notebook <name>``."""
    stages = {
        name: [*(["data"] if STAGES[name].needs_images else []), *filter(None, [STAGES[name].after])]
        for name in shown_stages(group)
    }
    notebooks = {
        f"notebook {name}": list(dict.fromkeys(OWNERS[table] for table in notebook.tables))
        for name, notebook in notebooks_of(group).items()
    }
    return {**stages, "claims": list(stages_of(group)), **notebooks}


def height_of(sources: Sequence[str], order: Sequence[str]) -> float:
    """Mean row of the stages that a step reads, so that few lines cross."""
    return sum(order.index(source) for source in sources) / len(sources)


def middle(count: int, height: int) -> list[float]:
    """Tops [px] of ``count`` boxes spread over the drawing's height."""
    return [round(height * (index + 0.5) / count - HEIGHT / 2, 1) for index in range(count)]


def box(name: str, notes: Mapping[str, str], kind: str, y: float) -> Box:
    """One box; a notebook leads to its chapter, the claims to theirs."""
    if name == "claims":
        return Box(name, notes.get(name, ""), COLUMNS[kind], y, "claims")
    notebook = name.removeprefix("notebook ")
    target = f"chapter-{notebook}" if name != notebook else ""
    return Box(name, notes.get(name, ""), COLUMNS[kind], y, target)


def curve(source: Box, target: Box) -> str:
    """A curve from the right side of one box to the left side of another."""
    x, y = source.x + WIDTH, source.y + HEIGHT / 2
    to_x, to_y = target.x, target.y + HEIGHT / 2
    bend = min(110.0, (to_x - x) * 0.6)
    return f"M{x:g} {y:g}C{x + bend:g} {y:g} {to_x - bend:g} {to_y:g} {to_x:g} {to_y:g}"
