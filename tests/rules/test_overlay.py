"""A site's overlay file: what it adds, and that it is refused with file and line where it is wrong."""

from pathlib import Path

import pytest

from service.knowledge.load import Rules, RulesInvalid, load_rules
from service.knowledge.overlay import lay_over, with_overlay
from service.terms import Coded, Recogniser, Recognition, compile_terms

RULES = Path(__file__).parents[2] / "rules"
HEADER = "system,code,value set"


@pytest.fixture(scope="module")
def rules() -> Rules:
    return load_rules(RULES)


def faults(rules: Rules, *lines: str) -> list[str]:
    with pytest.raises(RulesInvalid) as refused:
        lay_over(rules, "\n".join(lines), "site.csv", "sha256:0")
    return [str(fault) for fault in refused.value.faults]


def recognised(rules: Rules, kind: str, system: str, code: str) -> Recognition:
    return Recogniser(compile_terms(rules)).recognise(kind, [Coded(system, code, None)])


def test_a_licensed_code_is_recognised_by_the_overlay(rules: Rules) -> None:
    laid = lay_over(rules, f"{HEADER},label\nsnomed,99999999001,cramp-leg,Cramp in lower limb", "site.csv", "sha256:0")
    found = recognised(laid, "condition", "http://snomed.info/sct", "99999999001")
    assert (found.valuesets, found.by, found.label) == (frozenset(["cramp-leg"]), "overlay", "Cramp in lower limb")
    assert not recognised(rules, "condition", "http://snomed.info/sct", "99999999001").valuesets


def test_a_code_without_a_label_bears_the_title_of_its_value_set(rules: Rules) -> None:
    laid = lay_over(rules, f"{HEADER}\nhttp://loinc.org,99999-1,magnesium", "site.csv", "sha256:0")
    assert recognised(laid, "observation", "http://loinc.org", "99999-1").label == rules.valuesets["magnesium"].title


def test_a_code_of_the_rules_stays_theirs(rules: Rules) -> None:
    laid = lay_over(rules, f"{HEADER}\nsnomed,44054006,diabetes", "site.csv", "sha256:0")
    assert recognised(laid, "condition", "http://snomed.info/sct", "44054006").by == "code"


def test_a_code_system_of_the_sites_own_is_declared(rules: Rules) -> None:
    laid = lay_over(rules, f"{HEADER}\nlocal:https://ehr.example/tests,ABI-1,ankle-brachial-index", "s.csv", "sha256:0")
    found = recognised(laid, "observation", "https://ehr.example/tests", "ABI-1")
    assert (found.valuesets, found.by) == (frozenset(["ankle-brachial-index"]), "overlay")
    assert not recognised(laid, "observation", "https://ehr.example/tests", "ABI-2").valuesets


def test_the_same_code_may_stand_in_two_value_sets(rules: Rules) -> None:
    text = f"{HEADER}\natc,M01AB05,nsaid\natc,M01AB05,qt-drug\n"
    found = recognised(lay_over(rules, text, "s.csv", "sha256:0"), "medication", "http://www.whocc.no/atc", "m01ab05")
    assert found.valuesets == {"nsaid", "qt-drug"}


def test_comments_and_empty_lines_do_not_count(rules: Rules) -> None:
    laid = lay_over(rules, f"# ours\n\n{HEADER}\n\n# cramps\nsnomed,99999999001,cramp-leg\n", "s.csv", "sha256:0")
    assert laid.overlay is not None
    assert laid.overlay.codes == 1


def test_the_rules_themselves_do_not_change(rules: Rules) -> None:
    before = len(rules.expansions["cramp-leg"])
    lay_over(rules, f"{HEADER}\nsnomed,99999999001,cramp-leg", "site.csv", "sha256:0")
    assert len(rules.expansions["cramp-leg"]) == before


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ([""], "site.csv:1: the first line is system,code,value set[,label]"),
        (["system,value set,code"], "site.csv:1: the first line is system,code,value set[,label]"),
        (
            [HEADER, "snomedct,1,diabetes"],
            "site.csv:2: there is no code system snomedct; one of your own is written local:URI",
        ),
        ([HEADER, "snomed,1,diabetis"], "site.csv:2: there is no value set diabetis"),
        ([HEADER, "", "snomed,,diabetes"], "site.csv:3: the code is missing"),
        ([HEADER, "snomed,1"], "site.csv:2: the columns are system,code,value set"),
        ([HEADER, "snomed,1,diabetes,Diabetes"], "site.csv:2: the columns are system,code,value set"),
        ([HEADER, "snomed,1,diabetes", "snomed,1,diabetes"], "site.csv:3: 1 stands in diabetes twice"),
        (
            [HEADER, "local:http://loinc.org,1,magnesium"],
            "site.csv:2: http://loinc.org is loinc, no code system of your own",
        ),
        (
            [HEADER, "local:,1,magnesium"],
            "site.csv:2: there is no code system local:; one of your own is written local:URI",
        ),
        (
            [HEADER, "atc,R03AL02,beta-agonist-long"],
            "site.csv:2: the rules leave R03AL02 out of beta-agonist-long on purpose",
        ),
        ([f"{HEADER},label", f"snomed,1,diabetes,{'x' * 101}"], "site.csv:2: a label has at most 100 characters"),
        ([HEADER, 'snomed,"1,diabetes'], "site.csv:2: not CSV: unexpected end of data"),
    ],
)
def test_what_is_wrong_is_refused_with_its_line(rules: Rules, lines: list[str], fault: str) -> None:
    assert faults(rules, *lines) == [fault]


def test_every_fault_is_told_at_once(rules: Rules) -> None:
    told = faults(rules, HEADER, "snomed,1,diabetis", "snomed,2", "icd-12,3,diabetes")
    assert [fault.split(":")[1] for fault in told] == ["2", "3", "4"]


def test_a_file_that_cannot_be_read_is_a_fault(rules: Rules, tmp_path: Path) -> None:
    with pytest.raises(RulesInvalid, match="cannot be read"):
        with_overlay(rules, tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes("system,code,value set,label\nsnomed,1,diabetes,Zucker für".encode("latin-1"))
    with pytest.raises(RulesInvalid, match="is not UTF-8"):
        with_overlay(rules, tmp_path / "latin.csv")


def test_a_byte_order_mark_is_no_part_of_the_header(rules: Rules, tmp_path: Path) -> None:
    (tmp_path / "bom.csv").write_bytes(b"\xef\xbb\xbfsystem,code,value set\r\nsnomed,99999999001,cramp-leg\r\n")
    laid = with_overlay(rules, tmp_path / "bom.csv")
    assert laid.overlay is not None
    assert laid.overlay.digest.startswith("sha256:")
