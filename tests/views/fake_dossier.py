"""The part of the made-up services that is about song dossiers and the search: what a test puts there."""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from fake_services import FakeServices

import accounts
from support.errors import DataError, NotFound
from usecases import dossier_results as results

MOMENT = datetime(2026, 1, 28, 3, 4, tzinfo=UTC)
FULL, EMPTY, STRANGER = 1, 3, 77
"""Songs: with all there is, with nothing, of nobody."""
OGG = b"OggS made up"
TOKEN = "uNgUeSsAbLe"


def png(width: int = 32, height: int = 18) -> bytes:
    """Return a picture: a plain gradient."""
    rows = b"".join(b"\0" + bytes(value for x in range(width) for value in (120 + 3 * x % 130, 60 + 8 * y % 180, 200))
                    for y in range(height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def growth(platform: str, start: float, *, forecast: bool = True) -> results.DossierGrowth:
    """Return 120 days of a total that grows in waves, with a gap of two days."""
    days = tuple(date(2026, 1, 27) - timedelta(days=119 - place) for place in range(120))
    totals = tuple(None if place in (50, 51) else start * (1 + place / 90 + 0.05 * math.sin(place / 9))
                   for place in range(120))
    last = totals[-1] or 0.0
    ahead = (last * 1.2, last * 1.1, last * 1.35) if forecast else (None, None, None)
    return results.DossierGrowth(platform, last, days[-1], last * 0.15, days, totals, *ahead)


def full_dossier() -> results.Dossier:
    """Return a dossier with something in every section."""
    song = results.DossierSong(FULL, 1, "Neon Marigold", "Parallel Summer", "Wire & Light", 2025, None, 12,
                               ("indie pop", "dream_pop"))
    auditions = (results.DossierAudition(5, "jury", 243.0, "GOOD", False, MOMENT),
                 results.DossierAudition(4, "jury", 268.0, "HIT", True, MOMENT - timedelta(days=2)),
                 results.DossierAudition(3, "jury", None, None, False, MOMENT - timedelta(days=3)))
    predictions = (results.DossierPrediction(9, "POP", 71.6, 58.0, 83.0, 0.023, None, MOMENT),
                   results.DossierPrediction(8, "DANCE", None, None, None, None, "strange", MOMENT))
    mood = results.DossierMood(("pop",), {"situation": ("drive",), "emotion": ("hopeful",), "time": ("night",)},
                               ((2, "Rooftop Static", "Neon Marigold", 91.0, ("night", "drive")),
                                (3, "새벽우편함", "여울담", 84.0, ())))
    playlists = (results.DossierPlaylist(6, "Late drive", 18, True), results.DossierPlaylist(2, "City at 2 a.m.", 30, False))
    pictures = tuple(results.DossierPicture(20 + place, f"Parallel Summer {place}", MOMENT) for place in range(5))
    tracks = (results.DossierTrack(31, 7, "Soft rain under neon", 62.5, 4, MOMENT),
              results.DossierTrack(30, 7, "Soft rain, slower", 30.0, None, MOMENT))
    return results.Dossier(song, (growth("youtube", 4_200_000), growth("spotify", 830_000),
                                  growth("soundcloud", 12_000, forecast=False)),
                           auditions, predictions, mood, playlists, pictures, tracks,
                           {"auditions": 3, "predictions": 2, "playlists": 2, "thumbnails": 17, "tracks": 2})


class FakeDossiers(FakeServices):
    """Dossiers of two songs, links to them, and a search whose answer a test sets."""

    Dossier, DossierSong, DossierGrowth = results.Dossier, results.DossierSong, results.DossierGrowth
    DossierAudition, DossierPrediction = results.DossierAudition, results.DossierPrediction
    DossierTrack, DossierShare, FoundGroup, Found = (results.DossierTrack, results.DossierShare, results.FoundGroup,
                                                     results.Found)

    def __init__(self) -> None:
        super().__init__()
        self.dossiers = {FULL: full_dossier(),
                         EMPTY: results.Dossier(results.DossierSong(EMPTY, 2, "여울담", "새벽우편함"))}
        self.shares: dict[int, results.DossierShare] = {}
        self.found: tuple[results.FoundGroup, ...] = ()

    def get_dossier(self, actor: accounts.Actor, song_id: int) -> results.Dossier:
        self._note("get_dossier", actor, song_id)
        if song_id not in self.dossiers:
            raise NotFound("dossier.gone")
        return self.dossiers[song_id]

    def list_dossier_songs(self, actor: accounts.Actor, search: str = "", limit: int = 20) -> tuple[results.DossierSong, ...]:
        self._note("list_dossier_songs", actor, search, limit)
        songs = [each.song for each in self.dossiers.values()]
        return tuple(song for song in songs if search.casefold() in f"{song.artist} {song.title}".casefold())[:limit]

    def new_dossier_song(self, actor: accounts.Actor, artist: str, title: str) -> int:
        self._note("new_dossier_song", actor, artist, title)
        if not artist.strip() or not title.strip():
            raise DataError("dossier.names", most=200)
        number = max(self.dossiers) + 1
        self.dossiers[number] = results.Dossier(results.DossierSong(number, 50 + number, artist, title))
        return number

    def attach_prediction(self, actor: accounts.Actor, prediction_id: int, song_id: int | None) -> None:
        self._note("attach_prediction", actor, prediction_id, song_id)

    # links ------------------------------------------------------------
    def share_dossier(self, actor: accounts.Actor, song_id: int, days: int = 30) -> results.DossierShare:
        self._note("share_dossier", actor, song_id, days)
        share = results.DossierShare(len(self.shares) + 1, song_id, TOKEN, MOMENT, datetime.now(UTC) + timedelta(days=days))
        self.shares[share.id] = replace(share, token=None)
        return share

    def put_share(self, **options: Any) -> results.DossierShare:
        """Add a link to the full dossier; `options` are what is different of it."""
        given = {"id": len(self.shares) + 1, "song_id": FULL, "token": None, "created_at": MOMENT,
                 "expires_at": datetime.now(UTC) + timedelta(days=5)} | options
        self.shares[given["id"]] = results.DossierShare(**given)
        return self.shares[given["id"]]

    def list_dossier_shares(self, actor: accounts.Actor, song_id: int) -> tuple[results.DossierShare, ...]:
        self._note("list_dossier_shares", actor, song_id)
        return tuple(share for share in reversed(self.shares.values()) if share.song_id == song_id)

    def revoke_dossier_share(self, actor: accounts.Actor, share_id: int) -> None:
        self._note("revoke_dossier_share", actor, share_id)
        self.shares[share_id] = replace(self.shares[share_id], revoked_at=MOMENT)

    def dossier_by_link(self, token: str) -> results.Dossier:
        self._note("dossier_by_link", token)
        if token != TOKEN or not any(share.revoked_at is None for share in self.shares.values()):
            raise NotFound("dossier.link_gone")
        return replace(self.dossiers[FULL], own=False)

    # files ------------------------------------------------------------
    def dossier_picture(self, actor: accounts.Actor, picture_id: int, token: str | None = None) -> bytes:
        self._note("dossier_picture", actor, picture_id, token)
        return png()

    def dossier_audio(self, actor: accounts.Actor, track_id: int, token: str | None = None) -> bytes:
        self._note("dossier_audio", actor, track_id, token)
        return OGG

    def dossier_html(self, actor: accounts.Actor, song_id: int, lang: str, token: str | None = None) -> bytes:
        self._note("dossier_html", actor, song_id, lang, token)
        return b"<!DOCTYPE html>"

    def dossier_zip(self, actor: accounts.Actor, song_id: int, lang: str) -> bytes:
        self._note("dossier_zip", actor, song_id, lang)
        return b"PK"

    # search ------------------------------------------------------------
    def search_everything(self, actor: accounts.Actor, text: str, limit: int = 5, lang: str = "ko") -> tuple[results.FoundGroup, ...]:
        self._note("search_everything", actor, text, limit, lang)
        return self.found
