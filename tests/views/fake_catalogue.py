"""The part of the made-up services that is about the song catalogue: 45 songs, imports that end at once."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import pandas as pd

import accounts
from moods.vocabulary import vocabulary
from support.errors import NotFound
from usecases import catalogue, catalogue_results, results

MOMENT = datetime(2026, 1, 28, 3, 4, tzinfo=UTC)
SONGS = 45
REPORT = catalogue_results.ImportReport(
    3, "mine_1.csv", "done", 1_250, 1_200, 11, 20, 4, 9, 5, 1, {"감성": 17, "_x_": 2},
    (catalogue_results.CatalogueRefusal(7, "catalogue.row.genre", {"found": "R&B"}),), "local", MOMENT, MOMENT)


def entry(number: int) -> catalogue_results.CatalogueEntry:
    """Return a made-up song; every third one has no year, every fifth is sung in English."""
    names = vocabulary()
    tags = [names.names[number % 21], names.names[21 + number % 18], names.names[-1 - number % 4]]
    return catalogue_results.CatalogueEntry(
        number, number, "Mina_Lee" if number % 2 else "여울담", f"곡 {number:02d}", "" if number % 4 else "밤 *산책*",
        None if number % 3 == 0 else 1980 + number, list(names.genres)[number % 5],
        ("en", "ko", "ko", "", "zxx")[number % 5], names.sort(tags), "songs.csv", MOMENT, None, None)


class FakeCatalogue:
    """Songs and imports that a test can look at and change."""

    ImportReport, CatalogueEntry = catalogue_results.ImportReport, catalogue_results.CatalogueEntry
    tag_label = staticmethod(catalogue.tag_label)
    tag_categories = staticmethod(catalogue.tag_categories)
    genre_names = staticmethod(catalogue.genre_names)
    actor: accounts.Actor
    jobs: dict[int, results.JobView]
    _note: Any

    def set_catalogue(self) -> None:
        """Start with all songs and one import."""
        self.entries = {number: entry(number) for number in range(1, SONGS + 1)}
        self.imports = [REPORT]
        self.import_ends: dict[str, Any] = {"state": "done", "result": asdict(REPORT)}

    def catalogue_counts(self, actor: accounts.Actor) -> catalogue_results.CatalogueCounts:
        self._note("catalogue_counts", actor)
        rows, names = list(self.entries.values()), vocabulary()
        tags = [tag for row in rows for each in row.tags.values() for tag in each]
        years = [row.year for row in rows if row.year]
        languages = [row.language for row in rows]
        return catalogue_results.CatalogueCounts(
            len(rows), len(rows), sum(row.edited_at is not None for row in rows),
            {genre: sum(row.genre == genre for row in rows) for genre in names.genres},
            {tag: tags.count(tag) for tag in names.names},
            {code: languages.count(code) for code in dict.fromkeys(languages)},
            min(years, default=None), max(years, default=None))

    def _found(self, search: str = "", genres: Any = (), tags: Any = (), languages: Any = (), years: Any = None,
               sort: str = "artist") -> list[catalogue_results.CatalogueEntry]:
        first, last = years or (None, None)
        return [row for row in self.entries.values() if search.casefold() in f"{row.artist} {row.title}".casefold()
                and (not genres or row.genre in genres) and (not languages or row.language in languages)
                and set(tags) <= {tag for each in row.tags.values() for tag in each}
                and (years is None or (row.year is not None and (first or 0) <= row.year <= (last or 9999)))]

    def catalogue_page(self, actor: accounts.Actor, *, limit: int, offset: int,
                       **asked: Any) -> catalogue_results.CataloguePage:
        self._note("catalogue_page", actor, limit=limit, offset=offset, **asked)
        rows = self._found(**asked)
        return catalogue_results.CataloguePage(tuple(rows[offset:offset + limit]), len(rows))

    def catalogue_table(self, actor: accounts.Actor, **asked: Any) -> pd.DataFrame:
        self._note("catalogue_table", actor, **asked)
        return pd.DataFrame([[row.genre, row.title] for row in self._found(**asked)], columns=["장르", "곡명"])

    def edit_tags(self, actor: accounts.Actor, entry_id: int, tags: Any) -> catalogue_results.CatalogueEntry:
        self._note("edit_tags", actor, entry_id, tags)
        if entry_id not in self.entries:
            raise NotFound("catalogue.entry_gone")
        row = self.entries[entry_id]
        wanted = vocabulary().sort(tag for each in tags.values() for tag in each)
        if wanted != row.tags:
            self.entries[entry_id] = row = replace(row, tags=wanted, edited_at=MOMENT, edited_by=actor.name)
        return row

    def recent_imports(self, actor: accounts.Actor, limit: int = 20) -> list[catalogue_results.ImportReport]:
        self._note("recent_imports", actor)
        return self.imports[:limit]

    def submit_import(self, actor: accounts.Actor, name: str, data: bytes) -> results.JobView:
        self._note("submit_import", actor, name, data)
        return self._import_job()

    def resume_import(self, actor: accounts.Actor, import_id: int) -> results.JobView:
        self._note("resume_import", actor, import_id)
        return self._import_job()

    def _import_job(self) -> results.JobView:
        number = len(self.jobs) + 1
        job = results.JobView(number, "catalogue", "running", 500, 1_250, "mine_1.csv", 1, None, None, {}, MOMENT, None)
        self.jobs[number] = replace(job, **self.import_ends)
        return self.jobs[number]
