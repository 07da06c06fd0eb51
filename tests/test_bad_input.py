"""Made-up bad input through the product's own doors: nothing crashes, hangs, or is written where it does not belong.

120 pieces as part of the tests, 10,000 with ``MIS_SOAK=1`` (``make soak``). Jobs run at once, in the test's own thread, so
that an error nobody foresaw is seen.
"""

from __future__ import annotations

import logging
import os
import random
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import made_badly as bad
import pytest

import config
import db
import services
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from queries import jobs as job_queries
from support.errors import AppError
from usecases import jobs

ROOT = Path(__file__).parents[1]
COUNT = 10_000 if os.environ.get("MIS_SOAK") else 120
HANG_S = 5.0
"""Longer than this, and longer once more, is a hang: a busy machine stops any piece now and then."""
WARM = 50
"""Pieces after which every library is loaded."""
log = logging.getLogger(__name__)
SHARES = {"export": 40, "picture": 15, "audio": 15, "lyrics": 10, "title": 10, "archive": 10}


class Told:
    """Progress of a job that runs at once."""

    def report(self, done, total, note=""):
        pass

    def check(self):
        pass


@pytest.fixture
def at_once(clean, monkeypatch):
    """Let jobs run when they are submitted."""
    def submit(actor, kind, work, params=None, stored=None):
        with db.begin() as connection:
            row = job_queries.add(connection, kind, actor.id, jobs.own_process(), params or {})
        if stored is not None:
            stored(row["id"])
        work(Told())
        return SimpleNamespace(id=row["id"])

    monkeypatch.setattr(jobs, "submit", submit)
    return clean


def hand_in(kind, rng):
    """Give one piece of bad input to the door it belongs to."""
    if kind == "export":
        name, data = bad.export(rng)
        saved = services.save_uploads(ADMIN, [(name, data)])
        services.sync(ADMIN, names=[each.name for each in saved if each.saved])
    elif kind == "picture":
        services.submit_picture(ADMIN, bad.picture(rng))
    elif kind == "audio":
        name, data = bad.audio(rng)
        services.start_prediction(ADMIN, data, name=name, title=bad.text(rng, 3), genre=rng.choice(("POP", "x", "")),
                                  lyrics=rng.choice((None, bad.text(rng))))
    elif kind == "lyrics":
        data = bad.broken(rng, bad.text(rng, 200).encode("utf-8", "replace"))
        services.add_songs(ADMIN, rng.choice((data, bad.text(rng, 200))), name=bad.text(rng, 2))
        services.add_song(ADMIN, bad.text(rng, 2), bad.text(rng, 2), bad.text(rng, 300))
    elif kind == "title":
        _titles(bad.text(rng, rng.choice((1, 5, 60))))
    else:
        services.submit_prediction_batch(ADMIN, bad.archive(rng), name=bad.text(rng, 1))


def _titles(words):
    """Hand one text to every door that takes a title or a search; an error of one does not keep it from the others."""
    refused = None
    for door in (lambda: services.similar_playlists(ADMIN, words),
                 lambda: services.make_playlist(ADMIN, services.Ask(words), note=False),
                 lambda: services.new_dossier_song(ADMIN, words, words),
                 lambda: services.search_everything(ADMIN, words),
                 lambda: services.list_songs(ADMIN, search=words),
                 lambda: services.find_songs(ADMIN, services.Wish(text=words)),
                 lambda: services.read_bgm_caption(words, services.BgmWish()),
                 lambda: services.painting_prompt(ADMIN, words)):
        try:
            door()
        except AppError as error:
            refused = error
    if refused is not None:
        raise refused


def escaped(tmp_path):
    """Return files whose name says that they were to be written elsewhere, wherever they are."""
    data = config.load().data_dir
    places = [Path("/tmp"), Path.home(), ROOT, tmp_path, tmp_path.parent, data, data.parent, Path("/")]
    return sorted({str(path) for place in places if place.is_dir() for path in place.glob(f"*{bad.TOKEN}*")})


def _timed(kind, number):
    """Hand in one piece; return what became of it and the seconds it took."""
    start = time.monotonic()
    try:
        hand_in(kind, random.Random(number))
        outcome = "taken"
    except AppError as error:
        assert error.message("ko") and error.message("en")
        outcome = "refused"
    except Exception as error:  # what nobody foresaw: all of them in one report
        outcome = repr(error)[:200]
        log.warning("piece %s, %s", number, kind, exc_info=error)
    if (took := time.monotonic() - start) > HANG_S:
        log.warning("piece %s, %s: %.1f s", number, kind, took)
    return outcome, took


def test_nothing_crashes_hangs_or_escapes(at_once, tmp_path):
    outcomes: Counter[str] = Counter()
    slow, crashed = [], []
    before = escaped(tmp_path)
    kinds = random.Random(0).choices(list(SHARES), list(SHARES.values()), k=COUNT)
    for number, kind in enumerate(kinds):
        outcome, took = _timed(kind, number)
        if number > WARM and took > HANG_S:
            outcome, took = _timed(kind, number)
        outcomes[f"{kind} {outcome}"] += 1
        if outcome not in ("taken", "refused"):
            crashed.append((number, kind, outcome))
        if number > WARM and took > HANG_S:
            slow.append((number, kind, round(took, 1)))
    assert (crashed, slow) == ([], [])
    assert escaped(tmp_path) == before
    assert all(outcomes[f"{kind} refused"] for kind in SHARES if kind != "export"), outcomes
    reasons = set(services.rejected_rows(ADMIN)["reason"]) | {each.reason for each in services.list_files(ADMIN)}
    assert len(reasons - {None}) > 3, "exports are refused by row and by file, each for its own reason"
