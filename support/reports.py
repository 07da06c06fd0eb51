"""Reports as one standalone HTML file: texts, tiles, tables and charts that open without a network.

The file carries its own script and style and allows itself nothing else: its Content-Security-Policy names the two
scripts by their hash and no host at all, so that neither a name in the data nor the script library can load anything.
Light and dark follow the reader's system, the figures too; on paper everything is light and fits A4.

Everything handed in is text, never markup, and is escaped here. Figures are plain data in plotly's shape, as
`support.charts` returns them; their texts are escaped there.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any

from locales import LANGUAGES, format_number

FONTS = ("Pretendard, 'Noto Sans KR', 'Noto Sans CJK KR', 'Apple SD Gothic Neo', 'Malgun Gothic', NanumGothic, "
         "sans-serif")
"""Installed fonts only, Korean ones first, as the product's own pages use them."""
PRINT_WIDTH = 680
"""Pixels of a chart on paper: A4 less 15 mm on either side, at 96 pixels an inch."""
UNSAFE = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})
"""Letters that could end a script element or a line within one, as JSON writes them otherwise."""


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; an empty line begins another."""

    text: str


@dataclass(frozen=True, slots=True)
class Tiles:
    """Numbers with their names.

    Attributes
    ----------
    tiles : sequence of (str, str, str or None)
        Name, value as written, and a note below it.
    """

    tiles: Sequence[tuple[str, str, str | None]]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headers.

    Attributes
    ----------
    headers : sequence of str
    rows : sequence of sequence
        Texts and numbers, one a header. Numbers are written in the report's language, whole ones without digits and
        others with two, and aligned right; None and NaN are an en dash.
    caption : str
    """

    headers: Sequence[str]
    rows: Sequence[Sequence[str | float | None]]
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure in plotly's shape, and the sentence under it, which also describes it to who cannot see it."""

    figure: dict[str, Any]
    caption: str


Block = Text | Tiles | Table | Chart


@dataclass(frozen=True, slots=True)
class Section:
    """A title and what is below it."""

    title: str
    blocks: Sequence[Block]


def html_report(title: str, sections: Sequence[Section], *, lang: str, footer: str, without_script: str = "") -> str:
    """Return a report as one HTML file.

    Parameters
    ----------
    title : str
    sections : sequence of Section
    lang : str
        ``ko`` or ``en``: the document's language and its numbers'.
    footer : str
        When and from what the report was made.
    without_script : str
        What a reader sees in place of the charts where scripts are switched off.

    Returns
    -------
    str
        To be written as UTF-8. About 5 MB with charts, of which plotly.js is nearly all; a few KB without.

    Raises
    ------
    ValueError
        If the language is unknown, a row has not one cell a header, or a figure holds a number that JSON has not (NaN,
        infinity).
    """
    if lang not in LANGUAGES:
        raise ValueError(f"lang is {lang!r}; accepted are {', '.join(LANGUAGES)}")
    charts = [block for section in sections for block in section.blocks if isinstance(block, Chart)]
    scripts = [_library(), SCRIPT] if charts else []
    numbers = iter(range(len(charts)))
    body = "\n".join(_section(section, lang, numbers) for section in sections)
    note = f"<noscript><p class='note'>{escape(without_script)}</p></noscript>" if charts and without_script else ""
    return "\n".join([
        "<!DOCTYPE html>", f'<html lang="{lang}">', "<head>", '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(scripts)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">', f"<title>{escape(title)}</title>",
        f"<style>{STYLE}</style>", "</head>", "<body>", f"<header><h1>{escape(title)}</h1></header>",
        f"<main>{note}", body, "</main>", f"<footer>{_paragraphs(footer)}</footer>",
        *(f"<script>{script}</script>" for script in scripts), "</body>", "</html>", ""])


@cache
def _library() -> str:
    """Return plotly.js, which is read from its package at use: it is 5 MB."""
    from plotly.offline import get_plotlyjs

    # a closing tag in the library would end its element; a slash may be written with a backslash in any string
    return get_plotlyjs().replace("</script", "<\\/script")


def _policy(scripts: Iterable[str]) -> str:
    """Return what the file may load: the scripts with these contents, styles of its own, pictures made in it."""
    hashes = " ".join(f"'sha256-{_digest(script)}'" for script in scripts) or "'none'"
    return (f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; "
            "base-uri 'none'; form-action 'none'")


@cache
def _digest(script: str) -> str:
    # browsers read CR LF as LF before they hash, Python's string may hold either
    return base64.b64encode(hashlib.sha256(script.replace("\r\n", "\n").encode()).digest()).decode()


# blocks -----------------------------------------------------------------------------------------------------------


def _section(section: Section, lang: str, numbers: Iterable[int]) -> str:
    parts = [_block(block, lang, numbers) for block in section.blocks]
    return "\n".join(["<section>", f"<h2>{escape(section.title)}</h2>", *parts, "</section>"])


def _block(block: Block, lang: str, numbers: Iterable[int]) -> str:
    if isinstance(block, Text):
        return _paragraphs(block.text)
    if isinstance(block, Tiles):
        return _tiles(block)
    return _table(block, lang) if isinstance(block, Table) else _chart(block, next(iter(numbers)))


def _paragraphs(text: str) -> str:
    parts = (part.strip() for part in text.split("\n\n"))
    return "".join(f"<p>{escape(part)}</p>" for part in parts if part)


def _tiles(block: Tiles) -> str:
    tiles = [f'<div class="tile"><dt>{escape(name)}</dt><dd>{escape(value)}</dd>'
             + (f'<dd class="note">{escape(note)}</dd>' if note else "") + "</div>"
             for name, value, note in block.tiles]
    return f'<dl class="tiles">{"".join(tiles)}</dl>'


def _table(block: Table, lang: str) -> str:
    for row in block.rows:
        if len(row) != len(block.headers):
            raise ValueError(f"a row has {len(row)} cells for {len(block.headers)} headers; as many are accepted")
    numeric = [any(not isinstance(row[at], str) and row[at] is not None for row in block.rows)
               for at in range(len(block.headers))]
    classes = [' class="number"' if each else "" for each in numeric]
    head = "".join(f'<th scope="col"{kind}>{escape(name)}</th>'
                   for kind, name in zip(classes, block.headers, strict=True))
    rows = ["<tr>" + "".join(f"<td{kind}>{escape(_cell(value, lang))}</td>"
                             for kind, value in zip(classes, row, strict=True)) + "</tr>" for row in block.rows]
    caption = f"<caption>{escape(block.caption)}</caption>" if block.caption else ""
    return (f'<div class="wide"><table>{caption}<thead><tr>{head}</tr></thead>'
            f'<tbody>{"".join(rows)}</tbody></table></div>')


def _cell(value: str | float | None, lang: str) -> str:
    if isinstance(value, str):
        return value
    return format_number(lang, value, 0 if value is None or float(value).is_integer() else 2)


def _chart(block: Chart, number: int) -> str:
    height = int(block.figure.get("layout", {}).get("height", 340))
    return (f'<figure><div class="chart" id="chart-{number}" role="img" aria-label="{escape(block.caption)}" '
            f'style="height:{height}px"></div><figcaption>{escape(block.caption)}</figcaption>'
            f'<script type="application/json" data-for="chart-{number}">{_json(block.figure)}</script></figure>')


def _json(figure: dict[str, Any]) -> str:
    """Return a figure as JSON in which nothing can end the element it stands in."""
    data = {"data": figure.get("data", []), "layout": figure.get("layout", {})}
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).translate(UNSAFE)


# style and script -------------------------------------------------------------------------------------------------

STYLE = """
:root { --paper: #ffffff; --panel: #f4f2fa; --text: #1f1b2e; --quiet: #5c566e; --rule: #ddd8ea; --accent: #6741d9 }
@media (prefers-color-scheme: dark) {
  :root { --paper: #15131c; --panel: #221f2d; --text: #ece9f5; --quiet: #aaa3bd; --rule: #3a3549; --accent: #b197fc }
}
* { box-sizing: border-box }
body { margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 60rem; background: var(--paper); color: var(--text);
  font: 1rem/1.6 FONTS; overflow-wrap: anywhere }
:lang(ko) { word-break: keep-all }
h1 { font-size: 1.8rem; line-height: 1.25; margin: 0 0 1rem; border-bottom: 3px solid var(--accent);
  padding-bottom: .6rem }
h2 { font-size: 1.25rem; margin: 2.2rem 0 .6rem }
p { margin: .5rem 0 }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: .6rem; margin: .8rem 0 }
.tile { background: var(--panel); border: 1px solid var(--rule); border-radius: .5rem; padding: .6rem .8rem }
dt { color: var(--quiet); font-size: .85rem }
dd { margin: 0; font-size: 1.3rem; font-weight: 600; line-height: 1.3; font-variant-numeric: tabular-nums }
.note { font-size: .8rem; font-weight: 400; color: var(--quiet) }
.wide { overflow-x: auto; margin: .8rem 0 }
table { border-collapse: collapse; width: 100%; font-size: .92rem; overflow-wrap: normal }
caption { text-align: left; color: var(--quiet); padding-bottom: .3rem }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--rule); vertical-align: top }
th { background: var(--panel); font-weight: 600 }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
figure { margin: 1rem 0 1.4rem; break-inside: avoid }
figcaption { color: var(--quiet); font-size: .85rem; margin-top: .3rem }
footer { margin-top: 2.5rem; padding-top: .6rem; border-top: 1px solid var(--rule); color: var(--quiet);
  font-size: .85rem }
@page { size: A4; margin: 15mm }
@media print {
  :root { --paper: #ffffff; --panel: #f4f2fa; --text: #1f1b2e; --quiet: #5c566e; --rule: #ddd8ea; --accent: #6741d9 }
  body { padding: 0; max-width: none; font-size: 10.5pt; print-color-adjust: exact; -webkit-print-color-adjust: exact }
  h2 { break-after: avoid }
  .tile, tr { break-inside: avoid }
  thead { display: table-header-group }
  .wide { overflow: visible }
}
""".replace("FONTS", FONTS)

SCRIPT = """
"use strict";
(function () {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let printing = false;
  function look() {
    const night = dark.matches && !printing;
    const text = night ? "#ece9f5" : "#1f1b2e", paper = night ? "#15131c" : "#ffffff";
    return { "font.color": text, "font.family": FONTS, "hoverlabel.bgcolor": paper,
             "hoverlabel.bordercolor": "#7d858c", "hoverlabel.font.color": text };
  }
  const charts = [...document.querySelectorAll("script[data-for]")].map(function (source) {
    const place = document.getElementById(source.dataset.for), figure = JSON.parse(source.textContent);
    return { place: place, figure: figure, height: figure.layout.height };
  });
  charts.forEach(function (chart) {
    Plotly.newPlot(chart.place, chart.figure.data, chart.figure.layout, { displayModeBar: false, responsive: true })
      .then(function () { return Plotly.relayout(chart.place, look()); });
  });
  function all(change) { charts.forEach(function (chart) { Plotly.relayout(chart.place, change); }); }
  dark.addEventListener("change", function () { all(look()); });
  addEventListener("beforeprint", function () {
    printing = true;
    charts.forEach(function (chart) { chart.place.style.width = "WIDTHpx"; });
    all(Object.assign(look(), { width: WIDTH }));
  });
  addEventListener("afterprint", function () {
    printing = false;
    charts.forEach(function (chart) { chart.place.style.width = ""; });
    all(Object.assign(look(), { width: null, autosize: true }));
  });
})();
""".replace("FONTS", json.dumps(FONTS)).replace("WIDTH", str(PRINT_WIDTH))
