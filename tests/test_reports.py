"""Reports: one file that loads nothing, escapes everything, and says what it was given in both languages."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from support import reports
from support.reports import Chart, Section, Table, Text, Tiles, html_report

HOSTILE = '</script><script>alert("1")</script><img src=x onerror=alert(2)>&\u2028'
FIGURE = {"data": [{"type": "scatter", "x": ["2025-01-01"], "y": [1.5], "name": HOSTILE}],
          "layout": {"height": 321, "title": {"text": "한글 제목"}}}
LOADING = {"src", "href", "srcset", "action", "formaction", "data", "poster", "background", "cite", "manifest", "ping"}
VOID = {"meta", "link", "img", "br", "hr", "input", "base"}


class Page(HTMLParser):
    """The elements of a page, their texts, and whether each is closed in its turn."""

    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.elements, self.open, self.texts = [], [], {}
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, tag

    def handle_data(self, data):
        self.texts.setdefault(self.open[-1] if self.open else "", []).append(data)

    def handle_decl(self, decl):
        assert decl == "DOCTYPE html"

    def of(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]

    def said(self, tag):
        return [text.strip() for text in self.texts.get(tag, []) if text.strip()]


def report(*blocks, lang="en", title="Report", footer="Made today", **options):
    return html_report(title, [Section("Summary", blocks)], lang=lang, footer=footer, **options)


EVERYTHING = (Text("One.\n\nTwo."), Tiles([("Total", "1,234", "to 9 Jan"), ("Share", "61%", None)]),
              Table(["Scenario", "Total"], [("Low", 1234567), ("High", None)], "Scenarios"), Chart(FIGURE, "A line"))


def scripts_of(source):
    """Return the contents of the elements that run, as a browser finds them."""
    return re.findall(r"<script>(.*?)</script>", source, re.DOTALL)


def policy_of(source):
    [policy] = [attrs["content"] for attrs in Page(source).of("meta") if attrs.get("http-equiv")]
    return dict(part.strip().split(" ", 1) for part in policy.split(";"))


# one file


def test_no_element_and_no_style_names_anything_to_load():
    page = Page(report(*EVERYTHING))
    assert page.open == []
    named = [(tag, name, value) for tag, attrs in page.elements for name, value in attrs.items() if name in LOADING]
    assert named == []
    assert {"link", "iframe", "object", "embed", "base", "img"}.isdisjoint(tag for tag, _ in page.elements)
    [style] = page.texts["style"]
    assert "url(" not in style and "@import" not in style and "http" not in style
    assert not any("refresh" in attrs.get("http-equiv", "") for attrs in page.of("meta"))


def test_the_file_forbids_itself_every_host():
    policy = policy_of(report(*EVERYTHING))
    assert policy["default-src"] == "'none'"
    assert "http" not in " ".join(policy.values()) and "*" not in " ".join(policy.values())
    assert policy["img-src"] == "data: blob:"  # pictures plotly makes itself


def test_only_our_two_scripts_may_run():
    source = report(*EVERYTHING)
    scripts = scripts_of(source)
    assert len(scripts) == 2
    hashes = {f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts}
    assert set(policy_of(source)["script-src"].split()) == hashes


def test_the_library_is_there_once_however_many_charts_and_not_without():
    from plotly.offline import get_plotlyjs

    head = get_plotlyjs()[:200]
    assert report(*EVERYTHING, *EVERYTHING).count(head) == 1
    plain = report(*EVERYTHING[:3])
    assert "<script" not in plain and len(plain) < 10_000
    assert policy_of(plain)["script-src"] == "'none'"


def test_a_closing_tag_within_the_library_does_not_end_it(monkeypatch):
    monkeypatch.setattr("plotly.offline.get_plotlyjs", lambda: 'x = "</script>";')
    reports._library.cache_clear()
    try:
        assert scripts_of(report(EVERYTHING[3]))[0] == 'x = "<\\/script>";'
    finally:
        reports._library.cache_clear()


# escaping


def test_every_text_is_escaped():
    source = html_report(HOSTILE, [Section(HOSTILE, [
        Text(HOSTILE), Tiles([(HOSTILE, HOSTILE, HOSTILE)]), Table([HOSTILE], [(HOSTILE,)], HOSTILE),
        Chart(FIGURE, HOSTILE)])], lang="en", footer=HOSTILE, without_script=HOSTILE)
    page = Page(source)
    assert page.open == []
    assert [attrs for attrs in page.of("script") if attrs] == [{"type": "application/json", "data-for": "chart-0"}]
    assert len(page.of("script")) == 3 and page.of("img") == []
    assert not any(name.startswith("on") for _, attrs in page.elements for name in attrs)
    plain = HOSTILE.strip()
    for tag in ("title", "h1", "h2", "p", "dt", "dd", "th", "td", "caption", "figcaption"):
        assert plain in page.said(tag), tag
    [chart] = [attrs for attrs in page.of("div") if attrs.get("class") == "chart"]
    assert chart["aria-label"] == HOSTILE


def test_a_figure_comes_back_as_it_was():
    source = report(Chart(FIGURE, "first"), Chart({"data": [], "layout": {}}, "second"))
    found = re.findall(r'<script type="application/json" data-for="(chart-\d)">(.*?)</script>', source, re.DOTALL)
    assert [name for name, _ in found] == ["chart-0", "chart-1"]
    assert json.loads(found[0][1]) == FIGURE
    assert not set("<>&\u2028") & set(found[0][1])
    assert "한글 제목" in found[0][1]
    ids = [attrs["id"] for attrs in Page(source).of("div") if attrs.get("class") == "chart"]
    assert ids == ["chart-0", "chart-1"]


def test_a_number_json_has_not_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        report(Chart({"data": [{"y": [float("nan")]}], "layout": {}}, "x"))


# structure


@pytest.mark.parametrize(("lang", "title"), [("ko", "아티스트 보고서"), ("en", "Artist report")])
def test_the_documents_language_and_titles(lang, title):
    page = Page(report(*EVERYTHING, lang=lang, title=title))
    assert page.of("html") == [{"lang": lang}]
    assert page.said("title") == page.said("h1") == [title]
    assert {"charset": "utf-8"} in page.of("meta")
    [style] = page.texts["style"]
    assert "'Malgun Gothic'" in style and "Apple SD Gothic Neo" in style


def test_blocks_stand_in_their_order_within_their_section():
    source = html_report("R", [Section("A", EVERYTHING), Section("B", [Text("end")])], lang="en", footer="f")
    tags = [tag for tag, _ in Page(source).elements
            if tag in {"section", "h2", "dl", "table", "figure", "footer", "header"}]
    assert tags == ["header", "section", "h2", "dl", "table", "figure", "section", "h2", "footer"]
    assert [text for text in Page(source).said("p")] == ["One.", "Two.", "end", "f"]


def test_tiles_have_name_value_and_note():
    page = Page(report(EVERYTHING[1]))
    assert page.said("dt") == ["Total", "Share"]
    assert page.said("dd") == ["1,234", "to 9 Jan", "61%"]


def test_numbers_are_written_and_aligned_and_absent_ones_a_dash():
    page = Page(report(Table(["Name", "Value", "Ratio"], [("a", 1234567, 0.5), ("b", None, 2.0), ("c", 7, float("nan"))])))
    assert page.said("td") == ["a", "1,234,567", "0.50", "b", "–", "2", "c", "7", "–"]
    assert [attrs.get("class") for attrs in page.of("th")] == [None, "number", "number"]
    assert [attrs.get("class") for attrs in page.of("td")] == [None, "number", "number"] * 3
    assert page.of("caption") == []


def test_charts_keep_their_height_and_what_stands_in_without_scripts():
    page = Page(report(Chart(FIGURE, "A line"), without_script="No charts"))
    [chart] = [attrs for attrs in page.of("div") if attrs.get("class") == "chart"]
    assert (chart["style"], chart["role"]) == ("height:321px", "img")
    assert len(page.of("noscript")) == 1 and "No charts" in page.said("p")
    assert Page(report(EVERYTHING[0], without_script="No charts")).of("noscript") == []


def test_light_dark_and_paper_are_provided_for():
    source = report(*EVERYTHING)
    [style] = Page(source).texts["style"]
    assert "@media (prefers-color-scheme: dark)" in style and "size: A4" in style and "break-inside: avoid" in style
    script = scripts_of(source)[1]
    for event in ("prefers-color-scheme: dark", "beforeprint", "afterprint"):
        assert event in script
    assert "FONTS" not in source[-20_000:] and "WIDTH" not in script


def test_what_cannot_be_written_is_refused():
    with pytest.raises(ValueError, match="lang is 'fr'; accepted are ko, en"):
        report(lang="fr")
    with pytest.raises(ValueError, match="1 cells for 2 headers"):
        report(Table(["a", "b"], [("only",)]))
