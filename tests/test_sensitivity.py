"""The ledger's alternatives beside the default: what is compared, and what is recorded of where it came from."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from checkout import ROOT
from synthetic_run import keep_record, write_run

from hypersvg.claims.claim import load_claims
from hypersvg.claims.sensitivity import claim_sides, headline_effects
from hypersvg.pipeline.sensitivity_job import write_sensitivity
from hypersvg.reading.results import Results
from hypersvg.sidecars import beside, read_sidecar, require_recorded

CLAIMS = ROOT / "config" / "claims.yaml"


@pytest.fixture
def default(tmp_path: Path) -> Path:
    """A run, and beside it the alternative ``x``, in which PPO with dense rewards ends half a unit higher."""
    blocks = {"run": {"seeds": 6}, "runtimes": {"repeats": 6}}
    default, other = (write_run(tmp_path / name, **blocks) for name in ("default", "default+x"))
    for path in (other / "tables").glob("*.parquet"):
        if path.stem != "ppo_runs":
            path.unlink()
    moved = pd.read_parquet(other / "tables" / "ppo_runs.parquet")
    moved.loc[moved.method == "ppo_dense", "val_accuracy"] += 0.5
    moved.to_parquet(other / "tables" / "ppo_runs.parquet", index=False)
    keep_record(other / "tables" / "ppo_runs.parquet")
    return default


def test_an_alternative_is_compared_where_it_has_other_numbers_and_nowhere_else(default: Path) -> None:
    first, second = Results(default), {"x": Results(default.with_name("default+x"), shared=default)}
    effects = headline_effects(first, second)
    assert effects.headline.tolist() == ["ppo_dense"]
    assert effects.difference.tolist() == pytest.approx([0.5])
    assert effects[["low", "high"]].to_numpy() == pytest.approx(np.full((1, 2), 0.5))
    sides = claim_sides(load_claims(CLAIMS), first, second).set_index("claim")
    assert set(sides.index) == {"ppo_sparse_beats_dense", "ppo_algorithm_3_beats_dense"}
    assert not sides.side_alternative.any()


def test_the_comparison_leaves_a_sidecar_that_names_the_tables_of_both_runs(default: Path) -> None:
    write_sensitivity(CLAIMS, default, ["x"])
    sidecar = read_sidecar(default / "sensitivity" / "provenance.json")
    for name in ("headlines.csv", "claims.csv"):
        assert beside(default / "sensitivity" / name) == sidecar.path
        require_recorded(default / "sensitivity" / name, sidecar)
    require_recorded(default / "exhibits" / "fig_sensitivity.csv", sidecar)
    both = {str(run / "tables" / "ppo_runs.parquet") for run in (default, default.with_name("default+x"))}
    assert {str(CLAIMS), *both} <= set(sidecar.inputs)
    assert "src/hypersvg/pipeline/sensitivity_job.py" in sidecar.code
    assert sidecar.settings["run"]["seeds"] == json.loads((default / "settings.json").read_text())["run"]["seeds"]


def test_a_table_that_is_not_as_it_was_gathered_is_refused(default: Path) -> None:
    table = default.with_name("default+x") / "tables" / "ppo_runs.parquet"
    table.write_bytes(table.read_bytes() + b"more")
    with pytest.raises(ValueError, match=r"default\+x.*ppo_runs.parquet is not what its job wrote"):
        write_sensitivity(CLAIMS, default, ["x"])
    assert not (default / "sensitivity" / "claims.csv").exists()
