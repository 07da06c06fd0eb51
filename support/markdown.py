"""Markdown that strangers wrote, made safe to show among the product's own.

The text is read with a CommonMark parser that knows no HTML, and written again from what it understood: paragraphs,
headings, lists, quotes, code, emphasis, tables, and links to http and https. Everything else comes out as text whose
punctuation is escaped, so that no directive, formula, icon or HTML of the page that shows it can be in there.
Pictures become links: nothing is fetched from elsewhere by reading.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import Any

LOWEST_HEADING = 6
HEADING_STEP = 3
"""A writer's first heading is smaller than the page's own."""
KEPT = 256
"""Texts whose safe form is kept: a page shows the same ones again at each run."""
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_SHORTCODE = re.compile(r":(?=[\w+/-]+:)")
_LANGUAGE = re.compile(r"[A-Za-z0-9+#-]{1,20}")
_WEB = re.compile(r"https?://[^\s]+", re.IGNORECASE)
_IN_ADDRESS = {mark: f"%{ord(mark):02X}" for mark in "()<>\\\"'`{}|^ $*_[]~"}
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
"""Marks that turn the direction of what follows, also beyond the text they are in."""


def tidy(text: str, *, lines: bool = False) -> str:
    """Return a text in composed form without control characters and marks of direction.

    Parameters
    ----------
    lines : bool
        Keep its line breaks and tabs; else all white space becomes single spaces.

    Returns
    -------
    str
        Stripped; empty where no character of it would be seen.
    """
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    kept = "".join(char for char in composed if char in "\n\t" or not (
        unicodedata.category(char) in ("Cc", "Cs") or char in _BIDI))
    found = kept.strip() if lines else " ".join(kept.split())
    return found if any(unicodedata.category(char)[0] in "LNPS" for char in found) else ""


@lru_cache(maxsize=KEPT)
def safe_markdown(text: str) -> str:
    """Return a stranger's Markdown as Markdown in which only the listed forms have a meaning.

    Line breaks are kept as they were written.
    """
    return "\n\n".join(filter(None, (_block(node) for node in _tree(text).children)))


def plain_words(text: str, most: int) -> str:
    """Return the words of a stranger's Markdown on one line, cut after `most` characters at the last whole word."""
    words = " ".join(" ".join(_words(node) for node in _tree(text[:8 * most]).children).split())
    if len(words) <= most:
        return words
    cut = words[:most].rsplit(" ", 1)[0] if " " in words[most // 2:most] else words[:most]
    return f"{cut}…"


@cache
def _parser() -> Any:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"])
    parser.disable(["reference", "html_block", "html_inline"])
    parser.validateLink = lambda url: bool(_WEB.fullmatch(url))  # type: ignore[method-assign]
    return parser


def _tree(text: str) -> Any:
    from markdown_it.tree import SyntaxTreeNode

    return SyntaxTreeNode(_parser().parse(text))


# --- blocks -------------------------------------------------------------------------------------------------------


def _block(node: Any) -> str:
    match node.type:
        case "paragraph":
            return _line(node)
        case "heading":
            level = min(int(node.tag[1:]) + HEADING_STEP, LOWEST_HEADING)
            return f"{'#' * level} {_line(node).replace(HARD_BREAK, ' ')}"
        case "blockquote":
            return _indented(_blocks(node), "> ", "> ")
        case "bullet_list" | "ordered_list":
            return _list(node)
        case "fence" | "code_block":
            return _code(node)
        case "hr":
            return "***"  # three dashes after a list's mark would be one line with it
        case "table":
            return _table(node)
    return _escaped(node.content or "")


def _blocks(node: Any) -> str:
    return "\n\n".join(filter(None, (_block(child) for child in node.children)))


def _line(node: Any) -> str:
    return "".join(_inline(child) for inline in node.children for child in inline.children).strip()


def _indented(text: str, first: str, others: str) -> str:
    return "\n".join(((first if place == 0 else others) + line).rstrip() for place, line in enumerate(text.split("\n")))


def _list(node: Any) -> str:
    start = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else None
    items = []
    for place, item in enumerate(node.children):
        mark = "- " if start is None else f"{min(start + place, 999_999_999)}. "
        items.append(_indented(_blocks(item), mark, " " * len(mark)))
    tight = all(child.hidden for item in node.children for child in item.children if child.type == "paragraph")
    return ("\n" if tight else "\n\n").join(items)


def _code(node: Any) -> str:
    content = node.content.rstrip("\n")
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", content)), default=0))
    language = _LANGUAGE.match(node.info.strip()) if node.type == "fence" else None
    return f"{fence}{language[0] if language else 'text'}\n{content}\n{fence}"


def _table(node: Any) -> str:
    rows = [[_line(cell).replace(HARD_BREAK, " ") or " " for cell in row.children]
            for part in node.children for row in part.children]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])


# --- within a line ------------------------------------------------------------------------------------------------

HARD_BREAK = "\\\n"


def _inline(node: Any) -> str:
    inner = "".join(_inline(child) for child in node.children) if node.children else ""
    match node.type:
        case "text":
            return _escaped(node.content)
        case "softbreak" | "hardbreak":
            return HARD_BREAK
        case "em":
            return f"*{inner}*"
        case "strong":
            return f"**{inner}**"
        case "s":
            return f"~~{inner}~~"
        case "code_inline":
            return _code_inline(node.content, in_table=_inside(node, "td", "th"))
        case "link":
            return f"[{inner}]({_address(node.attrs['href'])})"
        case "image":
            shown = _escaped(node.content.strip() or str(node.attrs["src"])[:60])
            return shown if _inside(node, "link") else f"[{shown}]({_address(node.attrs['src'])})"
    return _escaped(node.content or "")


def _inside(node: Any, *kinds: str) -> bool:
    while node.parent is not None:
        node = node.parent
        if node.type in kinds:
            return True
    return False


def _escaped(text: str) -> str:
    """Return a text whose punctuation means nothing; a colon that opens an emoji's or an icon's name is set apart."""
    apart = _SHORTCODE.sub(":\u2060", text)
    return _PUNCTUATION.sub(r"\\\1", apart)


def _code_inline(content: str, *, in_table: bool) -> str:
    fence = "`" * (1 + max((len(run) for run in re.findall(r"`+", content)), default=0))
    pad = " " if content.startswith("`") or content.endswith("`") else ""
    return f"{fence}{pad}{content.replace('|', chr(92) + '|') if in_table else content}{pad}{fence}"


def _address(url: Any) -> str:
    return "".join(_IN_ADDRESS.get(char, char) for char in str(url))


def _words(node: Any) -> str:
    """Return what a reader would read of a node, without its marks."""
    if node.type in ("softbreak", "hardbreak"):
        return " "
    if node.children:
        between = "" if node.type in ("inline", "em", "strong", "s", "link") else " "
        return between.join(_words(child) for child in node.children)
    return str(node.content or "")
