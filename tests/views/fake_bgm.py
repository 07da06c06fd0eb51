"""The part of the made-up services that is about background music: a small vocabulary, requests, tracks."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from fake_services import FakeServices

import accounts
from music import wish as wishes
from music.plan import Part, Plan, Section
from support.errors import DataError, NotFound
from texts.editing import MOST_SCENES, Edits
from texts.language import LANGS
from texts.reading import EMOTIONS, Felt, Line, Reading, Scene, Sentence
from usecases import bgm_results

MOMENT = datetime(2026, 1, 28, 3, 4, tzinfo=UTC)
OGG = b"OggS made up"


@dataclass(frozen=True)
class Term:
    """An entry of a vocabulary."""

    id: str
    ko: str
    en: str
    popular: bool = True
    aliases: tuple[str, ...] = ()
    nearest: bool = False
    roles: tuple[str, ...] = ()
    valence: float = 0.0
    arousal: float = 0.0
    density: float = 0.0
    register: float = 0.0
    dynamics: float = 0.0


def terms(rows: str, **options: Any) -> tuple[Term, ...]:
    """Return terms of lines ``id|ko|en``."""
    return tuple(Term(*line.strip().split("|"), **options) for line in rows.strip().splitlines())


GENRES = (*terms("""acoustic|어쿠스틱|Acoustic
    blues|블루스|Blues
    dance|댄스|Dance
    disco|디스코|Disco
    edm|EDM|EDM
    folk|포크|Folk
    hip_hop|힙합|Hip hop
    jazz|재즈|Jazz
    gugak|국악|Korean traditional music
    lofi|로파이|Lofi
    children|어린이 음악|Music for children
    new_age|뉴에이지|New Age
    orchestral|오케스트라|Orchestral
    pop|팝|Pop
    rock|락|Rock"""), Term("house", "하우스", "House", False, ("하우스 뮤직", "house music")),
    Term("bossa_nova", "보사노바", "Bossa nova", False, ("보싸노바",)))
INSTRUMENTS = (
    Term("acoustic_guitar", "어쿠스틱 기타", "Acoustic Guitar", roles=("chords", "melody")),
    Term("bass", "베이스", "Bass", roles=("bass",)), Term("cello", "첼로", "Cello", roles=("melody", "bass", "pad")),
    Term("drums", "드럼", "Drum", roles=("drums",)), Term("electric_guitar", "일렉 기타", "Electric Guitar", roles=("chords",)),
    Term("flute", "플루트", "Flute", roles=("melody",)), Term("harp", "하프", "Harp", roles=("chords",)),
    Term("marimba", "마림바", "Marimba", roles=("melody",)), Term("piano", "피아노", "Piano", roles=("chords", "melody")),
    Term("saxophone", "색소폰", "Saxophone", roles=("melody",)), Term("strings", "스트링", "Strings", roles=("pad",)),
    Term("synthesizer", "신디사이저", "Synthesizer", roles=("pad", "melody")),
    Term("trumpet", "트럼펫", "Trumpet", roles=("melody",)), Term("ukulele", "우쿨렐레", "Ukulele", roles=("chords",)),
    Term("violin", "바이올린", "Violin", roles=("melody",)),
    Term("gayageum", "가야금", "Gayageum", False, ("kayagum",), True, ("melody",)))
MOODS = (*terms("""angry|화난|Angry
    calm|차분한|Calm
    cheerful|발랄한|Cheerful
    dark|어두운|Dark
    dreamy|꿈꾸는 듯한|Dreamy
    energetic|에너제틱|Energetic
    happy|행복한|Happy
    lonely|외로운|Lonely
    love|사랑|Love
    mysterious|신비한|Mysterious
    party|파티|Party
    peaceful|평화로운|Peaceful
    scary|무서운|Scary
    sentimental|감상적|Sentimental"""), Term("sad", "슬픔", "Sad", valence=-0.7, arousal=-0.3), Term("nostalgic", "향수 어린", "Nostalgic", False, ("그리운",)))
TEXTURES = terms("""rain|비|Rain
    waves|파도|Waves
    wind|바람|Wind
    birds|새소리|Birds
    crickets|귀뚜라미|Crickets
    fire|모닥불|Fire
    vinyl|레코드 잡음|Vinyl
    stream|시냇물|Stream""")
TERMS = {"genres": GENRES, "instruments": INSTRUMENTS, "moods": MOODS, "textures": TEXTURES}
SECTIONS = (Section(1, "intro", 4, 0.3), Section(2, "verse", 4, 0.5), Section(3, "chorus", 6, 0.9), Section(4, "outro", 2, 0.35))
PARTS = (Part("drums", "drums"), Part("bass", "bass"), Part("chords", "piano"), Part("melody", "flute"))
PLAN = Plan("jazz", "jazz", ("calm",), 5, "dorian", "4/4", 120.0, 0.6, SECTIONS, PARTS, True, 32.0, -14.0, 1, wishes.Feel())
SAID = ("비가 내리는 밤, 창가에 앉아 오래된 편지를 읽었다.", "파도 소리가 들렸다.", "기차는 바다를 지나 멀어졌고 나는 아직 그 자리에 있었다.")
LINES = tuple(Line(place, said, rank, Felt(dict.fromkeys(EMOTIONS, 0.1), 0.0, 0.0), (), ())
              for place, said, rank in zip((0, 4, 9), SAID, (0.4, 0.2, 0.4), strict=True))
READING = Reading(
    lang="ko", shares={"ko": 0.97, "en": 0.03, "other": 0.0}, keywords=("비", "창가", "밤", "기차"), given=("밤",), sentences=14,
    summary=(Sentence(0, SAID[0]), Sentence(9, SAID[2])), found="ko", lines=LINES,
    emotions=dict(zip(EMOTIONS, (0.12, 0.08, 0.05, 0.71, 0.33, 0.14, 0.04), strict=True)), valence=-0.45, arousal=-0.3, arc=(),
    topic="love_story", topic_scores={"love_story": 0.41, "travel": 0.22, "history": 0.08}, genres=("jazz", "acoustic", "lofi", "new_age", "blues"),
    scenes=(Scene("비", "rain", ("rain",), ("piano",)), Scene("바다", "sea", ("waves",), ("harp",))),
    feel=wishes.Feel(-0.45, -0.3, -0.2, -0.1, -0.25), moods=("sad", "lonely"))

SCENES = {"rain": ("rain",), "sea": ("waves",), "forest": ("birds",), "campfire": ("fire",)}
FOR_TRAVEL = ("folk", "pop", "acoustic", "rock", "new_age")


def drawn(seconds: float) -> dict[str, Any]:
    """Return a made-up piece for drawing: waveform, notes, sections, chords."""
    bar = seconds / 16
    chords = tuple((place * bar, bar, ("Fm7", "Bb7", "Ebmaj7", "Cm7")[place % 4]) for place in range(16))
    roots = (41, 46, 39, 48)
    melody = tuple((place * bar / 4, bar / 5, 65 + (place * 7) % 17, 80) for place in range(16, 64) if place % 5)
    chord_notes = tuple((place * bar, bar * 0.9, roots[place % 4] + 12 + step, 60) for place in range(16) for step in (0, 3, 7, 10))
    bass = tuple((place * bar / 2, bar / 2.2, roots[place // 2 % 4], 90) for place in range(8, 32))
    drums = tuple((place * bar / 8, 0.1, (42, 42, 38, 42, 36, 42, 38, 46)[place % 8], 70) for place in range(32, 120))
    spans, start = [], 0.0
    for section in SECTIONS:
        spans.append((section.id, section.name, start, start + section.bars * bar, section.energy))
        start += section.bars * bar
    wave = tuple((-size, size) for size in (abs(math.sin(place / 9)) * (0.3 + 0.6 * math.sin(math.pi * place / 1000)) for place in range(1000)))
    return {"peaks": wave, "chords": chords, "spans": tuple(spans), "roll": (
        ("melody", "flute", melody), ("chords", "piano", chord_notes), ("bass", "bass", bass), ("drums", "drums", drums))}


class FakeBgm(FakeServices):
    """Requests and tracks that a test puts there, or that acts on the page make."""

    BgmWish, BgmFeel, BgmReading, BgmEdits, BGM_LANGS, BGM_MOST_SCENES = wishes.Wish, wishes.Feel, Reading, Edits, LANGS, MOST_SCENES
    BgmBatch, BgmTrack = bgm_results.BgmBatch, bgm_results.BgmTrack
    BgmMaker, BgmSettled = bgm_results.Maker, bgm_results.Settled
    BGM_TEMPOS, BGM_BPM, BGM_SECONDS, BGM_METERS = wishes.TEMPOS, wishes.BPM, wishes.SECONDS, wishes.METERS_ASKED
    BGM_MODES, BGM_CURVES, BGM_LOCKS, BGM_LOUDNESS = wishes.MODES, wishes.CURVES, wishes.LOCKS, wishes.LOUDNESS
    BGM_MOST_VARIANTS, BGM_MOST_CHOSEN = wishes.MOST_VARIANTS, wishes.MOST_CHOSEN

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.bgm_batches: dict[int, bgm_results.BgmBatch] = {}
        self.bgm_tracks: dict[int, bgm_results.BgmTrack] = {}
        self.bgm_gone: dict[int, bgm_results.BgmTrack] = {}
        self.bgm_state = "done"
        self.bgm_notes: tuple[tuple[str, dict[str, Any]], ...] = ()
        self.bgm_reading = READING
        self.bgm_writer_names: tuple[str, ...] = ()
        self.bgm_maker_list: tuple[bgm_results.Maker, ...] = (bgm_results.Maker("composer"),)

    # what can be asked for ------------------------------------------------------------
    def bgm_terms(self, kind: str) -> tuple[Term, ...]:
        return TERMS[kind]

    def bgm_makers(self) -> tuple[bgm_results.Maker, ...]:
        return self.bgm_maker_list

    def bgm_writers(self) -> tuple[str, ...]:
        return self.bgm_writer_names

    def settle_bgm(self, actor: accounts.Actor, wish: wishes.Wish) -> bgm_results.Settled:
        self._note("settle_bgm", actor, wish)
        bpm = wish.tempo if not isinstance(wish.tempo, str) else 120.0
        bars = max(1, round(wish.seconds * bpm / 240))
        seconds = bars * 240 / bpm if wish.loop and wish.locks == "bpm" else wish.seconds
        plan = replace(PLAN, bpm=bpm, seconds=seconds, loop=wish.loop, tonic=5 if wish.tonic is None else wish.tonic,
                       mode=wish.mode or "dorian", meter=wish.meter or "4/4", loudness=wish.loudness)
        captions = {lang: self.bgm_caption(wish, lang) for lang in ("ko", "en")}
        return bgm_results.Settled(plan, seconds, bars, bpm, captions, self.bgm_notes)

    def bgm_caption(self, wish: wishes.Wish, lang: str) -> str:
        names = [getattr(term, lang) for kind in ("moods", "genres", "instruments", "textures") for term in TERMS[kind]
                 if term.id in getattr(wish, kind)]
        tempo = f"{wish.tempo:g} BPM" if not isinstance(wish.tempo, str) else "" if wish.tempo == "auto" else wish.tempo
        return ", ".join([*names, *wish.keywords, *([tempo] if tempo else [])])

    def read_bgm_caption(self, text: str, wish: wishes.Wish) -> tuple[wishes.Wish, tuple[str, ...]]:
        self._note("read_bgm_caption", text, wish)
        found: dict[str, list[str]] = {kind: [] for kind in TERMS}
        unknown, tempo = [], wish.tempo
        for word in filter(None, (part.strip() for part in text.split(","))):
            bpm = re.fullmatch(r"(\d+) BPM", word)
            kind, term = next(((kind, term) for kind, rows in TERMS.items() for term in rows
                               if word.casefold() in (term.ko, term.en.casefold())), (None, None))
            if bpm:
                tempo = float(bpm[1])
            elif kind and term:
                found[kind].append(term.id)
            else:
                unknown.append(word)
        chosen = {kind: tuple(ids) for kind, ids in found.items()}
        return replace(wish, **chosen, keywords=tuple(unknown), tempo=tempo), tuple(unknown)

    # a text ------------------------------------------------------------
    def read_bgm_text(self, actor: accounts.Actor, text: str, keywords: tuple[str, ...] = (), lang: str | None = None) -> Reading:
        self._note("read_bgm_text", actor, text, keywords, lang)
        if lang in (None, self.bgm_reading.lang):
            return replace(self.bgm_reading, given=tuple(keywords))
        if lang not in self.bgm_langs_of(text):
            raise DataError(f"bgm_text.no_{'korean' if lang == 'ko' else 'english'}")
        return replace(self.bgm_reading, given=tuple(keywords), lang=lang, topic="travel", genres=FOR_TRAVEL, moods=("calm",))

    def bgm_langs_of(self, text: str) -> tuple[str, ...]:
        return tuple(lang for lang, letters in (("ko", "[가-힣]"), ("en", "[a-z]{2}")) if re.search(letters, text.lower()))

    def bgm_wish_of(self, reading: Reading, wish: wishes.Wish) -> wishes.Wish:
        self._note("bgm_wish_of", reading, wish)
        textures = tuple(dict.fromkeys(name for scene in reading.scenes for name in scene.textures))[:2]
        return replace(wish, genres=reading.genres[:2], moods=reading.moods, instruments=("piano",), textures=textures, feel=reading.feel)

    def bgm_scenes(self) -> tuple[str, ...]:
        return tuple(SCENES)

    def edit_bgm_reading(self, reading: Reading, edits: Edits) -> Reading:
        self._note("edit_bgm_reading", reading, edits)
        made = reading
        if edits.summary is not None:
            chosen = tuple(Sentence(line.index, line.text) for line in reading.lines if line.index in edits.summary)
            made = replace(made, summary=chosen, moods=("peaceful",))
        if edits.emotions:
            made = replace(made, emotions={**reading.emotions, **edits.emotions}, moods=("happy",), genres=("dance",))
        if edits.topic is not None:
            made = replace(made, topic=edits.topic, genres=FOR_TRAVEL if edits.topic == "travel" else READING.genres)
        if edits.scenes is not None:
            read = {scene.scene: scene for scene in reading.scenes}
            names = [*reversed([name for name in edits.scenes if name not in read]), *(name for name in read if name in edits.scenes)]
            made = replace(made, scenes=tuple(read.get(name) or Scene("", name, SCENES[name], ("flute",)) for name in names))
        return made

    def write_bgm_caption(self, actor: accounts.Actor, text: str, writer: str, lang: str) -> str:
        self._note("write_bgm_caption", actor, text, writer, lang)
        return "Sad, Jazz, Piano, 72 BPM"

    # requests ------------------------------------------------------------
    def put_bgm(self, state: str = "done", tracks: int | None = None, **options: Any) -> bgm_results.BgmBatch:
        """Add a request in a state with so many tracks; `options` are what is different of it."""
        number = max(self.bgm_batches, default=0) + 1
        wish = options.pop("wish", wishes.Wish(genres=("jazz",), moods=("calm",)))
        given: dict[str, Any] = {
            "id": number, "wish": wish, "caption": self.bgm_caption(wish, "en"), "maker": "composer", "state": state, "done": 0,
            "total": wish.variants, "ahead": 0, "tracks": (), "created_at": MOMENT, "job_id": 1} | options
        count = (given["total"] if state == "done" else 0) if tracks is None else tracks
        self.bgm_batches[number] = bgm_results.BgmBatch(**given)
        for variant in range(count):
            self.put_track(number, variant)
        return self.get_bgm(self.actor, number)

    def put_track(self, batch_id: int, variant: int = 0, **options: Any) -> bgm_results.BgmTrack:
        """Add a track to a request; `options` are what is different of it."""
        number = max((*self.bgm_tracks, *self.bgm_gone), default=0) + 1
        batch = self.bgm_batches[batch_id]
        composed = batch.maker == "composer"
        given: dict[str, Any] = {
            "id": number, "batch_id": batch_id, "variant": variant, "title": f"Calm Jazz {number}", "state": "done",
            "maker": batch.maker, "seconds": 32.0, "rating": None, "song_id": None,
            "created_at": MOMENT + timedelta(minutes=number), "plan": PLAN if composed else None,
            "figures": {"loudness": -14.02, "true_peak": -1.4, "seconds": 32.0, "bpm": 120.0}} | drawn(32.0) | options
        if not composed or given["state"] == "failed":
            given |= {"roll": (), "spans": (), "chords": ()}
        self.bgm_tracks[number] = bgm_results.BgmTrack(**given)
        return self.bgm_tracks[number]

    def submit_bgm(self, actor: accounts.Actor, wish: wishes.Wish, caption: str = "", maker: str = "composer",
                   song_id: int | None = None) -> bgm_results.BgmBatch:
        self._note("submit_bgm", actor, wish, caption, maker, song_id)
        return self.put_bgm(self.bgm_state, wish=wish, caption=caption, maker=maker, song_id=song_id)

    def get_bgm(self, actor: accounts.Actor, batch_id: int) -> bgm_results.BgmBatch:
        self._note("get_bgm", actor, batch_id)
        if batch_id not in self.bgm_batches:
            raise NotFound("bgm.gone")
        tracks = tuple(track for track in self.bgm_tracks.values() if track.batch_id == batch_id)
        return replace(self.bgm_batches[batch_id], tracks=tracks)

    def set_bgm(self, batch_id: int, **options: Any) -> None:
        """Change a request."""
        self.bgm_batches[batch_id] = replace(self.bgm_batches[batch_id], **options)

    def cancel_bgm(self, actor: accounts.Actor, batch_id: int) -> None:
        self._note("cancel_bgm", actor, batch_id)
        self.set_bgm(batch_id, state="cancelled")

    def retry_bgm(self, actor: accounts.Actor, batch_id: int) -> bgm_results.BgmBatch:
        self._note("retry_bgm", actor, batch_id)
        self.set_bgm(batch_id, state="queued")
        return self.get_bgm(actor, batch_id)

    def edit_bgm(self, actor: accounts.Actor, track_id: int, act: str, **values: Any) -> bgm_results.BgmBatch:
        self._note("edit_bgm", actor, track_id, act, **values)
        before = self.bgm_batches[self.bgm_tracks[track_id].batch_id]
        return self.put_bgm("done", 1, wish=before.wish, caption=before.caption, total=1, parent_id=track_id, edit={"act": act, **values})

    # tracks ------------------------------------------------------------
    def get_bgm_track(self, actor: accounts.Actor, track_id: int) -> bgm_results.BgmTrack:
        self._note("get_bgm_track", actor, track_id)
        if track_id not in self.bgm_tracks:
            raise NotFound("bgm.gone")
        return self.bgm_tracks[track_id]

    def bgm_file(self, actor: accounts.Actor, track_id: int, kind: str) -> bytes:
        self._note("bgm_file", actor, track_id, kind)
        return OGG

    def list_bgm(self, actor: accounts.Actor, search: str = "", page: int = 1) -> tuple[tuple[bgm_results.BgmTrack, ...], int]:
        self._note("list_bgm", actor, search, page)
        found = [replace(track, roll=(), spans=(), chords=()) for track in reversed(self.bgm_tracks.values())
                 if search.casefold() in track.title.casefold()]
        return tuple(found[10 * (page - 1):10 * page]), len(found)

    def _set_track(self, track_id: int, **options: Any) -> None:
        if track_id not in self.bgm_tracks:
            raise NotFound("bgm.gone")
        self.bgm_tracks[track_id] = replace(self.bgm_tracks[track_id], **options)

    def rename_bgm(self, actor: accounts.Actor, track_id: int, title: str) -> None:
        self._note("rename_bgm", actor, track_id, title)
        if not title.strip():
            raise DataError("bgm.title", length=0, most=200)
        self._set_track(track_id, title=title)

    def rate_bgm(self, actor: accounts.Actor, track_id: int, rating: int | None) -> None:
        self._note("rate_bgm", actor, track_id, rating)
        self._set_track(track_id, rating=rating)

    def attach_bgm(self, actor: accounts.Actor, track_id: int, song_id: int | None) -> None:
        self._note("attach_bgm", actor, track_id, song_id)
        self._set_track(track_id, song_id=song_id)

    def delete_bgm(self, actor: accounts.Actor, track_id: int) -> None:
        self._note("delete_bgm", actor, track_id)
        self.bgm_gone[track_id] = self.bgm_tracks.pop(track_id)

    def restore_bgm(self, actor: accounts.Actor, track_id: int) -> None:
        self._note("restore_bgm", actor, track_id)
        if track_id not in self.bgm_gone:
            raise NotFound("bgm.gone")
        self.bgm_tracks[track_id] = self.bgm_gone.pop(track_id)
