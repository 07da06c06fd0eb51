"""Run beside a server: people, their results, and posts about them, written through the services themselves."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from made_dossiers import (  # noqa: E402
    JUNO,
    MINA,
    VIK,
    audition,
    people,
    prediction,
    song_of,
    thumbnail,
    track,
)
from sqlalchemy import text  # noqa: E402

import db  # noqa: E402
from usecases.community import add_post  # noqa: E402
from usecases.community_comments import add_comment  # noqa: E402
from usecases.community_likes import like  # noqa: E402

SOUND = next(ROOT.glob("catalogue/**/*.ogg"))
LONG = ("One paragraph about it, long enough to be cut where the list shows only how it begins, which is after one hundred "
        "and sixty characters or so, at the end of a word.")
KOREAN = "제목이 조금 긴 한국어 글도 휴대폰 화면에서 줄을 바꿔 보여야 합니다"


def query(statement, **values):
    with db.begin() as connection:
        found = connection.execute(text(statement), values)
        return [tuple(row) for row in found] if found.returns_rows else []


def leaders():
    for place, (name, score) in enumerate((("Paper moon", 81), ("Low tide", 64), ("Neon rain", 58))):
        made = prediction(query, 7 + place % 2, None, title=name, artist="Studio", public=True)
        query("UPDATE predictions SET score = :score WHERE id = :id", score=score, id=made)
        query("INSERT INTO likes (owner_id, kind, item) SELECT u, 'prediction', :item FROM generate_series(7, :last) u",
              item=str(made), last=9 - place)


def posts(hostile):
    song = song_of(query, "Midnight Ferry")
    cards = {"Judged at last": ("audition", audition(query, 7, song, title="Midnight Ferry", artist="Luna Harbor",
                                                     verdict="GOOD")),
             "Music for a rainy scene": ("bgm", track(query, 7, song, title="Soft rain", ogg=SOUND.read_bytes())),
             "A cover for the ferry": ("thumbnail", thumbnail(query, 7, song, title="Midnight Ferry")),
             "Have you heard this one?": ("song", song)}
    add_post(MINA, "A post about advertising", hostile)
    made = {title: add_post(MINA, title, LONG, card) for title, card in cards.items()}
    add_post(JUNO, KOREAN, "안녕하세요. **반갑습니다**.")
    for number in range(33):
        add_comment(JUNO if number % 2 else MINA, made["Judged at last"], f"Comment {number}: what a *good* verdict.")
    for fan in (JUNO, VIK):
        like(fan, "post", made["Judged at last"])


if __name__ == "__main__":
    people(query)
    leaders()
    posts(sys.argv[1])
    db.stop()
