"""The ledger covers every open choice, its variants are what they say, and its quotes are the thesis's words."""

import re
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from hypersvg.documents import DOCUMENTS, same_text
from hypersvg.ledger import CHOICES, Choice, Quote
from hypersvg.ledger.document import default_of, dotted, ledger_document, meaning_of, section
from hypersvg.ledger.effects import UNMEASURED, Effects
from hypersvg.settings import Settings, load_settings, overlay_names
from hypersvg.settings.overlay import known_keys, read_overlay
from hypersvg.settings.yaml_text import read_yaml

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "config"
THESIS = ROOT.parent / "shared" / "papers" / "crouther2023_model_based_hyperparameter_optimization.txt"
NO_CHOICES = {"estimators", "mnist_subset"}
"""Variants that are no readings of the thesis."""
VARIANTS = [name for name in overlay_names(CONFIG, "variants") if name not in NO_CHOICES]
OPEN = [key for key in known_keys() if "." in key and re.search(r"\bledger\b", meaning_of(key))]
CHOICE_OF = {variant: choice for choice in CHOICES for variant in choice.variants}
QUOTES = [quote for choice in CHOICES for quote in (*choice.quotes, *choice.against)]


def every(choices: tuple[Choice, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("choice", choices, ids=lambda choice: choice.name)


def test_names_and_questions_are_unique():
    assert max(Counter(choice.name for choice in CHOICES).values()) == 1
    assert max(Counter(choice.question for choice in CHOICES).values()) == 1


@pytest.mark.parametrize("key", OPEN)
def test_every_setting_that_says_ledger_is_in_a_choice(key):
    assert any(key in choice.settings for choice in CHOICES)


@every(CHOICES)
def test_the_settings_of_a_choice_say_that_they_are_open(choice):
    assert set(choice.settings) <= set(OPEN)


@every(CHOICES)
def test_a_choice_quotes_the_thesis(choice):
    assert choice.quotes or choice.against
    assert choice.rule == "none" or choice.quotes, "a step of the rule rests on words or rows"


@every(CHOICES)
def test_a_choice_has_a_variant_or_says_why_not(choice):
    assert choice.variants or choice.remark


def test_every_variant_belongs_to_exactly_one_choice():
    named = Counter(variant for choice in CHOICES for variant in choice.variants)
    assert dict(named) == dict.fromkeys(VARIANTS, 1)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_variant_changes_only_what_its_choice_names(variant):
    assert set(dotted(read_overlay(CONFIG, "variants", variant))) <= set(CHOICE_OF[variant].settings)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_variant_differs_from_the_default_reading(variant):
    changed = dotted(read_overlay(CONFIG, "variants", variant))
    assert any(value != default_of(key) for key, value in changed.items())
    assert load_settings(CONFIG, "default", variant) != Settings()


def test_no_two_variants_are_the_same():
    overlays = [repr(read_overlay(CONFIG, "variants", variant)) for variant in VARIANTS]
    assert max(Counter(overlays).values()) == 1


@pytest.mark.parametrize("variant", VARIANTS)
def test_an_overlay_opens_with_one_line_that_says_what_it_is(variant):
    lines = (CONFIG / "variants" / f"{variant}.yaml").read_text(encoding="utf-8").splitlines()
    assert [line.startswith("# ") for line in lines] == [True] + [False] * (len(lines) - 1)
    assert lines[0].endswith(".")


def test_every_choice_behind_a_claim_is_in_the_ledger():
    claims = read_yaml((CONFIG / "claims.yaml").read_text(encoding="utf-8"))
    named = {name for claim in claims for name in claim.get("choices", [])}
    assert named <= {choice.name for choice in CHOICES}


def plain(text: str) -> str:
    """``text`` without what typesetting and its recognition add: markup, accents, braces, spaces; Greek as letters."""
    text = re.sub(r"\\(mathbf|boldsymbol|hat|text|frac|operatorname)\b", "", text)
    for macro, letter in SYMBOLS.items():
        text = re.sub(rf"\\{macro}(?![a-zA-Z])", letter, text)
    text = "".join(mark for mark in unicodedata.normalize("NFKD", text) if not unicodedata.combining(mark))
    text = text.translate(str.maketrans("−–’∼·", "--'~.")).replace("∙", ".")
    return re.sub(r"[\s$*{}\\^|]", "", text)


SYMBOLS = {
    **dict(zip(("pi", "phi", "theta", "sigma", "lambda", "eta", "xi"), "πφθσληξ", strict=True)),
    "boldsymbol": "",
    "leftarrow": "←",
    "sim": "~",
    "cdot": ".",
    "infty": "∞",
}


@pytest.mark.skipif(not THESIS.is_file(), reason="the thesis's text is not beside this checkout (../shared/papers)")
@pytest.mark.parametrize("quote", QUOTES, ids=lambda quote: quote.words)
def test_a_quote_is_in_the_thesis(quote: Quote, thesis: str):
    assert plain(quote.words) in thesis


@pytest.fixture(scope="module")
def thesis() -> str:
    return plain(THESIS.read_text(encoding="utf-8"))


@pytest.mark.parametrize("quote", QUOTES, ids=lambda quote: quote.words)
def test_a_quote_says_where_it_stands(quote: Quote):
    assert re.search(r"\bpp?\. \d+", quote.where)


def test_the_page_is_in_step_with_its_sources():
    assert "docs/ledger.md" in DOCUMENTS
    assert same_text(ROOT / "docs" / "ledger.md", ledger_document(ROOT)), "run `make docs`"


def test_the_page_shows_every_variant_with_its_overlay_and_every_default():
    page = ledger_document(ROOT)
    for variant in VARIANTS:
        assert page.count(f"| `{variant}` |") == 1
    assert "| `svg.surrogate` | `residual` |" in page
    assert "`online.good_grid: [-1.5, -2.5, 5]`" in page


def test_every_table_row_of_the_page_has_as_many_cells_as_its_header():
    header = 0
    for line in ledger_document(ROOT).splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert not header or not cells or cells == header, line
        header = cells


HEADLINES = """\
choice_variant,headline,unit,default,alternative,difference,low,high,seeds
surrogate_literal,adaptive from bad starts,percent,0.8135,0.601,-0.2125,-0.3,-0.125,6
surrogate_literal,skill,ratio,0.74,1.0,0.26,-1.0,1.5,6
surrogate_rate_scaled,bandit50,percent,0.8674,,,,,2
"""
CLAIMS = """\
variant,claim,side_default,side_alternative
surrogate_literal,adaptive_rescues,True,False
surrogate_literal,bo_rate,True,True
surrogate_rate_scaled,bo_rate,True,True
"""


@pytest.fixture
def measured(tmp_path: Path) -> Effects:
    folder = tmp_path / "results" / "reference" / "sensitivity"
    folder.mkdir(parents=True)
    (folder / "headlines.csv").write_text(HEADLINES, encoding="utf-8")
    (folder / "claims.csv").write_text(CLAIMS, encoding="utf-8")
    return Effects.read(tmp_path)


def test_a_measured_variant_shows_what_moved_and_which_claims_change_side(measured):
    assert measured.cell("surrogate_literal").split("<br>") == [
        "**adaptive from bad starts**: 81.35 → 60.1 percent (-21.2 [-30, -12.5], 6 seeds)",
        "skill: 0.74 → 1 ratio (+0.26 [-1, +1.5], 6 seeds)",
        "**claim adaptive_rescues**: holds → fails",
    ]


def test_a_number_that_is_missing_is_said_so(measured):
    assert measured.cell("surrogate_rate_scaled").split("<br>") == [
        "bandit50: 86.74 → none percent (none, 2 seeds)",
        "no claim changes side",
    ]


def test_a_variant_that_was_not_measured_says_so(measured, tmp_path):
    assert measured.cell("sgd") == UNMEASURED
    assert Effects.read(tmp_path / "elsewhere").cell("surrogate_literal") == UNMEASURED


def test_a_section_carries_its_measured_effects(measured):
    text = section(CHOICE_OF["surrogate_literal"], CONFIG, measured)
    assert "**claim adaptive_rescues**: holds → fails" in text
    assert "step 3, the SVG literature" in text
