"""``make bench``: what becomes of pytest-benchmark's JSON, on a made-up one whose ratios are known."""

import json
from pathlib import Path
from typing import Any

import pytest
from checkout import ROOT

from hypersvg.pipeline.benchmarks import FILES, lines_of, shown, write_benchmarks
from hypersvg.pipeline.benchmarks_table import UNMEASURED, duration, goal, section, slopes

MACHINE = {
    "device": "cpu",
    "cpu": "Abacus 2",
    "cores": 2,
    "memory_gib": 8.0,
    "caches": {"L1 data": "32K"},
    "torch": "2.13.0",
    "threads": 2,
    "instruction_set": "AVX2",
    "huge_pages": "",
    "copy_gb_per_s": 10.0,
    "copy_gb_per_s_range": [9.0, 11.0],
    "gemm_gflop_per_s": 100.0,
    "gemm_gflop_per_s_range": [90.0, 110.0],
}
COLUMNS = {
    "name",
    "ours_s",
    "plain_s",
    "floor_s",
    "vs_plain",
    "vs_floor",
    "work",
    "goal",
    "series",
    "spread",
    "agreement",
    "machine",
}
PAGE = (
    "top\n" + "".join(f"<!-- {f.marker}: begin -->\nold\n<!-- {f.marker}: end -->\n" for f in FILES.values()) + "end\n"
)


def timed(item: str, role: str, median: float, **facts: Any) -> dict[str, Any]:
    about = {
        "item": item,
        "role": role,
        "work": {"what": "sums", "bytes": facts.get("bytes"), "flop": facts.get("flop")},
        "goal": {"vs_plain": facts.get("vs_plain"), "vs_floor": facts.get("vs_floor")},
        "series": facts.get("series", []),
    }
    return {"name": f"bench[{role}]", "extra_info": about, "stats": {"median": median, "iqr": median / 10}}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    moved = {"bytes": 5_000_000_000, "vs_plain": 6.0, "vs_floor": 1.5}
    raw = {
        "hypersvg": {
            "machine": MACHINE,
            "agreement": {"moved": {"policy": {"of_weights": 1e-9, "of_movement": 2e-5}}},
            "peers": [],
        },
        "commit_info": {"id": "0123456789", "dirty": False, "branch": "secret"},
        "machine_info": {"node": "secret"},
        "datetime": "2026-01-02T03:04:05",
        "benchmarks": [
            timed("moved", "ours", 1.0, **moved),
            timed("moved", "plain", 5.0, **moved),
            *(
                timed(f"cubic {n}", "ours", n**3 / 1e3, flop=n * 10**9, series=[["cubic", "n", n]])
                for n in (10, 20, 40)
            ),
            timed("no floor", "plain", 0.5),
        ],
    }
    path = tmp_path / "raw.json"
    path.write_text(json.dumps(raw), encoding="utf-8")
    return path


def test_every_line_has_the_declared_keys_and_the_machine_but_no_name_of_it(source):
    lines = lines_of(source)
    assert [line["name"] for line in lines] == ["moved", "cubic 10", "cubic 20", "cubic 40", "no floor"]
    for line in lines:
        assert set(line) == COLUMNS
        assert line["machine"] == {**MACHINE, "date": "2026-01-02", "revision": "0123456789", "dirty": False}
    assert "secret" not in json.dumps(lines)


def test_floors_are_bytes_over_the_copy_rate_and_flops_over_the_rate_of_products(source):
    moved, cubic, *_ = lines_of(source)
    assert moved["floor_s"] == pytest.approx(0.5)
    assert cubic["floor_s"] == pytest.approx(0.1)
    assert moved["vs_plain"] == pytest.approx(5.0)
    assert moved["vs_floor"] == pytest.approx(2.0)
    assert moved["spread"] == pytest.approx({"ours": 0.1, "plain": 0.1})


def test_what_was_not_measured_is_null_and_neither_meets_nor_misses_a_goal(source):
    lines = {line["name"]: line for line in lines_of(source)}
    assert lines["cubic 10"]["plain_s"] is lines["cubic 10"]["vs_plain"] is None
    alone = lines["no floor"]
    assert alone["ours_s"] is alone["floor_s"] is alone["vs_plain"] is alone["vs_floor"] is None
    assert goal({**alone, "goal": {"vs_plain": 4.0, "vs_floor": 2.0}}) == (
        "≥ 4 × plain, ≤ 2 × floor",
        "not measured, not measured",
    )


def test_the_slope_of_a_power_law_is_its_exponent(source):
    ((what, along, points, ours, floor),) = slopes(lines_of(source))
    assert (what, along, points) == ("cubic", "n", "10, 20, 40")
    assert ours == pytest.approx(3.0)
    assert floor == pytest.approx(1.0)


def test_the_table_says_times_ratios_goals_and_slopes(source):
    text = section(lines_of(source))
    assert "| moved | 1.00 s | 5.00 s | 500 ms | 5.00 | 2.00 | ≥ 6 × plain, ≤ 1.5 × floor | no, no |" in text
    assert "| no floor | – | 500 ms | – | – | – |  |  |" in text
    assert "| cubic | n | 10, 20, 40 | 3.00 | 1.00 |" in text
    assert "Abacus 2, 2 cores" in text
    assert "copy 10.0 GB/s (bytes read plus bytes written; 9 to 11 over the run)" in text
    assert "- moved, weights of the policy: 1.0e-09 of their norm, 2.0e-05 of how far they moved" in text


def test_a_met_goal_is_called_met(source):
    (moved, *_) = lines_of(source)
    assert goal({**moved, "vs_plain": 6.0, "vs_floor": 1.5})[1] == "yes, yes"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(12.34, "12.3 s"), (1.0, "1.00 s"), (0.0213, "21.3 ms"), (0.000456, "456 µs"), (123.4, "123 s"), (None, "–")],
)
def test_a_duration_has_three_digits(seconds, text):
    assert duration(seconds) == text


def test_the_peer_of_another_library_stands_beside_our_time_of_the_same_line(source, tmp_path):
    peer = tmp_path / "peer.json"
    theirs = {"peer": "Abacus Hub", "item": "moved", "plain_s": 8.0, "work": "theirs"}
    peer.write_text(json.dumps([theirs]), encoding="utf-8")
    line = lines_of(source, peer)[-1]
    assert line["name"] == "moved, against Abacus Hub"
    assert (line["ours_s"], line["plain_s"], line["vs_plain"]) == (1.0, 8.0, 8.0)
    peer.write_text(json.dumps([{**theirs, "item": "else"}]), encoding="utf-8")
    with pytest.raises(ValueError, match="Abacus Hub was measured on 'else', which is no item"):
        lines_of(source, peer)


def test_a_library_that_was_measured_in_the_same_run_stands_beside_our_time_too(source):
    raw = json.loads(source.read_text(encoding="utf-8"))
    theirs = {"peer": "Slide Rule", "plain_s": 0.5, "work": "theirs"}
    raw["hypersvg"]["peers"] = [{**theirs, "item": "moved"}, {**theirs, "item": "left out by ONLY"}]
    source.write_text(json.dumps(raw), encoding="utf-8")
    found = {line["name"]: line["vs_plain"] for line in lines_of(source) if "Slide Rule" in line["name"]}
    assert found == {"moved, against Slide Rule": 0.5}


def test_a_file_that_make_bench_did_not_make_is_refused(tmp_path):
    path = tmp_path / "other.json"
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match="make it with `make bench`"):
        lines_of(path)


def test_a_run_of_checks_alone_is_told_apart_from_a_run_of_benchmarks(tmp_path):
    with pytest.raises(ValueError, match="no benchmark was run"):
        lines_of(tmp_path / "missing.json")


def test_writing_one_device_leaves_the_section_of_the_other(source, tmp_path):
    page = tmp_path / "docs" / "performance.md"
    page.parent.mkdir()
    page.write_text(PAGE, encoding="utf-8")
    write_benchmarks(tmp_path, "cpu", lines_of(source))
    first = page.read_text(encoding="utf-8")
    assert first.count("Abacus 2") == 1
    assert first.count(UNMEASURED) == 1
    assert first.startswith("top\n")
    assert first.endswith("end\n")
    write_benchmarks(tmp_path, "cuda", lines_of(source))
    assert page.read_text(encoding="utf-8").count("Abacus 2") == 2
    assert json.loads((tmp_path / FILES["cpu"].json).read_text(encoding="utf-8"))[0]["name"] == "moved"


def test_the_document_shows_the_committed_benchmarks():
    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    assert shown(page, ROOT) == page
