"""The report's numbers come from committed results and nowhere else."""

import json
import re
import shutil
from pathlib import Path

import pytest

from hypersvg.claims.claim import load_claims
from hypersvg.pipeline.replication import GROUPS, REFERENCE, REPORT, TEMPLATE, report

ROOT = Path(__file__).parent.parent
NUMBERED = r"(?:Tables?|Figs?\.|Algorithms?|[Ss]ections?|[Cc]hapters?) \d[\d.]*(?:(?:,| and|–) \d[\d.]*)*"
CODE = r"`[^`]*`|\]\([^)]*\)|<!--.*?-->"
JINJA = r"\{\{.*?\}\}|\{%.*?%\}"


def typed_numbers(template: str) -> list[str]:
    """Numbers in the words of a template that are neither inserted nor the name of a table, figure or section."""
    words = re.sub(f"{JINJA}|{CODE}|{NUMBERED}", "", template, flags=re.DOTALL)
    return re.findall(r"\d[\d.,]*", words)


def test_no_number_of_the_report_is_typed_by_hand() -> None:
    assert typed_numbers((ROOT / TEMPLATE).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("typed", ["reaches 93.7 %", "20 seeds", "Table 4.2 has 14 rows", "about 0.5 points"])
def test_a_number_typed_by_hand_is_found(typed: str) -> None:
    assert len(typed_numbers(typed)) == 1


@pytest.mark.parametrize("named", ["Tables 4.2 and 4.4", "`SEEDS=20`", "{{ run.seeds }} seeds", "[x](docs/4.md)"])
def test_names_and_inserted_numbers_are_no_typed_ones(named: str) -> None:
    assert typed_numbers(named) == []


def test_the_committed_report_is_what_the_committed_results_say() -> None:
    assert (ROOT / REPORT).read_text(encoding="utf-8") == report(ROOT)


def test_every_claim_has_one_place_in_the_report() -> None:
    for claim in load_claims(ROOT / "config" / "claims.yaml"):
        assert sum(claim.id.startswith(prefixes) for prefixes in GROUPS.values()) == 1, claim.id


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    for name in (TEMPLATE, Path("config", "claims.yaml")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("default/claims.json", "default/run.json", "identification/identification.json"):
        (tmp_path / REFERENCE / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / REFERENCE / name, tmp_path / REFERENCE / name)
    return tmp_path


def test_another_result_changes_the_report(copied: Path) -> None:
    path = copied / REFERENCE / "default" / "claims.json"
    claims = json.loads(path.read_text(encoding="utf-8"))
    next(claim for claim in claims if claim["id"] == "bo_accuracy")["ours"] = 0.123456
    path.write_text(json.dumps(claims), encoding="utf-8")
    assert "12.35" in report(copied)


def test_a_missing_result_is_named_with_the_command_that_makes_it(copied: Path) -> None:
    (copied / REFERENCE / "default" / "run.json").unlink()
    with pytest.raises(ValueError, match=r"run\.json is missing; run `make reference`"):
        report(copied)


def test_a_template_that_asks_for_nothing_known_is_refused(copied: Path) -> None:
    (copied / TEMPLATE).write_text("{{ claims.nonsense.ours }}", encoding="utf-8")
    with pytest.raises(ValueError, match="nonsense"):
        report(copied)


def test_the_report_says_what_was_not_run(copied: Path) -> None:
    text = report(copied)
    assert "Not measured yet: `make sensitivity`" in text
    assert "`make paper-claims` does it" in text


def test_the_report_holds_both_widths_beside_each_other_and_names_what_changes_sides(copied: Path) -> None:
    default, paper = copied / REFERENCE / "default", copied / REFERENCE / "paper"
    paper.mkdir()
    judged = {claim.id for claim in load_claims(ROOT / "config" / "claims.yaml") if claim.paper}
    records = [one for one in json.loads((default / "claims.json").read_text(encoding="utf-8")) if one["id"] in judged]
    moved = next(record for record in records if record["on_claimed_side"])
    moved["on_claimed_side"] = False
    (paper / "claims.json").write_text(json.dumps(records), encoding="utf-8")
    facts = json.loads((default / "run.json").read_text(encoding="utf-8"))
    (paper / "run.json").write_text(json.dumps({**facts, "width": 3072, "seeds": 4}), encoding="utf-8")
    section = report(copied).partition("## The width of the thesis")[2].partition("\n## ")[0]
    listed = [line for line in section.splitlines() if line.startswith("- ")]
    assert len(listed) == 1
    assert moved["claims"] in listed[0]
    assert section.count("\n| ") == len(judged) + 1
    assert "3072, 4 seeds" in section
