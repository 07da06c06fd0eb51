"""Real playlists: what is judged is not among what is learned from, and questions hide what they ask for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "bench"))

import _playlist_data as data  # noqa: E402

pytestmark = pytest.mark.skipif(not (data.DATA / "playlists.json.gz").exists(),
                                reason=f"real playlists are not in {data.DATA} (MIS_REAL_DATA)")


@pytest.fixture(scope="module")
def known():
    return data.asked(data.DATA)


def alike(one, other):
    shared = len(one & other)
    return one == other or min(len(one), len(other)) >= 5 and (
        shared >= 0.6 * len(one | other) or shared >= 0.8 * min(len(one), len(other)))


def test_a_judged_playlist_is_nowhere_in_what_is_learned_from(known):
    judged = [each for each in known if each.split == 0]
    assert 200 < len(judged) < 420 and sum(each.split == 4 for each in known) > 200
    taught = data.lessons(known, judged)
    keys = {each.key for each in taught}
    assert len(keys) == len(taught) > 80_000 and not keys & {str(each.id) for each in judged}
    rows = {}
    for at, each in enumerate(taught):
        for song in each.songs:
            rows.setdefault(song, set()).add(at)
    for each in judged:
        songs = set(each.whole.songs)
        near = set().union(*(rows.get(song, set()) for song in songs))
        same = [at for at in near if taught[at].key.startswith("row ") and alike(songs, set(taught[at].songs))]
        assert not same, each.id
    assert {str(each.id) for each in known if each.split != 0} <= keys


def test_questions_show_what_their_task_says_and_hide_the_rest(known):
    shows = {"songs-only": "S", "songs+tags": "ST", "tags+title": "TN", "title-only": "N"}
    for each in known[:300]:
        for task in data.TASKS:
            question = each.question(task)
            if question is None:
                assert task != "all" and task != "title-only"
                continue
            assert not set(question.request.songs) & set(question.songs) and question.request.key == ""
            assert not set(question.request.tags) & set(question.tags)
            if task != "all":
                assert question.request.kind == shows[task]
                assert set(question.request.songs) | set(question.songs) == set(each.whole.songs)
