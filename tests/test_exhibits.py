"""Exhibits: complete, stamped, keyed, the same bytes for the same tables, one clear sentence where rows are missing."""

import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from synthetic_run import STAMP, drop, write_run

from hypersvg.exhibits import EXHIBITS, Exhibit, Results, build
from hypersvg.pipeline.exhibits_index import NOTEBOOKS, exhibit_files, exhibits_of
from hypersvg.tables import TableError

SMALL = {
    "run": {"seeds": 2},
    "toy": {"steps": 12},
    "ppo": {"iterations": 4},
    "offline": {"iterations": 10},
    "online": {"steps": 50},
    "baselines": {"bo_initial": 6, "bo_iterations": 6},
}


class Recorder(Results):
    """Results that remember which tables were read."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.read: set[str] = set()

    def table(self, name: str) -> pd.DataFrame:
        self.read.add(name)
        return super().table(name)


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return Results(write_run(tmp_path_factory.mktemp("results") / "smoke", stand_in=True, **SMALL))


@pytest.fixture(scope="module")
def reads() -> dict[str, set[str]]:
    return {}


@pytest.fixture(scope="module")
def made(digits: Results, reads: dict[str, set[str]]) -> dict[str, Exhibit]:
    exhibits = {}
    for name in exhibits_of("thesis"):
        results = Recorder(digits.folder)
        exhibits[name] = build(name, results)
        reads[name] = results.read
    return exhibits


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("results") / "default", **SMALL)


@pytest.fixture
def mnist(whole: Path, tmp_path: Path) -> Results:
    """A run of one's own to break."""
    return Results(shutil.copytree(whole, tmp_path / "default"))


def written(results: Results, name: str) -> dict[str, Path]:
    return {path.suffix: path for path in (results.folder / "exhibits").glob(f"{name}.*")}


def test_registry_makes_what_the_notebooks_declare() -> None:
    declared = [name for notebook in NOTEBOOKS.values() for name in notebook.exhibits]
    assert sorted(EXHIBITS) == sorted(declared)


@pytest.mark.parametrize("name", exhibits_of("thesis"))
def test_exhibit_writes_its_files_and_no_others(name: str, digits: Results, made: dict[str, Exhibit]) -> None:
    files = sorted(path.name for path in written(digits, name).values())
    assert files == sorted(exhibit_files(name))
    assert not list((digits.folder / "exhibits").glob(".*")), "a partial file was left"


@pytest.mark.parametrize("name", exhibits_of("thesis"))
def test_csv_has_its_keys_first_and_each_once(name: str, digits: Results, made: dict[str, Exhibit]) -> None:
    frame, keys = pd.read_csv(written(digits, name)[".csv"]), list(made[name].keys)
    assert list(frame.columns[: len(keys)]) == keys
    assert not frame.duplicated(keys).any()
    assert len(frame) == len(made[name].frame) > 0


@pytest.mark.parametrize("name", exhibits_of("thesis"))
def test_stand_in_data_are_stamped_on_figure_csv_and_table(
    name: str, digits: Results, made: dict[str, Exhibit]
) -> None:
    files, figure = written(digits, name), made[name].figure
    assert (pd.read_csv(files[".csv"])["data"] == STAMP).all()
    if figure is None:
        assert STAMP in files[".md"].read_text(encoding="utf-8")
    else:
        assert STAMP in [text.get_text() for text in figure.texts]


@pytest.mark.parametrize("name", ["fig_4_01", "fig_4_11", "table_4_3", "table_4_1"])
def test_mnist_is_named_and_not_stamped(name: str, mnist: Results) -> None:
    exhibit = build(name, mnist)
    files = written(mnist, name)
    assert set(pd.read_csv(files[".csv"])["data"]) == {"mnist"}
    texts = [text.get_text() for text in exhibit.figure.texts] if exhibit.figure else [exhibit.markdown(mnist)]
    assert not any("stand-in" in text for text in texts)
    assert any("run default · 2 seeds · surrogate width 128 · MNIST" in text for text in texts)


@pytest.mark.parametrize("name", ["fig_4_01", "fig_4_07", "fig_4_10", "table_4_2"])
def test_same_tables_give_the_same_bytes(name: str, digits: Results, made: dict[str, Exhibit], tmp_path: Path) -> None:
    shutil.copytree(digits.folder, tmp_path / "smoke", ignore=shutil.ignore_patterns("exhibits"))
    again = Results(tmp_path / "smoke")
    build(name, again)
    for suffix, path in written(digits, name).items():
        assert path.read_bytes() == written(again, name)[suffix].read_bytes()


@pytest.mark.parametrize("name", exhibits_of("thesis"))
def test_exhibit_reads_only_the_tables_its_notebook_declares(
    name: str, made: dict[str, Exhibit], reads: dict[str, set[str]]
) -> None:
    notebook = next(notebook for notebook in NOTEBOOKS.values() if name in notebook.exhibits)
    assert reads[name] <= set(notebook.tables)


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("fig_4_01", "toy_rollouts"),
        ("fig_4_01", "toy_errors"),
        ("fig_4_02", "ppo_updates"),
        ("fig_4_03", "offline_curves"),
        ("fig_4_07", "bo_evaluations"),
        ("fig_4_08", "online_curves"),
        ("fig_4_08", "baselines_curves"),
        ("fig_4_11", "runtimes"),
        ("fig_budgets", "baselines_curves"),
        ("table_budgets", "runtimes"),
        ("table_4_1", "offline_runs"),
        ("table_4_2", "online_runs"),
        ("table_4_4", "baselines_runs"),
    ],
)
def test_missing_table_is_one_sentence_and_leaves_no_exhibit(name: str, table: str, mnist: Results) -> None:
    mnist.path(table).unlink()
    with pytest.raises(TableError, match=rf"{table}\.parquet is missing; run the stage"):
        build(name, mnist)
    assert not written(mnist, name)


@pytest.mark.parametrize(
    ("name", "table", "chosen"),
    [
        ("fig_4_01", "toy_rollouts", "source == 'imitation' and step == 7"),
        ("fig_4_01", "toy_errors", "model == 'persistence'"),
        ("fig_4_02", "ppo_updates", "arm == 'dense'"),
        ("fig_4_02", "ppo_runs", "method == 'ppo_fixed'"),
        ("fig_4_05", "offline_curves", "iteration == 3 and unroll == 10"),
        ("fig_4_07", "bo_evaluations", "evaluation == 5"),
        ("fig_4_09", "online_curves", "method == 'bandit50' and grid == 'good' and step == 99"),
        ("fig_4_14", "baselines_curves", "method == 'random' and run == 3"),
        ("fig_4_11", "runtimes", "repeat == 2 and method == 'bandit20'"),
        ("fig_budgets", "runtimes", "method == 'adaptive_frozen'"),
        ("table_budgets", "runtimes", "part == 'guided evaluation'"),
        ("table_time_to_90", "online_curves", "method == 'hypergradient' and grid == 'bad' and step == 9"),
        ("table_4_1", "baselines_runs", "method == 'bo'"),
        ("table_4_1", "ppo_runs", "method == 'ppo_clip030'"),
        ("table_4_2", "online_runs", "method == 'adaptive_frozen' and grid == 'good' and run == 1"),
        ("table_4_2", "baselines_runs", "method == 'grid_long' and grid == 'good' and run == 1"),
        ("table_4_4", "online_runs", "method == 'bandit10' and grid == 'bad'"),
    ],
)
def test_missing_row_is_one_sentence(name: str, table: str, chosen: str, mnist: Results) -> None:
    rows = pd.read_parquet(mnist.path(table)).query(chosen).index
    drop(mnist.folder, table, rows[:1])
    with pytest.raises(TableError, match=r"is missing; run its stage again|timed repeats instead of") as failure:
        build(name, Results(mnist.folder))
    assert "\n" not in str(failure.value)
    assert table in str(failure.value)


def test_unknown_exhibit_is_named_with_the_known_ones(digits: Results) -> None:
    with pytest.raises(TableError, match="unknown exhibit 'fig_9_99'; known: fig_4_01"):
        build("fig_9_99", digits)


def test_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="is not a folder of results"):
        Results(tmp_path / "nowhere")
    with pytest.raises(TableError, match=r"settings\.json is missing"):
        Results(tmp_path)


def test_stand_in_without_its_stamp_is_refused(mnist: Results) -> None:
    (mnist.folder / "tables" / "manifest.json").write_text('{"stand_in": true, "stamp": ""}', encoding="utf-8")
    with pytest.raises(TableError, match="says stand_in but has no stamp"):
        Results(mnist.folder)


@pytest.mark.parametrize("blocks", [{"run": {"seeds": 1}}, {"ppo": {"arms": ["dense"]}, "online": {"warm_ups": [5]}}])
def test_one_seed_and_single_variants_have_all_exhibits(blocks: dict[str, dict[str, object]], tmp_path: Path) -> None:
    merged = {block: {**SMALL.get(block, {}), **blocks.get(block, {})} for block in {*SMALL, *blocks}}
    results = Results(write_run(tmp_path / "odd", **merged))
    for name in ("fig_4_02", "fig_4_08", "table_4_1", "table_4_2", "table_4_4"):
        assert EXHIBITS[name](results).caption


def test_exhibits_import_no_torch() -> None:
    program = "import sys, hypersvg.exhibits; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
