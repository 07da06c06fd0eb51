"""An attached result as a card: what its owner chose to show, its picture or sound, and the way to it."""

from __future__ import annotations

from typing import Any

import streamlit as st

import services
from support.figures.hits import clock
from views import _community_state as states
from views import _likes, _shared
from views._shared import number, plain, text

VERDICTS = {"HIT": "green", "GOOD": "blue", "SOLID": "orange", "BAD": "red"}


def draw(card: services.Card, post: services.Post | None = None) -> None:
    """Draw a card; of a post with its file and its likes, without one as it would be."""
    with st.container(border=True, gap="small", key=f"community_card_{card.kind}_{card.item}"):
        if card.gone:
            st.markdown(f"{states.badge(card.kind)}  \n:gray[{text('community.card.gone')}]")
            return
        st.markdown(f"{states.badge(card.kind)}  \n**{name(card)}**"
                    + (f"  \n:gray[{plain(card.note)}]" if card.note else ""))
        for line in lines(card):
            st.markdown(line)
        if post is not None:
            with _shared.errors_shown():
                _file(post)
        _foot(card, post)


def _foot(card: services.Card, post: services.Post | None) -> None:
    """Draw the way to the thing, and for a song its likes."""
    if post is None or card.page is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if card.kind == "song":
            _likes.button("song", card.item)
        st.page_link(f"views/{card.page}.py", label=f":violet[{text(f'community.card.open_{card.kind}')}]",
                     icon=":material/arrow_forward:", query_params=dict(card.query), width="content")


def _file(post: services.Post) -> None:
    found, card = states.file(post), post.card
    if found is None or card is None:
        return
    if found.mime.startswith("image/"):
        st.image(found.data, width=480, alt=text("community.card.alt", name=name_plain(card)))
    else:
        st.audio(found.data, format=found.mime, alt=card.title)


def name(card: services.Card) -> str:
    """Return what a card is called, as markdown; a picture is called by its tags."""
    return plain(name_plain(card))


def name_plain(card: services.Card) -> str:
    """Return what a card is called."""
    if card.kind != "picture":
        return card.title or "–"
    return ", ".join(_labels(card.facts["tags"])) or text("community.kind.picture")


def _labels(tags: Any) -> list[str]:
    return [services.tag_label(tag, _shared.lang()) for tag in tags]


def lines(card: services.Card) -> list[str]:
    """Return what a card tells besides its names, as lines of markdown."""
    facts = card.facts
    match card.kind:
        case "audition":
            return _audition(facts)
        case "prediction":
            return _prediction(facts)
        case "playlist":
            first = [f"- {plain(song)}" for song in facts["first"]]
            tags = " ".join(f":violet-badge[{plain(tag)}]" for tag in facts["tags"])
            more = facts["songs"] - len(first)
            rest = [f"- :gray[{text('community.card.more_songs', count=number(more))}]"] if more > 0 else []
            return [line for line in (f"{text('community.card.songs', count=number(facts['songs']))} {tags}",
                                      "\n".join([*first, *rest])) if line.strip()]
        case "bgm":
            return [f":material/schedule: {clock(facts['seconds'])}"]
    return []


def _audition(facts: Any) -> list[str]:
    total = text("community.card.total", total=number(facts["total"])) if facts["total"] is not None else ""
    verdict = f":{VERDICTS.get(facts['verdict'], 'gray')}-badge[{plain(facts['verdict'])}]" if facts["verdict"] else ""
    offline = f":gray-badge[{text('community.card.offline')}]" if facts["offline"] else ""
    judges = " · ".join(f"{plain(each['name'])} {number(each['total'])}" for each in facts["judges"])
    return [line for line in (" ".join(part for part in (f"**{total}**" if total else "", verdict, offline) if part),
                              f":small[:gray[{judges}]]" if judges else "") if line]


def _prediction(facts: Any) -> list[str]:
    genre = text(f"hit.genre.{facts['genre']}")
    if facts["score"] is None:
        why = text(f"hit.abstained.{facts['abstained']}") if facts["abstained"] else text("community.card.no_score")
        return [f"{genre} · :orange-badge[:material/help: {text('hit.abstained.title')}]", f":small[{why}]"]
    said = f"**{text('community.card.score', score=number(facts['score']))}**"
    if facts["low"] is not None and facts["high"] is not None:
        said += " " + text("community.card.interval", low=number(facts["low"]), high=number(facts["high"]))
    return [f"{genre} · {said}"]
