"""Texts: the same in both languages, one for every code the product raises, numbers and days by language."""

from __future__ import annotations

import ast
from datetime import UTC, date, datetime
from pathlib import Path
from string import Formatter

import pytest

import locales
from ingest.flags import Flag
from support import errors
from support.errors import AppError

ROOT = Path(__file__).resolve().parent.parent
SKIPPED = {"tests", "bench", "tools", "data", "cmdata", "migrations"}
ERRORS = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, AppError)}


def trees():
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).parts
        if parts[0] not in SKIPPED and not any(part.startswith(".") for part in parts):
            yield ast.parse(path.read_text("utf-8"))


def literals(node):
    """Return the texts an expression can be: of a name and a conditional, all."""
    return {each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)}


def raised_codes():
    """Return the first argument of every construction of an error of ours."""
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args and getattr(node.func, "id", None) in ERRORS:
                yield from ((code, node) for code in literals(node.args[0]))


def placeholders(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_both_languages_have_the_same_keys():
    assert locales.texts("ko").keys() == locales.texts("en").keys()


def test_both_languages_have_the_same_placeholders():
    korean, english = locales.texts("ko"), locales.texts("en")
    differing = {key for key in korean if placeholders(korean[key]) != placeholders(english.get(key, ""))}
    assert not differing


def test_no_text_is_empty():
    assert [key for lang in locales.LANGUAGES for key, text in locales.texts(lang).items() if not text.strip()] == []


def test_every_error_raised_has_its_text_and_its_values():
    found = list(raised_codes())
    assert len(found) > 20
    missing = {code for code, _ in found if f"errors.{code}" not in locales.texts("en")}
    assert not missing
    lacking = {}
    for code, call in found:
        given = {word.arg for word in call.keywords}
        wanted = placeholders(locales.texts("en")[f"errors.{code}"])
        if None not in given and not wanted <= given:
            lacking[code] = wanted - given
    assert not lacking


def upload_codes():
    """Return the codes that outcomes of uploads carry without an error being raised."""
    tree = ast.parse((ROOT / "usecases" / "files.py").read_text("utf-8"))
    return {code for node in ast.walk(tree)
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "UploadOutcome" and len(node.args) > 3
            for code in literals(node.args[3])}


def test_codes_that_are_stored_have_their_text():
    stored = {"cancelled", "interrupted", "unexpected"} | upload_codes()
    assert {code for code in stored if f"errors.{code}" not in locales.texts("en")} == set()


def test_every_reason_of_a_rejected_line_has_its_text():
    from ingest.numbers import read_number
    from ingest.series import read_file

    header = "date,value\n2026-01-01,5\n"
    lines = ["2026-01-02,", "2026-01-03,x", "2026-01-04,-5", "2026-01-05,1e18", "someday,5", "1850-01-01,5",
             "2026-01-06"]
    reasons = {line.reason for line in read_file((header + "\n".join(lines)).encode()).rejects}
    reasons |= {read_number(cell)[1] for cell in ("", "x", "-5", "0,123", "1e18")} | {"more"}
    assert reasons == {"value_empty", "value", "value_negative", "value_large", "value_ambiguous", "date", "date_range",
                       "columns", "more"}
    known = {key.removeprefix("reject.") for key in locales.texts("ko") if key.startswith("reject.")}
    assert reasons <= known
    for reason in reasons:
        assert locales.t("ko", f"reject.{reason}", cell="x", count=1, limit=2)


def test_every_flag_state_and_outcome_has_its_text():
    texts = locales.texts("en")
    states = ("queued", "running", "done", "failed", "cancelled", "interrupted")
    outcomes = ("imported", "unchanged", "skipped", "refused", "deleted", "ignored")
    findings = ("repeated_days", "missing_days", "stale_days", "averaged_days", "interpolated_days", "decreases",
                "jumps", "new_level_days", "future_days", "rejected_cells")
    wanted = [*(f"flags.{flag.name.lower()}" for flag in Flag), *(f"job.{state}" for state in states),
              *(f"outcome.{outcome}" for outcome in outcomes), *(f"audit.{finding}.what" for finding in findings),
              *(f"file.state.{state}" for state in ("imported", "refused", "deleted"))]
    assert [key for key in wanted if key not in texts] == []


def test_every_key_a_page_names_is_there():
    texts = locales.texts("en")
    named = {node.args[1].value for tree in trees() for node in ast.walk(tree)
             if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "t"
             and len(node.args) > 1 and isinstance(node.args[1], ast.Constant)}
    assert {key for key in named if key not in texts} == set()


def test_an_error_reads_in_both_languages_and_crosses_a_process():
    import pickle

    error = errors.FileRefused("file.no_rows", lines=3, rejected=3,
                               first={"key": "reject.value", "values": {"cell": "n/a"}})
    assert "“n/a”" in error.message("en") and "3" in error.message("ko") and error.message("ko") != error.message("en")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is errors.FileRefused and (again.code, again.values) == (error.code, error.values)
    assert str(again) == str(error)


def test_a_text_that_is_nowhere_is_a_mistake():
    with pytest.raises(KeyError):
        locales.t("en", "no.such.text")


def test_the_language_of_a_browser():
    assert [locales.pick_language(name) for name in ("ko-KR", "KO", "en-US", "de", "", None)] == [
        "ko", "ko", "en", "en", "ko", "ko"]


NAN = float("nan")


@pytest.mark.parametrize(("lang", "value", "digits", "text"), [
    ("ko", 1234567, 0, "1,234,567"), ("en", 1234.5, 1, "1,234.5"), ("en", None, 0, "–"), ("ko", NAN, 2, "–"),
    ("en", -5, 0, "-5"), ("en", 0, 0, "0")])
def test_numbers(lang, value, digits, text):
    assert locales.format_number(lang, value, digits) == text


@pytest.mark.parametrize(("lang", "value", "text"), [
    ("ko", 123_456, "12.3만"), ("ko", 450_000_000, "4.5억"), ("ko", 2e12, "2.0조"), ("ko", 9_999, "9,999"),
    ("en", 123_456, "123K"), ("en", 45_000_000, "45.0M"), ("en", 2.25e9, "2.2B"), ("en", 999, "999"), ("en", 0, "0"),
    ("en", -1_500, "-1.5K"), ("en", None, "–"), ("ko", NAN, "–")])
def test_short_numbers(lang, value, text):
    assert locales.format_compact(lang, value) == text


def test_days_and_moments():
    assert locales.format_date("ko", date(2026, 1, 9)) == "2026년 1월 9일"
    assert locales.format_date("en", date(2026, 1, 9)) == "9 Jan 2026"
    assert locales.format_date("en", None) == locales.format_time("ko", None) == "–"
    moment = datetime(2026, 1, 9, 12, 30, tzinfo=UTC)
    local = moment.astimezone()
    assert locales.format_time("en", moment) == f"{local.day} Jan 2026 {local:%H:%M}"
