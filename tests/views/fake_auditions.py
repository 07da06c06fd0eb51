"""The part of the made-up services that is about auditions: songs, panels, and auditions a test puts there."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import accounts
import judging
from auditioning.rubric import CRITERIA
from support.errors import DataError, NotAllowed, NotFound
from usecases import audition_results, hearing, results, song_results
from usecases.dossier_results import DossierSong

MOMENT = datetime(2026, 1, 28, 3, 4, tzinfo=UTC)
LYRICS = """The ferry lights are counting every wave
You said the harbour keeps what no one gave
I left your jacket on the rail to dry
And half the city waving me goodbye
Oh lantern in the window, burn for me
I count the little boats that went to sea
The ticket in my pocket turned to lace
The captain has forgotten your old face"""
PANEL = (("simon", "Simon Cowell", "friendli", "meta-llama-3.1-8b-instruct", "FRIENDLI_API_KEY", "dry"),
         ("howie", "Howie Mandel", "openai", "gpt-4o-mini", "OPENAI_API_KEY", "warm"),
         ("melb", "Mel B", "gemini", "gemini-3.1-flash-lite", "GOOGLE_API_KEY", "blunt"))


def score(level: int, *, quote: str = "counting every wave", sound: bool = True) -> dict[str, Any]:
    """Return a score whose every criterion has the same level, with what is not in the lyrics flagged as it is."""
    entries = [judging.Entry(criterion=each.key, level=level, quote=quote, reason=f"Because of {each.key}.")
               for each in CRITERIA]
    what = judging.What(("indie pop",) if sound else ())
    return hearing.score_dict(judging.score(judging.Reply(review="A review.", criteria=entries), LYRICS, what))


@cache
def _offline(lang: str) -> str:
    """Return the stored form of a real offline review, with embeddings made of letters."""
    import numpy as np

    def embed(texts: list[str]) -> Any:
        rows = np.array([[sum(map(ord, one)) % (7 + place) + 1.0 for place in range(16)] for one in texts])
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    found = judging.offline(LYRICS, lang, None, embed)
    return json.dumps({"score": hearing.score_dict(found.score), "unread": [], "version": judging.OFFLINE_VERSION,
                       "voices": {key: found.voices[voice] for key, *_, voice in PANEL},
                       "findings": [asdict(one) for one in found.findings], "verdict": asdict(found.verdict)})


class FakeAuditions:
    """Songs and auditions that a test puts there, or that acts on the page make."""

    actor: accounts.Actor
    jobs: dict[int, results.JobView]
    _note: Any

    def set_auditions(self) -> None:
        """Start with ten songs, no audition, and no key."""
        self.songs = {number: song_results.Song(number, "Choir of Rust", f"Shift {number}", LYRICS, "folder", "en",
                                                number, info_missing="lastfm_key") for number in range(1, 11)}
        self.songs_problem: tuple[str, dict[str, Any]] | None = None
        self.songs_source = "folder"
        self.refused: list[song_results.RefusedText] = []
        self.song_keys: set[str] = set()
        self.auditions: dict[int, audition_results.AuditionView] = {}

    # songs ------------------------------------------------------------
    def list_songs(self, actor: accounts.Actor, *, search: str = "", limit: int = 50,
                   offset: int = 0) -> song_results.SongPage:
        self._note("list_songs", actor, search=search, limit=limit, offset=offset)
        found = [song for song in self.songs.values()
                 if all(word in f"{song.artist} {song.title} {song.lyrics}".lower() for word in search.lower().split())]
        rows = tuple(song_results.SongRow(song.id, song.song_id, song.artist, song.title, song.source, song.language, 8,
                                          song.source in ("paste", "upload"), MOMENT) for song in found)
        return song_results.SongPage(rows[offset:offset + limit], len(rows), self.songs_source, "catalogue/lyrics", MOMENT,
                                     False, self.songs_problem)

    def list_dossier_songs(self, actor: accounts.Actor, search: str = "", limit: int = 20) -> tuple[DossierSong, ...]:
        self._note("list_dossier_songs", actor, search, limit)
        return tuple(DossierSong(song.id, 1, song.artist, song.title) for song in self.songs.values()
                     if search.casefold() in f"{song.artist} {song.title}".casefold())[:limit]

    def get_song(self, actor: accounts.Actor, lyrics_id: int) -> song_results.Song:
        self._note("get_song", actor, lyrics_id)
        if lyrics_id not in self.songs:
            raise NotFound("songs.gone")
        return self.songs[lyrics_id]

    def song_info(self, actor: accounts.Actor, lyrics_id: int) -> song_results.Song:
        self._note("song_info", actor, lyrics_id)
        self.songs[lyrics_id] = replace(self.songs[lyrics_id], tags=("indie pop",), listeners=1_234_567, playcount=9_000,
                                        info_at=MOMENT, info_missing=None)
        return self.songs[lyrics_id]

    def refused_songs(self, actor: accounts.Actor, limit: int = 200) -> list[song_results.RefusedText]:
        return self.refused[:limit]

    def submit_refresh(self, actor: accounts.Actor, *, force: bool = True) -> results.JobView:
        self._note("submit_refresh", actor, force=force)
        number = len(self.jobs) + 1
        report = {"found": 6, "read": 1, "unchanged": 5, "gone": 0, "refused": 0}
        self.jobs[number] = results.JobView(number, "songs", "done", 6, 6, "", 1, report, None, {}, MOMENT, MOMENT)
        return self.jobs[number]

    def add_song(self, actor: accounts.Actor, artist: str, title: str, lyrics: str) -> int:
        self._note("add_song", actor, artist, title, lyrics)
        if not lyrics.strip():
            raise DataError("lyrics.no_lines", artist=artist, title=title)
        number = max(self.songs) + 1
        self.songs[number] = song_results.Song(number, artist, title, lyrics, "paste", "en", number)
        return number

    def add_songs(self, actor: accounts.Actor, data: bytes | str, *, name: str = "") -> song_results.SavedLyrics:
        self._note("add_songs", actor, data, name)
        text = data.decode() if isinstance(data, bytes) else data
        head, _, rest = text.partition("\n")
        if " - " not in head:
            raise DataError("lyrics.header", found=head)
        artist, _, title = head.rstrip(":").partition(" - ")
        number = self.add_song(actor, artist, title, rest)
        refused = song_results.RefusedText(name, 7, "lyrics.no_lines", {"artist": "Nobody", "title": "Nothing"})
        return song_results.SavedLyrics((number,), (refused,) if name else ())

    def delete_song(self, actor: accounts.Actor, lyrics_id: int) -> None:
        self._note("delete_song", actor, lyrics_id)
        del self.songs[lyrics_id]

    # auditions ------------------------------------------------------------
    def panels(self, actor: accounts.Actor) -> list[audition_results.PanelView]:
        judges = tuple({"key": key, "name": name, "provider": provider, "model": model, "weight": 1, "language": "user",
                        "voice": voice, "missing": None if wanted in self.song_keys else wanted, "problem": None,
                        "ready": wanted in self.song_keys} for key, name, provider, model, wanted, voice in PANEL)
        return [audition_results.PanelView("default", judges)]

    def put_audition(self, state: str = "done", *, repeats: int = 1, lang: str = "en", offline: bool = False,
                     judges: dict[int, dict[str, Any]] | None = None, tags: tuple[str, ...] = ("indie pop",),
                     repeat_stats: dict[str, Any] | None = None, ahead: int = 0,
                     **options: Any) -> audition_results.AuditionView:
        """Add an audition; `judges` says by place what is different of a judge, `options` of the row."""
        number = len(self.auditions) + 1
        views = [self._judge(place, repeat, state, offline, (judges or {}).get(place, {}))
                 for repeat in range(repeats) for place in range(3)]
        stored = json.loads(_offline(lang)) if offline else None
        result = stored.pop("verdict") if stored else asdict(judging.jury(
            [hearing.score_of(one.score) for one in views[:3]]))
        named = ("total", "out_of", "scaled_300", "verdict", "provisional", "spread", "split")
        row = audition_results.AuditionRow(**{
            "id": number, "owner_id": self.actor.id, "job_id": 1, "batch_id": None, "lyrics_id": 1, "song_id": 1,
            "artist": "Choir of Rust", "title": "Shift 1", "source": "folder", "panel": "default", "lang": lang,
            "repeats": repeats, "prompt_version": "2026-11-1", "state": state, "error_code": None, "error_values": {},
            "created_at": MOMENT, "finished_at": MOMENT,
            **{name: result[name] if state == "done" else None for name in named}} | options)
        self.auditions[number] = audition_results.AuditionView(
            row, LYRICS, tags, None, None, ("lyrics", "tags") if tags else ("lyrics",), tuple(views), repeat_stats,
            stored, ahead)
        return self.auditions[number]

    def _judge(self, place: int, repeat: int, state: str, offline: bool,
               changed: dict[str, Any]) -> audition_results.JudgeView:
        key, name, provider, model, _, _ = PANEL[place]
        finished = state == "done" and not offline
        given = {"place": place, "repeat": repeat, "judge": key, "name": name, "provider": provider, "model": model,
                 "weight": 1, "language": "en", "state": "done" if finished else "waiting",
                 "review": f"{name} has heard it." if finished else "", "raw": "",
                 "score": score(4) if finished else None, "repaired": False,
                 "input_tokens": 1_200 if finished else None, "output_tokens": 400 if finished else None,
                 "cost_usd": None, "first_s": 0.4 if finished else None, "seconds": 3.2 if finished else None,
                 "error_code": None, "error_values": {}} | changed
        return audition_results.JudgeView(**given, total=given["score"]["total"] if given["score"] else None)

    def start_audition(self, actor: accounts.Actor, lyrics_id: int, *, panel: str = "default", lang: str = "ko",
                       repeats: int = 1) -> int:
        self._note("start_audition", actor, lyrics_id, panel=panel, lang=lang, repeats=repeats)
        accounts.require(actor, "audition")
        return self.put_audition("queued", repeats=repeats, lang=lang, lyrics_id=lyrics_id, ahead=2).row.id

    def get_audition(self, actor: accounts.Actor, audition_id: int) -> audition_results.AuditionView:
        self._note("get_audition", actor, audition_id)
        view = self.auditions.get(audition_id)
        if view is None:
            raise NotFound("audition_gone")
        if actor.role != "administrator" and view.row.owner_id != actor.id:
            raise NotAllowed("audition_of_another")
        return view

    def list_auditions(self, actor: accounts.Actor, *, limit: int = 50,
                       **options: Any) -> tuple[list[audition_results.AuditionRow], int]:
        self._note("list_auditions", actor, limit=limit, **options)
        rows = [view.row for view in reversed(self.auditions.values())]
        return rows[:limit], len(rows)

    def set_state(self, audition_id: int, state: str, **options: Any) -> None:
        """Have an audition be in another state."""
        view = self.auditions[audition_id]
        self.auditions[audition_id] = replace(view, row=replace(view.row, state=state, **options))

    def cancel_audition(self, actor: accounts.Actor, audition_id: int) -> None:
        self._note("cancel_audition", actor, audition_id)

    def retry_judge(self, actor: accounts.Actor, audition_id: int, repeat: int, place: int) -> None:
        self._note("retry_judge", actor, audition_id, repeat, place)
        self.set_state(audition_id, "queued")
