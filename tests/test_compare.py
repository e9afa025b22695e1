"""Two result folders side by side."""

import pandas as pd
import pytest
from synthetic_run import write_run

from hypersvg.pipeline.compare import compare
from hypersvg.pipeline.failures import HypersvgError


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    write_run(folder / "default", run={"seeds": 2})
    write_run(folder / "default+sgd", run={"seeds": 3})
    return folder


def test_every_method_of_both_runs_is_listed_with_its_difference(results, capsys):
    rows = pd.read_csv(compare(results, "default", "default+sgd"))
    assert {"table", "key", "number", "default", "default+sgd", "difference"} == set(rows.columns)
    assert {"ppo_runs", "offline_runs", "online_runs", "baselines_runs"} <= set(rows["table"])
    assert rows["key"].str.contains("bandit50 bad").any()
    both = rows.dropna(subset=["default", "default+sgd"])
    assert ((both["default+sgd"] - both["default"]) - both["difference"]).abs().max() < 1e-12
    assert "default+sgd" in capsys.readouterr().out


def test_a_run_compared_with_itself_differs_nowhere(results):
    rows = pd.read_csv(compare(results, "default", "default"))
    assert (rows["difference"].dropna() == 0).all()


def test_a_table_among_the_exhibits_is_compared_by_its_words(results, tmp_path):
    for name, value in (("a", 1.0), ("b", 3.0)):
        (tmp_path / name / "exhibits").mkdir(parents=True)
        table = pd.DataFrame({"algorithm": ["grid", "random"], "accuracy": [value, 0.5]})
        table.to_csv(tmp_path / name / "exhibits" / "table_4_2.csv", index=False)
    rows = pd.read_csv(compare(tmp_path, "a", "b")).set_index("key")
    assert rows.loc["grid 0", "difference"] == 2.0
    assert rows.loc["random 0", "difference"] == 0.0


def test_a_table_of_words_alone_is_passed_over(results, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name / "exhibits").mkdir(parents=True)
        pd.DataFrame({"algorithm": ["grid"], "accuracy": [1.0]}).to_csv(tmp_path / name / "exhibits" / "table_4_2.csv")
        pd.DataFrame({"config": ["activation"], "toy": ["ReLU"]}).to_csv(
            tmp_path / name / "exhibits" / "table_4_3.csv", index=False
        )
    assert set(pd.read_csv(compare(tmp_path, "a", "b"))["table"]) == {"table_4_2"}


@pytest.mark.parametrize(("name", "words"), [("nowhere", "known: default, default\\+sgd"), ("", "name two runs")])
def test_an_unknown_run_is_refused_with_the_known_ones(results, name, words):
    with pytest.raises(HypersvgError, match=words):
        compare(results, "default", name)
