"""Pictures: from an upload to mood tags, from tags to songs; who may see which. Sharing is in `picture_sharing`."""

from __future__ import annotations

import io
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import config
import db
from accounts import Actor, require
from providers.base import Vision, VisionAnswer
from providers.registry import visions
from queries import auditions as usage
from queries import jobs as job_queries
from queries import pictures as queries
from recommender import CATEGORIES, Why, Wish, mood_of, vocabulary
from support import decoding
from support.errors import AppError, DataError, NotFound, ProviderError
from support.jobs import Progress
from usecases import hearing, jobs, picture_store
from usecases.mood_search import MoodSongs, find_songs
from usecases.picture_results import ImageTag, PictureSearch, PictureView, Recommendation
from usecases.results import JobView

log = logging.getLogger(__name__)
KIND = "picture"
STEPS = ("read", "check", "look", "keep")
"""What a picture goes through, as the job's note says it."""
LARGEST_PAGE = 60
MOST_WORDS = 300
"""Characters of free words."""


# --- from an upload to tags ---------------------------------------------------------------------------------------


def submit_picture(actor: Actor, data: bytes, *, song_id: int | None = None) -> JobView:
    """Have a picture read, checked, tagged and kept, in the background.

    The job's result is ``{"image": id, "known": bool}``; ``known`` says that the same file was tagged before. Its note
    is one of `STEPS`.

    Raises
    ------
    NotAllowed
        For viewers.
    """
    require(actor, "picture")

    def work(progress: Progress) -> dict[str, Any]:
        return _take_in(actor, data, song_id, progress)

    return jobs.submit(actor, KIND, work, {"bytes": len(data)})


def taggers(actor: Actor) -> tuple[str, ...]:
    """Return what looks at the next picture, in the order asked; the last is on this machine, all others are not.

    Raises
    ------
    DataError
        If a key, a model's name or an address cannot be used.
    """
    import image_tags  # 0.4 s with its model

    return *(f"{model.provider}:{model.model}" for model in _models()), image_tags.TAGGER


def jobs_ahead(actor: Actor, job_id: int) -> int:
    """Return how many pictures are to be looked at before that of a job, whoever sent them; 0 once it runs."""
    job = jobs.get_job(actor, job_id)
    if job is None or job.state != "queued":
        return 0
    with db.begin() as connection:
        return job_queries.ahead(connection, KIND, job_id)


def _take_in(actor: Actor, data: bytes, song_id: int | None, progress: Progress) -> dict[str, Any]:
    progress.report(0, len(STEPS), "read")
    picture = decoding.picture(data)
    with db.begin() as connection:
        known = queries.own(connection, actor.id, picture.sha256)
    if known is not None:
        if known[1]:
            raise DataError("picture.taken_down")
        return {"image": known[0], "known": True}
    progress.check()
    progress.report(1, len(STEPS), "check")
    image = _opened(picture.jpeg)
    from seeing.moderation import refuse_adult  # the model takes half a second to load

    refuse_adult(image)
    progress.check()
    progress.report(2, len(STEPS), "look")
    tagger, notes, tags, seen_before = _look(image, picture, progress)
    progress.check()
    progress.report(3, len(STEPS), "keep")
    row = {"owner_id": actor.id, "song_id": song_id, "sha256": picture.sha256, "format": picture.format,
           "width": picture.width, "height": picture.height, "tagger": tagger, "notes": notes}
    return {"image": _keep(row, picture.jpeg, tags), "known": seen_before}


def _keep(row: Mapping[str, Any], jpeg: bytes, tags: Sequence[Mapping[str, Any]]) -> int:
    """Store a picture with its tags and return its id; nothing is left in the bucket where that fails."""
    place = picture_store.put(row["sha256"], row["owner_id"], jpeg)
    try:
        with db.begin() as connection:
            image_id = queries.put(connection, {**row, **place})
            queries.put_tags(connection, image_id, tags)
    except AppError:
        picture_store.drop(place["object_key"])
        raise
    return image_id


def _opened(jpeg: bytes) -> Any:
    from PIL import Image

    with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as image:
        return image.convert("RGB")


def _look(image: Any, picture: decoding.Picture, progress: Progress,
          ) -> tuple[str, dict[str, Any], list[dict[str, Any]], bool]:
    """Return the tagger, its notes, the tags, and whether the same tagger had seen the same file before."""
    fallback: dict[str, Any] = {}
    for model in _models():
        name = f"{model.provider}:{model.model}"
        if (before := _before(picture.sha256, name)) is not None:
            return name, before[0], before[1], True
        try:
            hearing.check_budget()
            answer = model.look(picture.jpeg, vocabulary().categories, stopped=lambda: progress.cancelled)
        except ProviderError as error:
            log.warning("%s could not look at a picture: %s", name, error)
            _count_use(model.provider, model.model, error.values)
            fallback = fallback or {"fallback": {"code": error.code, "values": error.values}}
            continue
        _count_use(model.provider, model.model, asdict(answer))
        return name, fallback | {"dropped": answer.dropped}, _rows_of_answer(answer, name), False
    return _look_here(image, picture.sha256, fallback)


def _models() -> tuple[Vision, ...]:
    settings = config.load()
    return visions(settings.keys, models=settings.vision_models, base_urls=settings.base_urls)


def _look_here(image: Any, sha256: str, fallback: dict[str, Any],
               ) -> tuple[str, dict[str, Any], list[dict[str, Any]], bool]:
    import image_tags  # 0.4 s with its model

    if (before := _before(sha256, image_tags.TAGGER)) is not None:
        return image_tags.TAGGER, before[0] | fallback, before[1], True
    found = image_tags.suggest(image)
    notes = fallback | {"scenes": [{"name": scene.name, "confidence": round(scene.confidence, 3)}
                                   for scene in found.scenes],
                        "cues": {name: round(float(value), 3) for name, value in found.cues.items()}}
    rows = [{"tag": one.tag, "category": one.category, "weight": round(one.confidence, 3), "ground": one.ground,
             "confidence": round(one.confidence, 3), "why": one.why, "tagger": found.tagger} for one in found.tags]
    return found.tagger, notes, rows, False


def _before(sha256: str, tagger: str) -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
    with db.begin() as connection:
        return queries.known_tags(connection, sha256, tagger)


def _rows_of_answer(answer: VisionAnswer, tagger: str) -> list[dict[str, Any]]:
    return [{"tag": one.tag, "category": one.category, "weight": round(one.confidence, 3), "ground": one.ground,
             "confidence": round(one.confidence, 3), "why": "", "tagger": tagger} for one in answer.tags]


def _count_use(provider: str, model: str, billed: Mapping[str, Any]) -> None:
    if billed.get("input_tokens") is None and billed.get("output_tokens") is None:
        return
    with db.begin() as connection:
        usage.add_usage(connection, datetime.now(UTC).date(), provider, model, billed.get("input_tokens") or 0,
                        billed.get("output_tokens") or 0, billed.get("cost_usd") or 0.0)


# --- looking at pictures ------------------------------------------------------------------------------------------


def get_picture(actor: Actor, image_id: int) -> PictureView:
    """Return a picture that is the actor's or in the archive.

    Raises
    ------
    NotFound
        If there is none, or it is another's and not shared.
    """
    with db.begin() as connection:
        row = queries.get(connection, image_id)
    if row is None or not _visible(actor, row):
        raise NotFound("picture.gone")
    return _views(actor, [row])[0]


def picture_by_link(actor: Actor, token: str) -> PictureView:
    """Return the picture a link shows.

    Raises
    ------
    NotFound
        If the link was never there or has been taken back.
    """
    with db.begin() as connection:
        found = queries.by_token(connection, token)
        row = None if found is None else queries.get(connection, found)
    if row is None:
        raise NotFound("picture.link_gone")
    return _views(actor, [row])[0]


def picture_jpeg(actor: Actor, view: PictureView) -> bytes:
    """Return the JPEG of a picture that one of the functions here has given to the actor.

    Raises
    ------
    NotFound
        If it has been deleted or taken down.
    ProviderError
        If it is in a bucket that does not answer.
    """
    with db.begin() as connection:
        found = queries.pixels(connection, view.id)
    if found is None or found == (None, None):
        raise NotFound("picture.gone")
    return picture_store.read(*found)


def list_pictures(actor: Actor, *, limit: int = 12, offset: int = 0) -> list[PictureView]:
    """Return the actor's pictures, newest first."""
    with db.begin() as connection:
        rows = queries.of_owner(connection, actor.id, min(limit, LARGEST_PAGE), offset)
    return _views(actor, rows)


def archive(actor: Actor, *, tag: str | None = None, reported: bool = False, limit: int = 12, offset: int = 0,
            ) -> tuple[list[PictureView], int]:
    """Return a page of everyone's shared pictures, newest first, and how many there are.

    Parameters
    ----------
    tag : str, optional
        Only pictures with this tag.
    reported : bool
        Only those with open reports (administrators).

    Raises
    ------
    NotAllowed
    """
    if reported:
        require(actor, "moderate")
    with db.begin() as connection:
        rows, every = queries.shared(connection, tag, reported, min(limit, LARGEST_PAGE), offset)
    return _views(actor, rows), every


def archive_tags(actor: Actor) -> dict[str, int]:
    """Return the tags of the archive's pictures, most frequent first."""
    with db.begin() as connection:
        found = queries.shared_tags(connection)
    return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))


def _visible(actor: Actor, row: Mapping[str, Any]) -> bool:
    return row["owner_id"] == actor.id or (row["shared_at"] is not None and row["removed_at"] is None)


def _views(actor: Actor, rows: Sequence[Mapping[str, Any]]) -> list[PictureView]:
    ids = [row["id"] for row in rows]
    moderator = actor.role == "administrator"
    with db.begin() as connection:
        tags, searches = queries.tags(connection, ids), queries.last_search(connection, ids)
        reports = {one: queries.reports(connection, one) for one in ids} if moderator else {}
    return [_view(actor, row, tags[row["id"]], searches.get(row["id"]),
                  tuple(one["reason"] for one in reports.get(row["id"], ()))) for row in rows]


def _view(actor: Actor, row: Mapping[str, Any], tags: Sequence[Mapping[str, Any]],
          search: Mapping[str, Any] | None, reports: tuple[str, ...]) -> PictureView:
    own = row["owner_id"] == actor.id
    names = ("id", "owner", "song_id", "width", "height", "format", "tagger", "notes", "words", "created_at",
             "shared_at", "removed_at")
    shown = [ImageTag(**{name: tag[name] for name in ImageTag.__dataclass_fields__}) for tag in tags]
    return PictureView(**{name: row[name] for name in names}, own=own, token=row["token"] if own else None,
                       tags=tuple(shown), search=None if search is None else _search_of(search), reports=reports)


def _search_of(row: Mapping[str, Any]) -> PictureSearch:
    wish = row["wish"]
    songs = tuple(Recommendation(**{**{name: song[name] for name in Recommendation.__dataclass_fields__},
                                    "why": _why_of(song["why"]), "song_tags": tuple(song["song_tags"])})
                  for song in row["songs"])
    years = wish["years"] and (wish["years"][0], wish["years"][1])
    return PictureSearch(tuple(wish["genres"]), wish["count"], wish["seed"], wish["variety"], wish["weights"],
                         wish["words"], row["matches"], songs, tuple(wish["languages"]), years)


def _why_of(stored: Mapping[str, Any]) -> Why:
    return Why(tuple(stored["shared"]), tuple((str(a), str(b), float(c)) for a, b, c in stored["near"]),
               tuple(stored["against"]))


# --- tags and songs -----------------------------------------------------------------------------------------------


def weigh_tags(actor: Actor, image_id: int, weights: Mapping[str, float], words: str | None = None) -> PictureView:
    """Set what the songs are looked for by: the weight of each tag (0 takes it out), and free words.

    Tags that are not named keep their weight, a new one is added; words that are None stay as they are.

    Raises
    ------
    NotFound
    DataError
        If something is no tag, or a weight is not from -1 to 1, or there are too many words.
    """
    own_row(actor, image_id)
    known = vocabulary()
    wrong = [name for name, weight in weights.items() if name not in known or not -1 <= weight <= 1]
    if wrong:
        raise DataError("picture.tag", value=wrong[0], weight=weights[wrong[0]])
    if words is not None and len(words) > MOST_WORDS:
        raise DataError("picture.words", count=len(words), most=MOST_WORDS)
    with db.begin() as connection:
        queries.weigh(connection, image_id, weights, {name: known.category_of(name) for name in weights})
        if words is not None:
            queries.set_fields(connection, image_id, words=words.strip())
    return get_picture(actor, image_id)


def picture_songs(actor: Actor, image_id: int, *, genres: Sequence[str], count: int = 5, seed: int = 0,
                  variety: float = 0.0, languages: Collection[str] = (), years: tuple[int, int] | None = None,
                  left_out: Collection[int] = ()) -> PictureSearch:
    """Find songs for a picture's tags as they stand, store them, and return them (see `mood_search.find_songs`).

    Raises
    ------
    NotFound, DataError
    """
    own_row(actor, image_id)
    view = get_picture(actor, image_id)
    wish = Wish({tag.tag: tag.weight for tag in view.tags if tag.weight}, view.words)
    found = find_songs(actor, wish, genres=genres, count=count, seed=seed, variety=variety, languages=languages,
                       years=years, left_out=left_out)
    asked = {"genres": list(genres), "count": count, "seed": seed, "variety": variety, "words": view.words,
             "weights": {name: round(weight, 3) for name, weight in found.weights.items()},
             "languages": sorted(languages), "years": list(years) if years else None, "left_out": sorted(left_out)}
    rows = _rows_of(found)
    with db.begin() as connection:
        queries.put_search(connection, image_id, asked, found.matches, rows)
    return _search_of({"wish": asked, "matches": found.matches, "songs": rows})


def _rows_of(found: MoodSongs) -> list[dict[str, Any]]:
    return [{"rank": rank, "entry_id": hit.entry_id, "song_id": hit.song_id, "title": hit.title, "artist": hit.artist,
             "genre": hit.genre, "similarity": round(hit.similarity, 4), "best": hit.best, "why": asdict(hit.why),
             "song_tags": [tag for category in CATEGORIES for tag in hit.tags[category]]}
            for rank, hit in enumerate(found.hits, start=1)]


def picture_mood(view: PictureView) -> tuple[float, float] | None:
    """Return valence and arousal of a picture's tags, each -1 to 1; None where it has none."""
    return mood_of(tag.tag for tag in view.tags if tag.weight > 0)


def own_row(actor: Actor, image_id: int) -> dict[str, Any]:
    """Return the stored row of a picture of the actor's own.

    Raises
    ------
    NotFound
    """
    with db.begin() as connection:
        row = queries.get(connection, image_id)
    if row is None or row["owner_id"] != actor.id:
        raise NotFound("picture.gone")
    return row
