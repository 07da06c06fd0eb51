"""Work that is killed in the middle, in a process of its own: run as ``python tests/faulty.py DO KIND``.

``prepare`` fills a new data folder; ``run`` begins the work and says on stdout when it is in the middle, then how it
ended; ``again`` starts the product as after a crash and says what it finds, takes the work up again and says how that
ended. Every line is JSON. Where everything is, the environment says (``MIS_DATA_DIR``, ``MIS_CMDATA_DIR``).
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from sqlalchemy import text

import config
import db
import services
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from support.errors import AppError

FILES, DAYS, SONGS, ENTRIES, PLAYLISTS = 250, 300, 8, 12_000, 60
COUNTS = {
    "sync": "SELECT (SELECT count(*) FROM daily_metrics), (SELECT count(*) FROM sync_files WHERE state = 'imported')",
    "import": "SELECT count(*) FROM catalogue_entries",
    "audition": "SELECT count(*) FROM auditions WHERE state = 'done' AND total IS NOT NULL",
    "training": "SELECT count(*), (SELECT count(*) FROM audit_log WHERE action = 'train') FROM playlists",
}
WHOLE = {"sync": [FILES * DAYS, FILES], "import": [ENTRIES], "audition": [SONGS]}
WORDS = ("window", "harbour", "morning", "river", "lantern", "station", "garden", "winter", "letter", "shadow", "engine",
         "pepper", "mountain")
WAIT_S = 400  # on a busy machine
LEARNING = ("ease", "autoencoder", "weights")
"""What a training says it is at in its middle."""
PLACES = ("카페", "운동", "드라이브", "공부", "산책")


def say(**what: Any) -> None:
    """Write a line of JSON."""
    sys.stdout.write(json.dumps(what, default=str) + "\n")
    sys.stdout.flush()


def prepare(kind: str) -> None:
    """Bring up the database and whatever the work needs."""
    services.start(sample=False)
    if kind == "sync":
        lines = ["date,value", *(f"{time.strftime('%Y-%m-%d', time.gmtime(1.7e9 + 86_400 * day))},{50_000 + 900 * day}"
                                 for day in range(DAYS))]
        for number in range(FILES):
            (config.load().cmdata_dir / f"Artist{number:03d}_Song_yt_views.csv").write_text("\n".join(lines))
    elif kind == "import":
        rows = ["title,artist,genre,language,situation,emotion", *(
            f"Song {number},Band {number % 999},발라드,ko,{PLACES[number % 5]},설렘" for number in range(ENTRIES))]
        catalogue().write_text("\n".join(rows), "utf-8")
    elif kind == "audition":
        for number in range(SONGS):
            services.add_song(ADMIN, f"Band {number}", f"Song {number}", "\n".join(
                f"{one} by the {two} and the {three}" for one, two, three in itertools.islice(
                    itertools.permutations(WORDS[number % 5:], 3), 0, 400, 16)))
    else:
        services.import_starter_playlists(ADMIN)
        with db.begin() as connection:  # few playlists: the whole of a training, in a minute
            connection.execute(text("DELETE FROM playlists WHERE id NOT IN (SELECT id FROM playlists ORDER BY id LIMIT :most)"),
                               {"most": PLAYLISTS})
    services.stop()


def catalogue() -> Path:
    """Return the file that is imported."""
    return config.load().data_dir.parent / "songs.csv"


def begin(kind: str) -> Callable[[], services.JobView | None]:
    """Begin the work; return what looks at its job."""
    if kind == "audition":
        services.start_batch(ADMIN)
        return lambda: services.latest_job(ADMIN, "audition_batch")
    job = {"sync": lambda: services.submit_sync(ADMIN),
           "import": lambda: services.submit_import(ADMIN, "songs.csv", catalogue().read_bytes()),
           "training": lambda: services.submit_training(ADMIN)}[kind]()
    return lambda: services.get_job(ADMIN, job.id)


def resume(kind: str) -> Callable[[], services.JobView | None]:
    """Take the work up as the page's button does."""
    if kind == "audition":
        services.resume_batch(ADMIN, services.list_batches(ADMIN)[0].id)
        return lambda: services.latest_job(ADMIN, "audition_batch")
    if kind == "import" and (cut := [each for each in services.recent_imports(ADMIN) if each.state != "done"]):
        job = services.resume_import(ADMIN, cut[0].id)
        return lambda: services.get_job(ADMIN, job.id)
    return begin(kind)


def counts(kind: str) -> list[int]:
    """Return how much of the work is stored."""
    with db.begin() as connection:
        return list(connection.execute(text(COUNTS[kind])).one())


def follow(look: Callable[[], services.JobView | None], *, middle: bool) -> services.JobView | None:
    """Wait for the end, over a database that is away for a while; say when the work is in its middle."""
    until, away = time.monotonic() + WAIT_S, False
    while time.monotonic() < until:
        try:
            job = look()
        except AppError as error:
            if not away:
                say(away=error.code, told=error.message("en"))
            away, job = True, None
        if job is not None and not job.active:
            return job
        if middle and job is not None and job.state == "running" and (job.done > 0 or job.note in LEARNING):
            say(middle=job.done, total=job.total)
            middle = False
        time.sleep(0.05)
    return None


def told(job: services.JobView | None) -> dict[str, Any]:
    """Return how a job ended."""
    return {"state": None} if job is None else {"state": job.state, "code": job.error_code}


def main() -> None:
    """Do what the command line says."""
    do, kind = sys.argv[1:]
    if do == "prepare":
        prepare(kind)
        return
    services.start(sample=False)
    if do == "run":
        if not config.load().database_url:
            say(pid=int((config.load().data_dir / "postgres" / "postmaster.pid").read_text().split()[0]))
        say(ended=told(follow(begin(kind), middle=True)))
    else:
        with db.begin() as connection:
            left = [list(row) for row in connection.execute(text("SELECT state, error_code FROM jobs ORDER BY id"))]
        say(found=left, counts=counts(kind))
    job = follow(resume(kind), middle=False)
    say(again=told(job), counts=counts(kind))
    services.stop()


if __name__ == "__main__":
    main()
