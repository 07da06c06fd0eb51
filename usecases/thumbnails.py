"""Thumbnails of a title: painted by code in variants, or by a model where one is configured; in the background."""

from __future__ import annotations

import io
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

import artwork
import config
import db
from accounts import Actor, require
from moods import words
from moods.prompts import Prompt, image_prompt, read_translation, translation_request
from painting.planning import planned
from providers.base import ChatRequest, Painter
from providers.registry import painters
from queries import auditions as usage
from queries import people
from queries import playlists as queries
from support import decoding
from support.errors import AppError, DataError, NotFound, ProviderError
from support.jobs import Progress
from usecases import chat, hearing, jobs
from usecases.playlist_library import check_title
from usecases.results import JobView

log = logging.getLogger(__name__)
VARIANTS = 4
MOST_SEED = 2**31 - 1
BY_CODE = "artwork"


@dataclass(frozen=True, slots=True)
class ThumbnailView:
    """A thumbnail as it was stored.

    Attributes
    ----------
    id : int
    title : str
    painter : str
        ``artwork``, or provider and model.
    seed : int
    plan : dict
        Scene, palette, style, layout and the rest; for a model also its prompt.
    kind : str
        ``png`` or ``jpeg``.
    facts : dict
        ``contrast``, ``left_out`` (characters no font has), ``bytes``, ``cost_usd``.
    song_id : int or None
        The song it belongs to.
    """

    id: int
    title: str
    painter: str
    seed: int
    plan: Mapping[str, Any]
    kind: str
    facts: Mapping[str, Any]
    song_id: int | None = None


@dataclass(frozen=True, slots=True)
class PainterView:
    """A model that paints and can be chosen: its place in the list, service and name."""

    place: int
    provider: str
    model: str


def submit_thumbnails(actor: Actor, title: str, *, tags: Mapping[str, float] | None = None, seed: int = 0,
                      playlist_id: int | None = None, song_id: int | None = None, kind: str = "JPEG") -> JobView:
    """Paint `VARIANTS` thumbnails of a title by code; the job's result is ``{"pictures": [id, ...]}``.

    Parameters
    ----------
    tags : mapping of str to float, optional
        Moods with weights; by default what the title says.
    seed : int
        Another one paints other pictures.
    kind : str
        JPEG or PNG.

    Raises
    ------
    NotAllowed
    DataError
        If the title is empty or too long, or the kind is neither.
    """
    require(actor, "playlist")
    tidy = check_title(title)
    if kind not in ("JPEG", "PNG"):
        raise DataError("playlist.kind", value=kind, accepted="JPEG, PNG")
    _check_place(actor, playlist_id, song_id)

    def work(progress: Progress) -> dict[str, Any]:
        moods = dict(tags) if tags is not None else words.tags_of(tidy, config.load().embedding_model)
        made = []
        for place, plan in enumerate(planned(tidy, moods, VARIANTS, seed)):
            progress.check()
            progress.report(place, VARIANTS, "paint")
            found = artwork.thumbnail(tidy, plan, kind=kind)
            made.append(_keep(actor, tidy, found, BY_CODE, seed, playlist_id, song_id, {}))
        progress.report(VARIANTS, VARIANTS, "paint")
        return {"pictures": made}

    return jobs.submit(actor, "thumbnail", work, {"title": tidy})


def _check_place(actor: Actor, playlist_id: int | None, song_id: int | None = None) -> None:
    """Refuse a thumbnail for a playlist of another, or for a song that is gone."""
    with db.begin() as connection:
        row = None if playlist_id is None else queries.get(connection, playlist_id)
        if playlist_id is not None and (row is None or row["owner_id"] != actor.id):
            raise NotFound("playlist.gone")
        if song_id is not None and song_id not in queries.song_names(connection, [song_id]):
            raise NotFound("playlist.song_gone")


def _keep(actor: Actor, title: str, found: artwork.Thumbnail, painter: str, seed: int, playlist_id: int | None,
          song_id: int | None, more: Mapping[str, Any]) -> int:
    facts = {"contrast": found.contrast, "left_out": list(found.left_out), "bytes": len(found.data),
             "font_size": found.font_size, **more}
    with db.begin() as connection:
        return queries.put_picture(connection, {
            "owner_id": actor.id, "playlist_id": playlist_id, "song_id": song_id, "title": title, "seed": seed,
            "painter": painter, "plan": {"plan": asdict(found.plan), "facts": facts}, "kind": found.kind.lower(),
            "picture": found.data})


# --- by a model ---------------------------------------------------------------------------------------------------


def list_painters(actor: Actor) -> list[PainterView]:
    """Return the models that are configured, in the order they should be offered; none without key or folder.

    Raises
    ------
    DataError
        If a setting of one of them cannot be used.
    """
    return [PainterView(place, one.provider, one.model) for place, one in enumerate(_painters())]


def _painters() -> tuple[Painter, ...]:
    settings = config.load()
    return painters(settings.keys, models=settings.image_models, base_urls=settings.base_urls,
                    diffusion_model=settings.diffusion_model)


def painting_prompt(actor: Actor, title: str, tags: Mapping[str, float] | None = None) -> tuple[Prompt, str | None]:
    """Return the prompt for a title, to be edited, and how its subject came about.

    Returns
    -------
    tuple of (Prompt, str or None)
        None: the title was translated by a language model or is English already. Otherwise the code of the reason why
        the nearest English mood words stand for it: no key, or what failed.
    """
    tidy = check_title(title)
    try:
        return image_prompt(tidy, tags, None if tidy.isascii() else _translated(tidy)), None
    except AppError as error:
        if not isinstance(error, DataError):
            log.warning("A title was not translated: %s", error)
        return image_prompt(tidy, tags), error.code


def _translated(title: str) -> str:
    models = chat.writers()
    if not models:
        raise ProviderError("painter.no_translator")
    request = translation_request(title)
    return read_translation(chat.say(models[0], ChatRequest(request.system, request.user, None, request.temperature,
                                                            request.max_tokens)))


def _count_cost(provider: str, model: str, cost_usd: float | None) -> None:
    if cost_usd:
        with db.begin() as connection:
            usage.add_usage(connection, datetime.now(UTC).date(), provider, model, 0, 0, cost_usd)


def submit_painting(actor: Actor, title: str, place: int, prompt: Prompt, *, seed: int | None = None,
                    tags: Mapping[str, float] | None = None, playlist_id: int | None = None) -> JobView:
    """Have a model paint a thumbnail; the title is set in type afterwards. One painting at a time, others wait.

    The job reports steps; its note is ``steps``, or ``unknown`` where the service does not say how many there are.

    Raises
    ------
    NotAllowed
    DataError
        If there is no such model, or the title cannot be used.
    """
    require(actor, "playlist")
    tidy, all_painters = check_title(title), _painters()
    if not 0 <= place < len(all_painters):
        raise DataError("playlist.painter", value=place, accepted=len(all_painters))
    painter = all_painters[place]
    _check_place(actor, playlist_id)

    def work(progress: Progress) -> dict[str, Any]:
        return _paint(actor, tidy, painter, prompt, seed, dict(tags or {}), playlist_id, progress)

    return jobs.submit(actor, "painting", work, {"title": tidy})


def _paint(actor: Actor, title: str, painter: Painter, prompt: Prompt, seed: int | None, tags: Mapping[str, float],
           playlist_id: int | None, progress: Progress) -> dict[str, Any]:
    from PIL import Image

    if painter.provider != "diffusion":
        hearing.check_budget()

    def told(done: int, total: int) -> None:
        progress.report(done, total, "steps" if total else "unknown")

    try:
        found = painter.paint(prompt.text, prompt.negative, seed=seed, progress=told,
                              stopped=lambda: progress.cancelled)
    except ProviderError as error:  # a service may bill what it did not deliver
        _count_cost(painter.provider, painter.model, error.values.get("cost_usd"))
        raise
    _count_cost(found.provider, found.model, found.cost_usd)
    safe = decoding.picture(found.image)
    with Image.open(io.BytesIO(safe.jpeg), formats=["JPEG"]) as image:
        made = artwork.thumbnail(title, artwork.plan(title, tags, seed or 0), picture=image.convert("RGB"))
    more = {"cost_usd": found.cost_usd, "prompt": prompt.text, "negative": prompt.negative,
            "revised_prompt": found.revised_prompt, "painted_width": found.width, "painted_height": found.height}
    picture = _keep(actor, title, made, f"{found.provider}:{found.model}", found.seed or 0, playlist_id, None, more)
    return {"pictures": [picture]}


# --- looking ------------------------------------------------------------------------------------------------------


def get_thumbnails(actor: Actor, picture_ids: list[int]) -> list[ThumbnailView]:
    """Return thumbnails of the actor, in the order asked; those that are gone or another's are left out."""
    with db.begin() as connection:
        rows = [queries.picture(connection, one) for one in picture_ids]
    return [_view(row) for row in rows if row is not None and row["owner_id"] == actor.id]


def list_thumbnails(actor: Actor, playlist_id: int, token: str | None = None) -> list[ThumbnailView]:
    """Return the thumbnails of a playlist, newest first: the actor's own, or all where its link's `token` is given."""
    with db.begin() as connection:
        row = queries.get(connection, playlist_id) if token is not None else None
        linked = row is not None and row["token"] == token
        return [_view(one) for one in queries.pictures(connection, playlist_id)
                if linked or one["owner_id"] == actor.id]


def thumbnail_bytes(actor: Actor, picture_id: int, token: str | None = None) -> bytes:
    """Return a thumbnail's file: of the actor, or of a playlist whose link's `token` is given.

    Raises
    ------
    NotFound
    """
    with db.begin() as connection:
        row = queries.picture(connection, picture_id)
    if row is None or (row["owner_id"] != actor.id and (token is None or row["token"] != token)):
        raise NotFound("playlist.picture_gone")
    return bytes(row["picture"])


def playlist_card(actor: Actor, title: str, tags: Sequence[str], songs: Sequence[tuple[str, str, str]],
                  picture_id: int, lang: str) -> bytes:
    """Return a PNG to keep: the thumbnail, the title, its tags and the songs.

    Parameters
    ----------
    tags : sequence of str
        As they are shown.
    songs : sequence of (str, str, str)
        Title, artist and why it is there.
    picture_id : int
        A thumbnail of the actor.

    Raises
    ------
    NotFound
        If the thumbnail is gone or another's.
    """
    rows = [artwork.Song(name, artist, None, why) for name, artist, why in songs]
    return artwork.card(thumbnail_bytes(actor, picture_id), title, tags, rows, lang)


def keep_thumbnails(actor: Actor, picture_ids: list[int], playlist_id: int) -> None:
    """Let thumbnails of the actor belong to a playlist of theirs.

    Raises
    ------
    NotFound
        If the playlist is another's.
    """
    with db.begin() as connection:
        row = queries.get(connection, playlist_id)
        if row is None or row["owner_id"] != actor.id:
            raise NotFound("playlist.gone")
        queries.adopt_pictures(connection, actor.id, picture_ids, playlist_id)


def choose_thumbnail(actor: Actor, picture_id: int, playlist_id: int) -> None:
    """Let one thumbnail stand for a playlist of the actor, until it is saved again.

    Raises
    ------
    NotFound
        If the playlist is another's.
    """
    with db.begin() as connection:
        row = queries.get(connection, playlist_id)
        if row is None or row["owner_id"] != actor.id:
            raise NotFound("playlist.gone")
        queries.choose_picture(connection, playlist_id, picture_id)


def delete_thumbnail(actor: Actor, picture_id: int) -> None:
    """Delete one's own thumbnail.

    Raises
    ------
    NotFound
    """
    thumbnail_bytes(actor, picture_id)
    with db.begin() as connection:
        queries.delete_picture(connection, picture_id)
        people.record_act(connection, actor.id, "delete", f"thumbnail {picture_id}")


def _view(row: Mapping[str, Any]) -> ThumbnailView:
    return ThumbnailView(row["id"], row["title"], row["painter"], row["seed"], row["plan"]["plan"], row["kind"],
                         row["plan"]["facts"], row.get("song_id"))


def edited(prompt: Prompt, **fields: str) -> Prompt:
    """Return a prompt with some of its fields as the user wrote them."""
    return replace(prompt, **fields)
