"""Songs of a list for mood tags on Spark: `usecases.mood_search` where the list is too large for one machine's memory.

Each part holds its own songs as the search does, and gives its best for a wish; the best of all parts are chosen among
by the search's own code. So the answer is the one that a single process with the whole list in memory gives. No
database is needed: what is searched is the list itself.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pipelines import _spark
from pipelines.catalogue import in_order, tagged
from recommender import Aim, Filters, Ranked, Rows, Songs, Wish, choose, overlaps, space, vocabulary, words_of
from support.errors import DataError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

log = logging.getLogger(__name__)
FOUND = "id long, artist_id long, score double, mask string, artist string, title string, genre string"
NAMES = ("artist", "title", "genre")


def recommend(spark: SparkSession, path: Path, wish: Wish, *, genres: Sequence[str] = (), count: int = 5,
              seed: int = 0, variety: float = 0.0, parts: int | None = None) -> dict[str, Any]:
    """Return songs of a list for a wish.

    Parameters
    ----------
    spark : SparkSession
    path : Path
        A list of songs as `pipelines.catalogue` takes it, under the same path on all machines.
    wish : Wish
    genres, count, seed, variety
        See `recommender.choose`.
    parts : int, optional

    Returns
    -------
    dict
        ``songs``: ``artist, title, genre, similarity, best``; ``matches``: artists with a matching song, counted no
        further than was needed; ``searched``: songs in the list.

    Raises
    ------
    DataError
        If nothing is wished for, or a genre is not known.
    FileRefused
        If the list cannot be read.
    """
    unknown = [name for name in genres if name not in vocabulary().genres]
    if unknown:
        raise DataError("mood.genres", value=", ".join(unknown), most=3, accepted=", ".join(vocabulary().genres))
    aim = space().aim(wish)
    if not aim.vector.any():
        raise DataError("mood.nothing", value=wish.text.strip()[:60] or "–")
    songs = in_order(tagged(spark, path, parts)).where("state = 'row'").select(
        "number", "artist", "title", "genre", "language", "year", "mask", "norm_artist").persist()
    try:
        spread = _Spread(songs)
        chosen = choose(spread, space(), aim, genres=genres, count=count, seed=seed, variety=variety)
        found = zip(chosen.ids.tolist(), chosen.scores.tolist(), strict=True)
        told = [spread.names[number] | {"similarity": round(min(1.0, score), 6), "best": place < chosen.best}
                for place, (number, score) in enumerate(found)]
        return {"songs": told, "matches": chosen.matches, "searched": songs.count()}
    finally:
        songs.unpersist()


class _Spread:
    """Songs in the parts of a data frame (see `recommender.Ranker`)."""

    def __init__(self, songs: DataFrame) -> None:
        self._songs = songs
        self.names: dict[int, dict[str, str]] = {}

    def ranked(self, aim: Aim, k: int, genre: str | None, filters: Filters) -> Ranked:
        """Return the `k` best songs of a genre (None: of all) among the best of every part."""
        rows = self._songs.mapInPandas(_best(aim, k, genre, filters), FOUND).collect()
        self.names |= {row.id: {name: row[name] for name in NAMES} for row in rows}
        masks = words_of([int(row.mask, 16) for row in rows])
        ids = np.array([row.id for row in rows], np.int64)
        scores = np.array([row.score for row in rows], np.float64)
        places = {name: place for place, name in enumerate(vocabulary().genres)}
        genres = np.array([places.get(row.genre, len(places)) for row in rows], np.int64)
        # as in memory: of equal songs those of an earlier genre, then those that were there earlier
        order = np.lexsort((ids, genres, -overlaps(masks, aim.wanted).astype(int), -np.round(scores, 9)))[:k]
        artists = np.array([row.artist_id for row in rows], np.int64)
        return Ranked(ids[order], artists[order], scores[order], masks[order])


def _best(aim: Aim, k: int, genre: str | None, filters: Filters,
          ) -> Callable[[Iterator[pd.DataFrame]], Iterator[pd.DataFrame]]:
    """Return what gives the best songs of a part."""
    def best(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        rows = pd.concat([pd.DataFrame(), *batches], ignore_index=True)
        if not len(rows):
            return
        found = Songs(rows_of(rows), space()).ranked(aim, k, genre, filters)
        own = rows.set_index("number").loc[found.ids]
        yield pd.DataFrame({"id": found.ids, "artist_id": found.artists, "score": found.scores,
                            "mask": own["mask"].to_numpy(), **{name: own[name].to_numpy() for name in NAMES}})
    return best


def rows_of(rows: pd.DataFrame) -> Rows:
    """Return tagged rows as the search holds them; a row's number is its id, an artist's a digest of the name."""
    artists = np.array([artist_number(name) for name in rows["norm_artist"]], np.int64)
    years = rows["year"].fillna(0).to_numpy(np.int16)
    return Rows(rows["number"].to_numpy(np.int64), artists, rows["genre"].to_numpy().astype(str),
                rows["language"].to_numpy().astype(str), years, words_of([int(mask, 16) for mask in rows["mask"]]))


def artist_number(name: str) -> int:
    """Return a number below 2**63 that only the name decides: parts know nothing of each other's artists."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest()) >> 1


def _wish(text: str) -> Wish:
    """Return the wish of ``{"tags": {NAME: WEIGHT}, "text": "..."}``."""
    try:
        tree = json.loads(text)
        tags = {str(name): float(weight) for name, weight in tree.get("tags", {}).items()}
        if not all(map(math.isfinite, tags.values())):
            raise ValueError(text)
        return Wish(tags, str(tree.get("text", "")))
    except (ValueError, TypeError, AttributeError) as error:
        raise DataError("pipelines.wish", value=text[:200], example='{"tags": {"밤": 1.0}}') from error


def main(argv: Sequence[str] | None = None) -> None:
    """Run the job; its last line is the songs as JSON."""
    parser = _spark.arguments(__doc__ or "")
    parser.add_argument("file", type=Path, help="CSV or Parquet: title, artist, genre, tags")
    parser.add_argument("--wish", required=True, help='JSON: {"tags": {"NAME": WEIGHT}, "text": "free words"}')
    parser.add_argument("--genre", action="append", default=[], help="up to three times")
    parser.add_argument("--count", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--variety", type=float, default=0.0)
    chosen = parser.parse_args(argv)
    _spark.log_progress()
    wish = _wish(chosen.wish)
    spark = _spark.session("recommend", chosen.master)
    found = recommend(spark, chosen.file, wish, genres=chosen.genre, count=chosen.count, seed=chosen.seed,
                      variety=chosen.variety, parts=chosen.parts)
    _spark.told({"pipeline": "recommend", **found})


if __name__ == "__main__":
    main()
