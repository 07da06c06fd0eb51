"""Training again from what has come in since: judged on playlists never trained on, and kept only if not worse.

Who is kept back is fixed by a playlist's key, a tenth of all: the old model and the new one are asked the same
questions about playlists that neither has seen. A playlist edited since is judged as it is now.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from playlisting.autoencoder import Watch
from playlisting.components import Embed
from playlisting.library import Playlist
from playlisting.model import LEAST, Options, evaluate, load, train
from playlisting.scoring import KINDS, Quality, Question, mask, share_of
from support.errors import DataError

log = logging.getLogger(__name__)
KEPT_BACK = 0.1
TOLERANCE = 0.002
"""Score by which a new model may fall short and still take the old one's place: it knows newer playlists."""


@dataclass(frozen=True, slots=True)
class Retrained:
    """What came of it.

    Attributes
    ----------
    kept_old : bool
        The new model was worse and is not stored.
    new : dict of str to Quality
        By kind of request, and ``all``.
    old : dict of str to Quality or None
        None where there was no old model that can be read.
    components : dict of str to Quality
        Each component of the new model alone.
    split : frozenset of str
        Keys of the playlists kept back.
    """

    kept_old: bool
    new: dict[str, Quality]
    old: dict[str, Quality] | None
    components: dict[str, Quality]
    split: frozenset[str]


def questions_of(playlists: Sequence[Playlist]) -> list[Question]:
    """Return the questions of the fixed split: of each playlist kept back, one of every kind it can give."""
    able = [each for each in playlists if share_of(each.key) < KEPT_BACK and len(each.songs) >= LEAST and each.title]
    return [question for each in able for kind in KINDS if (question := mask(each, kind)) is not None]


def retrain(playlists: Sequence[Playlist], folder: Path, embed: Embed | None = None,
            options: Options = Options(), watch: Watch | None = None) -> Retrained:  # noqa: B008
    """Train on all playlists but those kept back, compare with the model in `folder`, and store what is not worse.

    Writes ``metrics.json`` and ``CARD.md`` beside the arrays.

    Raises
    ------
    DataError
        ``playlist_model.few`` or ``.unjudged``: too few playlists to learn from, or to judge by.
    """
    split = questions_of(playlists)
    if not split:
        raise DataError("playlist_model.unjudged", playlists=len(playlists))
    model = train([each for each in playlists if share_of(each.key) >= KEPT_BACK], embed, options, watch)
    new, old = evaluate(model, split), _old(folder, embed, split)
    components = {name: evaluate(model, split, name)["all"] for name in model.components}
    if watch is not None:
        watch.check()
    result = Retrained(old is not None and new["all"].score < old["all"].score - TOLERANCE, new, old, components,
                       frozenset(each.request.key for each in split))
    if result.kept_old and old is not None:
        log.warning("the new playlist model scores %.4f, the old one %.4f: the old one stays", new["all"].score,
                    old["all"].score)
    else:
        model.save(folder, {"metrics.json": _metrics(result, len(split)), "CARD.md": card(result, model.facts)})
    return result


def card(result: Retrained, facts: Mapping[str, object]) -> str:
    """Return the model's card: what it is, what it learned from, how good it is."""
    rows = [_row(kind, each) for kind, each in result.new.items()]
    alone = [_row(name, each) for name, each in result.components.items()]
    head = ["| | questions | songs nDCG@100 | tags nDCG@10 | score |", "|---|---|---|---|---|"]
    return "\n".join([
        "# Playlist model", "",
        "From a title, songs and tags to more songs and tags: popularity, neighbours by songs, tags and titles, EASE",
        "and a denoising autoencoder, joined by learned weights (docs/adr/0017). Plain arrays, no code.", "",
        f"Learned from {facts['playlists']} playlists with {facts['songs']} songs, {facts['tags']} tags and "
        f"{facts['words']} words, seed {facts['seed']}.", "",
        f"Judged on {len(result.split)} playlists that are never trained on (a tenth of all, by key), by what is "
        "shown: S songs, T tags, N the title.", "", *head, *rows, "",
        "Each component alone, over all questions:", "", *head, *alone, ""])


def _row(name: str, each: Quality) -> str:
    return f"| {name} | {each.questions} | {each.songs:.4f} | {each.tags:.4f} | {each.score:.4f} |"


def _metrics(result: Retrained, count: int) -> str:
    def told(values: Mapping[str, Quality] | None) -> dict[str, dict[str, float | None]] | None:
        if values is None:
            return None
        return {name: {what: None if value != value else value for what, value in asdict(each).items()} | {
            "score": each.score} for name, each in values.items()}  # JSON has no nan

    return json.dumps({"questions": count, "playlists_kept_back": len(result.split), "new": told(result.new),
                       "old": told(result.old), "components": told(result.components)}, indent=1) + "\n"


def _old(folder: Path, embed: Embed | None, split: Sequence[Question]) -> dict[str, Quality] | None:
    try:
        return evaluate(load(folder, embed), split)
    except DataError as error:
        log.info("no old playlist model to compare with: %s", error)
        return None
