"""Strangers' Markdown: what has a meaning keeps it, everything else is text, nothing is fetched or run."""

from __future__ import annotations

import re
import time

import pytest
from markdown_it import MarkdownIt

from support.markdown import plain_words, safe_markdown, tidy

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
"""A trusting reader: it takes HTML and any link that the text still has."""
READER.validateLink = lambda url: True


def read(text):
    """Return what a trusting reader makes of the safe form."""
    return READER.render(safe_markdown(text))


@pytest.mark.parametrize(("text", "html"), [
    ("**bold** *it* ~~no~~", "<p><strong>bold</strong> <em>it</em> <s>no</s></p>"),
    ("# Big", "<h4>Big</h4>"), ("###### Small", "<h6>Small</h6>"),
    ("a\nb", "<p>a<br />\nb</p>"),
    ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
    ("3. c\n4. d", '<ol start="3">\n<li>c</li>\n<li>d</li>\n</ol>'),
    ("- a\n  - b", "<ul>\n<li>\n<p>a</p>\n<ul>\n<li>b</li>\n</ul>\n</li>\n</ul>"),
    ("> q", "<blockquote>\n<p>q</p>\n</blockquote>"),
    ("a\n\n---\n\nb", "<p>a</p>\n<hr />\n<p>b</p>"),
    ("`x < 1 $y$`", "<p><code>x &lt; 1 $y$</code></p>"),
    ("[a](https://e.com/b)", '<p><a href="https://e.com/b">a</a></p>'),
    ("<https://e.com/b>", '<p><a href="https://e.com/b">https://e.com/b</a></p>')])
def test_the_listed_forms_keep_their_meaning(text, html):
    assert read(text).strip() == html


def test_code_keeps_every_character_and_a_fence_inside_it():
    assert read("```python\nif a < b: $x$ :red[y] <b>\n```") == (
        '<pre><code class="language-python">if a &lt; b: $x$ :red[y] &lt;b&gt;\n</code></pre>\n')
    assert "<h4>" not in read("````\n```\n# no\n````") and "# no" in read("````\n```\n# no\n````")


def test_a_table_keeps_its_cells():
    html = read("|a|b|\n|-|-|\n|`x\\|y`|<i>|")
    assert "<td><code>x|y</code></td>" in html and "<td>&lt;i&gt;</td>" in html


HOSTILE = ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<a href='javascript:alert(1)'>x</a>",
           "[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))", "[x](data:text/html;base64,PHNjcmlwdD4=)",
           "[x](vbscript:x)", "[x](file:///etc/passwd)", "[x](//evil.example/x)", "[x](/account/sign-out)",
           "<javascript:alert(1)>", "[x]: javascript:alert(1)\n\n[x]", "[x](<java\nscript:alert(1)>)",
           "[x](&#106;avascript:alert(1))", "![x](javascript:alert(1))", "<svg/onload=alert(1)>",
           "<!-- c --> <?php ?> <![CDATA[x]]>", "&lt;script&gt;", "<iframe src=//e.com></iframe>",
           "`` ` ``<b>", "```\n</code><script>\n", "<b\n>x</b>", "[<b>](https://e.com)", "- <b>\n\n  <i>"]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_runs_and_no_link_but_to_the_web(text):
    html = read(text)
    tags = set(re.findall(r"</?([a-z0-9]+)", html))
    assert tags <= {"p", "a", "code", "pre", "ul", "li", "br", "h4", "h5", "blockquote"}, html
    assert all(address.startswith(("https://", "http://")) for address in re.findall(r'(?:href|src)="([^"]*)"', html))


def test_a_picture_is_a_link_and_not_fetched():
    html = read("![a cat](https://e.com/track.png) [![in](https://e.com/i.png)](https://e.com/)")
    assert "<img" not in html and '<a href="https://e.com/track.png">a cat</a>' in html
    assert '<a href="https://e.com/">in</a>' in html


def test_an_address_cannot_leave_its_brackets():
    assert safe_markdown("[a](https://e.com/x)y(z) <https://e.com/a(b)>").count("](https://") == 2
    assert "](https://e.com/a%28b%29)" in safe_markdown("<https://e.com/a(b)>")


@pytest.mark.parametrize("text", [":red[official]", ":material/verified:", ":violet-badge[x]", "$\\frac{1}{2}$",
                                  "$$\\def\\x{\\x\\x}\\x$$", "::leaf{a=b}", ":::note\nx\n:::", ":small[x]", ":fire:"])
def test_directives_formulas_and_icons_are_text(text):
    safe = safe_markdown(text)
    assert not re.search(r"(?<!\\)[:$\[\]{}]", safe)
    assert not re.search(r":[\w+\-/]+:", safe.replace("\\", ""))


def test_a_long_hostile_text_takes_no_long_time():
    started = time.monotonic()
    for text in ("[" * 10_000, "![[" * 3_000, "> " * 5_000, "*a " * 3_300, "- a\n" * 2_500, "$" * 10_000):
        safe_markdown.__wrapped__(text)
    assert time.monotonic() - started < 15


@pytest.mark.parametrize(("text", "words"), [
    ("# Title\n\n**bold** [link](https://e.com)", "Title bold link"), ("- a\n- b", "a b"), ("", ""),
    ("![alt](https://e.com/a.png) x", "alt x"), ("line\nnext", "line next")])
def test_the_words_alone(text, words):
    assert plain_words(text, 80) == words


def test_words_are_cut_at_a_whole_one():
    assert plain_words("alpha beta gamma", 12) == "alpha beta…"
    assert plain_words("가" * 50, 10) == "가" * 10 + "…"


@pytest.mark.parametrize(("text", "lines", "found"), [
    ("  a \n b ", False, "a b"), (" a\r\n\r\nb ", True, "a\n\nb"), ("a\x00\x07b", False, "ab"),
    ("ab\u202ecd\u2066", False, "abcd"), ("\u200b\u200d", False, ""), (" \n", True, ""), ("e\u0301", False, "\u00e9"),
    ("👩\u200d🎤", False, "👩\u200d🎤"), ("\ud800x", False, "x"), ("🎵", False, "🎵")])
def test_characters_that_are_not_seen_go(text, lines, found):
    assert tidy(text, lines=lines) == found
