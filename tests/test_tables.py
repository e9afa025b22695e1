"""Tidy tables keep their schema on the way to disk and back, and damage is refused by name."""

from pathlib import Path

import pandas as pd
import pytest

from hypersvg.schema import TABLES
from hypersvg.tables import Column, Table, TableError, concatenate, read_table, require_rows, write_table

TABLE = Table(
    "sample",
    "A small table.",
    ("method", "seed"),
    (
        Column("method", "str", "method"),
        Column("seed", "int64", "seed"),
        Column("rate", "float64", "rate"),
    ),
)


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame({"rate": [0.1, None, 0.3], "seed": [1, 0, 0], "method": ["b", "b", "a"]})


def test_a_table_comes_back_typed_ordered_and_sorted_by_its_keys(frame, tmp_path):
    write_table(frame, TABLE, tmp_path / "new folder" / "t.parquet")
    back = read_table(tmp_path / "new folder" / "t.parquet", TABLE)
    assert list(back.columns) == ["method", "seed", "rate"]
    assert back.method.tolist() == ["a", "b", "b"]
    assert back.seed.tolist() == [0, 0, 1]
    assert back.rate.isna().tolist() == [False, True, False]
    assert str(back.seed.dtype) == "int64"


def test_the_same_rows_in_any_order_give_the_same_bytes(frame, tmp_path):
    write_table(frame, TABLE, tmp_path / "a.parquet")
    write_table(frame[::-1].set_index(pd.Index([7, 8, 9])), TABLE, tmp_path / "b.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_missing_and_unknown_columns_are_named(frame, tmp_path):
    with pytest.raises(TableError, match=r"t\.parquet: table 'sample' has missing columns \['rate'\].*\['extra'\]"):
        write_table(frame.rename(columns={"rate": "extra"}), TABLE, tmp_path / "t.parquet")


def test_a_repeated_row_is_named(frame):
    with pytest.raises(TableError, match=r"the row \{'method': 'a', 'seed': 0\} more than once"):
        TABLE.checked(pd.concat([frame, frame[2:]]), "here")


@pytest.mark.parametrize(("column", "complaint"), [("method", "an empty key in column method"), ("seed", "wrong type")])
def test_an_empty_key_is_refused(frame, column, complaint):
    frame[column] = frame[column].where(frame.index > 0)
    with pytest.raises(TableError, match=complaint):
        TABLE.checked(frame, "here")


def test_a_value_of_the_wrong_type_is_refused(frame):
    frame["rate"] = ["0.1", "fast", "0.3"]
    with pytest.raises(TableError, match=r"wrong type.*fast"):
        TABLE.checked(frame, "here")


def test_an_interrupted_write_leaves_the_old_table_and_nothing_that_passes_for_a_result(frame, tmp_path, monkeypatch):
    path = tmp_path / "t.parquet"
    write_table(frame, TABLE, path)
    before = path.read_bytes()

    def interrupted(self: pd.DataFrame, target: object, **options: object) -> None:
        Path(str(target)).write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(pd.DataFrame, "to_parquet", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_table(frame[:1], TABLE, path)
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.glob("*.parquet")] == ["t.parquet"]


@pytest.mark.parametrize("damage", ["truncated", "emptied", "removed", "text"])
def test_a_damaged_file_is_refused_by_name(frame, tmp_path, damage):
    path = tmp_path / "t.parquet"
    write_table(frame, TABLE, path)
    content = path.read_bytes()
    if damage == "removed":
        path.unlink()
    else:
        path.write_bytes({"truncated": content[: len(content) // 2], "emptied": b"", "text": b"method,seed"}[damage])
    with pytest.raises(TableError, match=r"t\.parquet cannot be read .*; delete it and run again"):
        read_table(path, TABLE)


def test_gathering_keeps_all_rows_and_refuses_a_block_given_twice(frame, tmp_path):
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    write_table(frame[:1], TABLE, paths[0])
    write_table(frame[1:], TABLE, paths[1])
    assert len(concatenate(paths, TABLE)) == 3
    with pytest.raises(TableError, match="more than once"):
        concatenate([*paths, paths[0]], TABLE)


def test_a_missing_row_is_named(frame):
    expected = pd.DataFrame({"method": ["a", "a"], "seed": [0, 5]})
    with pytest.raises(TableError, match=r"tables/t: the row \{'method': 'a', 'seed': 5\} is missing; run its stage"):
        require_rows(frame, expected, ["method", "seed"], "tables/t")
    require_rows(frame, expected[:1], ["method", "seed"], "tables/t")


def test_every_declared_table_has_its_keys_among_its_columns_and_a_meaning_for_each():
    for name, table in TABLES.items():
        assert name == table.name
        assert set(table.keys) <= set(table.names)
        assert len(set(table.names)) == len(table.names)
        assert all(column.meaning and column.dtype in ("str", "int64", "float64") for column in table.columns)
