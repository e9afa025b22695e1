"""Reading results never executes code: nothing in the sources could, and a planted payload does not run."""

import ast
import json
import pickle
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hypersvg.experiments.trajectories import STATES, open_states
from hypersvg.images import load_images
from hypersvg.pipeline.jobs import Request, input_hashes
from hypersvg.reading.results import read_json
from hypersvg.schema import TABLES
from hypersvg.settings.yaml_text import read_yaml
from hypersvg.sidecars import read_sidecar
from hypersvg.tables import read_table, write_table

ROOT = Path(__file__).parents[1]
MODULES = {"pickle", "_pickle", "cPickle", "cloudpickle", "dill", "joblib", "shelve", "marshal", "jsonpickle"}
CALLS = {"eval", "exec", "torch.load", "torch.save", "yaml.unsafe_load", "yaml.full_load", "yaml.load_all"}
ENDINGS = ("read_pickle", "to_pickle", "unsafe_load", "full_load", "load_module", "save_object")
SAFE_LOADERS = {"SettingsLoader", "yaml.SafeLoader"}


def executing(source: str) -> list[str]:
    """What in a Python source could execute code that stands in a file."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in MODULES]
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in MODULES:
            found.append(str(node.module))
        if isinstance(node, ast.Call) and dangerous(node):
            found.append(ast.unparse(node.func))
    return found


def dangerous(call: ast.Call) -> bool:
    name, keywords = ast.unparse(call.func), {word.arg: ast.unparse(word.value) for word in call.keywords}
    if name == "yaml.load":
        return keywords.get("Loader") not in SAFE_LOADERS
    return name in CALLS or name.endswith(ENDINGS) or keywords.get("allow_pickle", "False") != "False"


@pytest.mark.parametrize(
    "source",
    [
        *("import pickle", "from pickle import loads", "import joblib.memory", "import shelve, json", "import marshal"),
        *("torch.load(path)", "np.load(path, allow_pickle=True)", "np.load(p, allow_pickle=flag)", "eval(text)"),
        *("yaml.load(text)", "yaml.load(text, Loader=yaml.Loader)", "pd.read_pickle(p)", "frame.to_pickle(p)"),
        *("yaml.unsafe_load(t)", "def f():\n    exec(code)"),
    ],
)
def test_the_search_finds_what_it_looks_for(source):
    assert executing(source)


def test_the_search_lets_harmless_sources_pass():
    harmless = "model.eval(); np.load(p, mmap_mode='r'); np.load(p, allow_pickle=False)"
    assert not executing(f"{harmless}; yaml.load(text, Loader=SettingsLoader)")


def sources() -> list[Path]:
    return [path for folder in ("src", "benchmarks") for path in sorted((ROOT / folder).rglob("*.py"))]


def test_no_source_could_execute_what_it_reads_but_for_the_users_own_methods():
    assert len(sources()) > 100
    found = {path: calls for path in sources() if (calls := executing(path.read_text(encoding="utf-8")))}
    assert found == {ROOT / "src" / "hypersvg" / "extensions.py": ["exec"]}, "settings name code there, to be run"


def test_no_notebook_or_rule_could_execute_what_it_reads():
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        for cell in cells:
            if cell["cell_type"] == "code":
                assert not executing("".join(cell["source"])), path
    words = re.compile(rf"\b({'|'.join(MODULES)})\b|torch\.load|allow_pickle|\beval\(|\bexec\(|yaml\.load")
    for path in [ROOT / "Snakefile", *sorted((ROOT / "workflow").rglob("*.smk"))]:
        assert not words.search(path.read_text(encoding="utf-8")), path


class Payload:
    """Makes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[[str, str], object], tuple[str, str]]:
        return open, (str(self.mark), "w")


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    return tmp_path / "executed"


def test_the_payload_works(mark):
    pickle.loads(pickle.dumps(Payload(mark))).close()
    assert mark.exists()


def npy(path: Path, mark: Path) -> None:
    np.save(path, np.array([Payload(mark)], dtype=object), allow_pickle=True)


def npz(path: Path, mark: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, states=np.array([Payload(mark)], dtype=object))


def plain(path: Path, mark: Path) -> None:
    path.write_bytes(pickle.dumps(Payload(mark)))


def parquet(path: Path, mark: Path) -> None:
    """A column of pickles, which says that it is of Arrow's old extension type that unpickles itself."""
    metadata = {b"ARROW:extension:name": b"arrow.py_extension_type"}
    metadata[b"ARROW:extension:metadata"] = pickle.dumps(Payload(mark))
    cells = pa.array([pickle.dumps(Payload(mark))], pa.binary())
    names = [column.name for column in TABLES["toy_errors"].columns]
    schema = pa.schema([pa.field(name, pa.binary(), metadata=metadata) for name in names])
    pq.write_table(pa.table([cells] * len(names), schema=schema), path)


def safetensors(path: Path, mark: Path) -> None:
    header = pickle.dumps(Payload(mark))
    path.write_bytes(len(header).to_bytes(8, "little") + header)


READERS = {
    "table": ("t.parquet", lambda path: read_table(path, TABLES["toy_errors"])),
    "states": (STATES, lambda path: open_states(path.parent).copy()),
    "images": ("images.safetensors", load_images),
    "sidecar": ("provenance.json", read_sidecar),
    "settings": ("settings.json", read_json),
    "yaml": ("odd.yaml", lambda path: read_yaml(path.read_text(encoding="latin-1"))),
}


@pytest.mark.parametrize("plant", [plain, npy, npz, parquet, safetensors])
@pytest.mark.parametrize("reader", READERS)
def test_a_planted_payload_is_refused_and_does_not_run(tmp_path, mark, reader, plant):
    name, read = READERS[reader]
    path = tmp_path / name
    plant(path.with_suffix(".npy") if plant is npy else path, mark)
    path.with_suffix(".npy").rename(path) if plant is npy else None
    with pytest.raises(Exception, match=r".+"):
        read(path)
    assert not mark.exists()


def test_text_in_yaml_that_would_run_a_command_is_refused(mark):
    with pytest.raises(Exception, match="could not determine a constructor"):
        read_yaml(f"run: !!python/object/apply:os.system ['touch {mark}']")
    assert not mark.exists()


def test_a_column_that_says_it_unpickles_itself_is_read_as_what_it_is(tmp_path, mark):
    import pandas as pd

    honest = {column.name: ["imitation"] if column.dtype == "str" else [1] for column in TABLES["toy_errors"].columns}
    write_table(pd.DataFrame(honest), TABLES["toy_errors"], tmp_path / "honest.parquet")
    table = pq.read_table(tmp_path / "honest.parquet")
    metadata = {b"ARROW:extension:name": b"arrow.py_extension_type"}
    metadata[b"ARROW:extension:metadata"] = pickle.dumps(Payload(mark))
    fields = [field.with_metadata(metadata) for field in table.schema]
    pq.write_table(pa.table(table.columns, schema=pa.schema(fields)), tmp_path / "t.parquet")
    assert len(read_table(tmp_path / "t.parquet", TABLES["toy_errors"])) == 1
    assert not mark.exists()


@pytest.mark.parametrize("plant", [plain, npy])
def test_a_job_refuses_inputs_that_are_not_as_recorded_before_it_reads_them(tmp_path, mark, plant):
    states = tmp_path / "jobs" / STATES
    states.parent.mkdir()
    plant(states, mark)
    record = {"inputs": {}, "outputs": {STATES: "0" * 64}}
    (states.parent / "provenance.json").write_text(json.dumps(record), encoding="utf-8")
    request = Request("offline", "T05", "0-1", tmp_path, tmp_path, None, states.parent)
    with pytest.raises(ValueError, match=rf"{STATES} is not what its job wrote.*delete it and run its stage again"):
        input_hashes(request)
    assert not mark.exists()
