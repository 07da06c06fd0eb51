"""The song catalogue: imports in the background, counts, pages, export, tags edited by hand."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

import config
import db
from accounts import Actor, require
from data_processing import CATALOGUE_COLUMNS, CATALOGUE_READER, digest_of, fold, printable
from moods.meaning import space
from moods.vocabulary import CATEGORIES, vocabulary, words_of
from queries import catalogue as queries
from queries import people
from support.errors import AppError, DataError, FileRefused, NotFound
from support.jobs import Progress
from usecases import jobs
from usecases.catalogue_import import STARTER, import_catalogue, report_of
from usecases.catalogue_results import CatalogueCounts, CatalogueEntry, CataloguePage, ImportReport
from usecases.outages import outlast
from usecases.results import JobView

CATALOGUE_SORTS = tuple(queries.SORTS)
LARGEST_PAGE = 500
MOST_WORDS = 10
"""Words of a search that are looked at."""
KEPT_DAYS = 7
"""Days an upload is kept whose import was cut short, so that it can go on."""
_EXPORTED = ("genre", "title", "artist", "album", "year", "language", *CATEGORIES)
"""As `queries.catalogue.table` gives them."""
Years = tuple[int | None, int | None]


# --- imports ------------------------------------------------------------------------------------------------------


def submit_import(actor: Actor, name: str, data: bytes | memoryview | Path) -> JobView:
    """Import a file in the background; the job's result is the report.

    Parameters
    ----------
    actor : Actor
        Needs the right to ``import``.
    name : str
        Of the file, as shown.
    data : bytes or Path
        An upload, which is kept until it is imported to its end, or a file that stays where it is.

    Raises
    ------
    NotAllowed, FileRefused, AppError
    """
    require(actor, "import")
    jobs.interrupt_dead()
    path = data if isinstance(data, Path) else _keep(data)

    def work(progress: Progress) -> dict[str, Any]:
        try:
            report = outlast(lambda: import_catalogue(actor, path, name=printable(name), progress=progress), progress)
        except FileRefused:
            _forget(path)  # it would be refused again
            raise
        _forget(path)
        return asdict(report)

    return jobs.submit(actor, "catalogue", work, {"name": name})


def resume_import(actor: Actor, import_id: int) -> JobView:
    """Go on with an import that was cut short.

    Raises
    ------
    NotAllowed, NotFound
        If there is no such import, it has ended, or its file is no longer kept.
    """
    require(actor, "import")
    with db.begin() as connection:
        row = next((row for row in queries.imports(connection, 1000) if row["id"] == import_id), None)
    path = _kept(row) if row else None
    if row is None or path is None:
        raise NotFound("catalogue.import_gone")
    return submit_import(actor, row["name"], path)


def submit_starter(actor: Actor) -> JobView | None:
    """Import the catalogue that comes with the product, unless this very file was imported before.

    Returns
    -------
    JobView or None
        None: there is nothing to do.

    Raises
    ------
    NotAllowed
    """
    require(actor, "import")
    if not STARTER.is_file():
        return None
    with db.begin() as connection:
        known = queries.was_imported(connection, digest_of(STARTER), CATALOGUE_READER)
    return None if known else submit_import(actor, STARTER.name, STARTER)


def recent_imports(actor: Actor, limit: int = 20) -> list[ImportReport]:
    """Return the newest imports, newest first."""
    with db.begin() as connection:
        rows = queries.imports(connection, limit)
    return [report_of(row, resumable=_kept(row) is not None) for row in rows]


def _folder() -> Path:
    return config.load().data_dir / "imports"


def _keep(data: bytes | memoryview) -> Path:
    """Write an upload into the data folder, whole or not at all."""
    limit = config.load().upload_limit_mb
    if len(data) > limit * 1_000_000:
        raise FileRefused("catalogue.large", size_mb=round(len(data) / 1e6), limit_mb=limit)
    path = _folder() / hashlib.sha256(data).hexdigest()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _drop_old(path.parent)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(data)
        os.replace(file.name, path)
    except OSError as error:
        raise AppError("not_saved", detail=error.strerror or str(error)) from error
    return path


def _drop_old(folder: Path) -> None:
    for path in folder.iterdir():
        if path.stat().st_mtime < time.time() - KEPT_DAYS * 86_400:
            path.unlink(missing_ok=True)


def _forget(path: Path) -> None:
    if path.parent == _folder():
        path.unlink(missing_ok=True)


def _kept(row: Mapping[str, Any]) -> Path | None:
    """Return the file of an import that was cut short, if it is still there."""
    if row["state"] in ("done", "running"):
        return None
    path = _folder() / row["sha256"]
    if path.is_file():
        return path
    return STARTER if STARTER.is_file() and digest_of(STARTER) == row["sha256"] else None


# --- counts and pages ---------------------------------------------------------------------------------------------


def catalogue_version() -> int:
    """Return a number that rises with every change of the catalogue; 0: nothing was ever stored."""
    with db.begin() as connection:
        return queries.version(connection)


def catalogue_counts(actor: Actor) -> CatalogueCounts:
    """Return how much is in the catalogue; counted once for each version."""
    return _counts(catalogue_version())


@lru_cache(maxsize=2)
def _counts(version: int) -> CatalogueCounts:
    with db.begin() as connection:
        found = queries.counts(connection)
    names = vocabulary()
    languages = dict(sorted(found["languages"].items(), key=lambda each: (-each[1], each[0])))
    return CatalogueCounts(found["songs"], found["entries"], found["edited"],
                           {genre: found["genres"].get(genre, 0) for genre in names.genres},
                           {tag: found["tags"].get(tag, 0) for tag in names.names}, languages,
                           found["first_year"], found["last_year"])


def catalogue_page(actor: Actor, *, search: str = "", genres: Sequence[str] = (), tags: Sequence[str] = (),
                   languages: Sequence[str] = (), years: Years | None = None, sort: str = "artist", limit: int = 25,
                   offset: int = 0) -> CataloguePage:
    """Return a page of the catalogue.

    Parameters
    ----------
    actor : Actor
    search : str
        Words that must all be in title, artist or album, each as a part of a word or more.
    genres, languages : sequence of str
        Entries of any of them; none: of all.
    tags : sequence of str
        Entries that have all of them.
    years : tuple of (int or None, int or None), optional
        First and last year, both included; an entry without a year is then left out.
    sort : str
        One of `CATALOGUE_SORTS`.
    limit, offset : int

    Raises
    ------
    DataError
        If there is no such order.
    """
    filters = _filters(search, genres, tags, languages, years)
    with db.begin() as connection:
        rows = queries.page(connection, filters, _sort(sort), max(1, min(limit, LARGEST_PAGE)), max(0, offset))
        count = queries.count(connection, filters) if filters != queries.Filters() else None
    count = catalogue_counts(actor).entries if count is None else count
    return CataloguePage(tuple(map(_entry, rows)), count)


def catalogue_table(actor: Actor, *, search: str = "", genres: Sequence[str] = (), tags: Sequence[str] = (),
                    languages: Sequence[str] = (), years: Years | None = None, sort: str = "artist") -> pd.DataFrame:
    """Return all that `catalogue_page` has on its pages, with headers that an import takes, tags parted by ``|``."""
    with db.begin() as connection:
        rows = queries.table(connection, _filters(search, genres, tags, languages, years), _sort(sort))
    headers = [CATALOGUE_COLUMNS[name][0] for name in _EXPORTED]
    year = CATALOGUE_COLUMNS["year"][0]
    return pd.DataFrame(rows, columns=headers).astype({year: "Int64"})


def catalogue_entry(actor: Actor, entry_id: int) -> CatalogueEntry:
    """Return an entry.

    Raises
    ------
    NotFound
    """
    with db.begin() as connection:
        row = queries.entry(connection, entry_id)
    if row is None:
        raise NotFound("catalogue.entry_gone")
    return _entry(row)


def _filters(search: str, genres: Sequence[str], tags: Sequence[str], languages: Sequence[str],
             years: Years | None) -> queries.Filters:
    words = tuple(dict.fromkeys(fold(search).replace("\0", "").split()))[:MOST_WORDS]
    for tag in tags:
        _known(tag)
    first, last = years or (None, None)
    return queries.Filters(words, tuple(genres), vocabulary().sort(tags) if tags else None, tuple(languages),
                           first, last)


def _sort(name: str) -> str:
    if name not in CATALOGUE_SORTS:
        raise DataError("catalogue.sort", value=name, accepted=", ".join(CATALOGUE_SORTS))
    return name


def _entry(row: Mapping[str, Any]) -> CatalogueEntry:
    values = {name: row[name] for name in CatalogueEntry.__dataclass_fields__ if name != "tags"}
    return CatalogueEntry(**values, tags={category: tuple(row[category]) for category in CATEGORIES})


# --- editing ------------------------------------------------------------------------------------------------------


def edit_tags(actor: Actor, entry_id: int, tags: Mapping[str, Sequence[str]]) -> CatalogueEntry:
    """Give an entry other tags, and the vector that follows from them; imports leave it alone from then on.

    Parameters
    ----------
    actor : Actor
        Needs the right to ``catalogue``.
    entry_id : int
    tags : mapping of str to sequence of str
        All its tags by category; a category that is absent has none.

    Returns
    -------
    CatalogueEntry
        As it is now; where nothing differs, nothing is written.

    Raises
    ------
    NotAllowed, NotFound, DataError
        If a tag is unknown or of another category, or there is none at all.
    """
    require(actor, "catalogue")
    wanted = _checked(tags)
    with db.begin() as connection:
        row = queries.entry(connection, entry_id) if queries.lock_entry(connection, entry_id) else None
        if row is None:
            raise NotFound("catalogue.entry_gone")
        before = _entry(row)
        if before.tags == wanted:
            return before
        mask = vocabulary().mask(tag for each in wanted.values() for tag in each)
        vector = space().songs(words_of([mask]))[0]
        queries.put_tags(connection, entry_id, wanted, vector.tolist(), space().key, actor.id)
        people.record_act(connection, actor.id, "edit_tags", f"{before.artist} - {before.title} ({before.genre})",
                          entry=entry_id, before=before.tags, after=wanted)
    return catalogue_entry(actor, entry_id)


def _checked(tags: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    for category, names in tags.items():
        for name in names:
            if _known(name) != category:
                raise DataError("catalogue.tag_category", tag=name, category=category)
    wanted = vocabulary().sort(name for names in tags.values() for name in names)
    if not any(wanted.values()):
        raise DataError("catalogue.no_tags")
    return wanted


def _known(tag: str) -> str:
    """Return a tag's category."""
    if tag not in vocabulary():
        raise DataError("catalogue.tag", tag=tag)
    return vocabulary().category_of(tag)


# --- names --------------------------------------------------------------------------------------------------------


def tag_label(name: str, lang: str) -> str:
    """Return how a tag or a genre is written in `lang`."""
    return vocabulary().label(name, lang)


def tag_categories() -> dict[str, tuple[str, ...]]:
    """Return the tags of each category."""
    return vocabulary().categories


def genre_names() -> tuple[str, ...]:
    """Return the genres."""
    return tuple(vocabulary().genres)
