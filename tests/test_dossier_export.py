"""A dossier as files: one HTML that runs nothing of what is in it and loads nothing, one ZIP; whose things are in them."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from html.parser import HTMLParser

import pytest
from made_dossiers import (
    ADMIN,
    JUNO,
    MINA,
    VIK,
    audition,
    demo,
    everything,
    jpeg,
    playlist,
    prediction,
    thumbnail,
    track,
)

from accounts import Actor
from support.errors import NotFound
from usecases.dossier import new_dossier_song
from usecases.dossier_export import csv_of, dossier_html, dossier_zip
from usecases.dossier_shares import revoke_dossier_share, share_dossier

EVIL = "</script></td><script>window.ran=1</script><img src=x onerror=window.ran=1>"
FORMULA = "=HYPERLINK(1)"


@pytest.fixture
def song(export, query, tmp_path):
    return demo(export, query, tmp_path)


class Page(HTMLParser):
    """What a browser would make of the file: elements, attributes, text, scripts by their type."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.figures, self.code, self.said = [], [], [], [], []
        self._inside = None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self._inside = dict(attrs).get("type", "code") if tag == "script" else tag

    def handle_endtag(self, tag):
        self._inside = None

    def handle_data(self, data):
        if self._inside == "application/json":
            self.figures.append(json.loads(data))
        elif self._inside == "code":
            self.code.append(data)
        else:
            self.said.append(data)

    @property
    def text(self):
        return "\n".join(self.said)


def page(actor, song, lang="en", token=None):
    return Page(dossier_html(actor, song, lang, token).decode())


def box(actor, song, lang="en"):
    made = zipfile.ZipFile(io.BytesIO(dossier_zip(actor, song, lang)))
    assert made.testzip() is None
    return {name: made.read(name) for name in made.namelist()}


def rows(data):
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


def poisoned(query, owner, text):
    """Let every text that a user or a file can bring into a dossier be `text`."""
    song = new_dossier_song(Actor(owner, "analyst", "x"), f"{text} artist", f"{text} title")
    query("""INSERT INTO catalogue_entries (song_id, genre, album, situation, haystack, source)
             VALUES (:song, :text, :text, ARRAY[:text, '카페'], '', 'x')""", song=song, text=text)
    query("INSERT INTO track_info (song_id, known, tags) VALUES (:song, true, ARRAY[:text])", song=song, text=text)
    everything(query, owner, song, title=text, artist=text)
    query("UPDATE auditions SET verdict = :text, panel = :text, lyrics = :text", text=text)
    query("UPDATE playlists SET title = :text", text=text)
    query("UPDATE playlist_pictures SET title = :text", text=text)
    query("UPDATE bgm_tracks SET title = :text", text=text)
    return song


# --- HTML ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("lang", "words"), [
    ("ko", ("성장과 예측", "오디션", "히트 예측", "플레이리스트", "썸네일", "배경음악", "비슷한 곡")),
    ("en", ("Growth and forecast", "Auditions", "Hit predictions", "Playlists", "Thumbnails", "Background music", "similar"))])
def test_a_whole_dossier_in_both_languages(song, query, lang, words):
    everything(query, 7, song)
    html = dossier_html(MINA, song, lang).decode()
    made = Page(html)
    assert f'<html lang="{lang}">' in html and all(word in made.text for word in words)
    assert "IU – Palette" in made.text and "169,000" in made.text and "72\u00a0/\u00a0100 (60–84)" in made.text
    assert "210\u00a0/\u00a0300" in made.text and "PASS" in made.text and "Near 1" in made.text
    # two platforms, a score, the thumbnails
    assert len(made.figures) == 4
    pictures = made.figures[-1]["layout"]["images"]
    assert len(pictures) == 1 and pictures[0]["source"].startswith("data:image/jpeg;base64,/9j/")


def test_it_loads_nothing(song, query):
    everything(query, 7, song)
    html = dossier_html(MINA, song, "en").decode()
    made = Page(html)
    assert not [name for name, _ in made.attributes if name in ("src", "href", "srcset", "action", "data")]
    assert not {"link", "img", "iframe", "object", "embed", "form"} & set(made.tags)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)[1]
    assert "default-src 'none'" in policy and "http" not in policy and "unsafe-inline'; img" in policy
    assert "url(" not in re.search(r"<style>(.*?)</style>", html, re.S)[1]


def test_a_script_in_every_text_is_text(song, query):
    poisoned_song = poisoned(query, 7, EVIL)
    plain, made = page(MINA, song), page(MINA, poisoned_song)
    assert set(made.tags) <= set(plain.tags) | {"caption"} and "img" not in made.tags
    assert not [name for name, _ in made.attributes if name.startswith("on")]
    assert made.code == plain.code and len(made.code) == 2  # not a letter of the data in what is run
    assert made.text.count("window.ran=1") >= 14  # twice in each of heading, title, tables
    assert made.figures and "window.ran" not in json.dumps(made.figures)
    assert ("aria-label", EVIL) in made.attributes  # a title beside its picture, whole and quoted


def test_an_empty_dossier_says_so(song):
    bare = new_dossier_song(MINA, "Nobody", "Nothing")
    made = page(MINA, bare)
    assert made.text.count("Nothing yet.") == 7 and made.figures == [] and made.code == []


def test_more_than_it_shows_is_said(song, query):
    for _ in range(14):
        audition(query, 7, song)
    assert "The newest 12 of 14." in page(MINA, song).text


def test_a_picture_that_is_none_is_left_out(song, query):
    thumbnail(query, 7, song, data=b"not a picture")
    good = thumbnail(query, 7, song, title="Good")
    pictures = [figure for figure in page(MINA, song).figures if figure["layout"].get("images")]
    assert good and len(pictures) == 1


def test_the_newest_pictures_are_shown(song, query):
    for number in range(8):
        thumbnail(query, 7, song, title=f"Picture {number}.")
    made = page(MINA, song)
    assert "The newest 6 of 8." in made.text and "Picture 2." in made.text and "Picture 1." not in made.text


# --- whose --------------------------------------------------------------------------------------------------------


def test_nothing_of_another_user_is_in_the_files(song, query):
    everything(query, 8, song, title="Juno's", artist="Juno's")
    query("UPDATE playlists SET title = 'Juno list'")
    query("UPDATE playlist_pictures SET title = 'Juno picture'")
    query("UPDATE bgm_tracks SET title = 'Juno music'")
    for actor in (MINA, ADMIN, VIK):
        assert "Juno" not in page(actor, song).text
        found = box(actor, song)
        assert not any(b"Juno" in data for data in found.values())
        assert not [name for name in found if name.startswith(("thumbnails", "music", "auditions", "predictions"))]
    assert "Juno music" in page(JUNO, song).text and "auditions.json" in box(JUNO, song)


def test_a_song_of_another_user_makes_no_file(song):
    secret = new_dossier_song(JUNO, "Secret Band", "Secret Song")
    for make in (dossier_html, dossier_zip):
        for there in (secret, 987654):
            with pytest.raises(NotFound) as caught:
                make(MINA, there, "en")
            assert caught.value.code == "dossier.gone"


def test_a_link_gives_its_owners_html_and_only_of_its_song(song, query):
    everything(query, 7, song)
    playlist(query, 8, song, title="Juno list")
    other = query("SELECT id FROM songs WHERE title = 'Near 1'")[0][0]
    share = share_dossier(MINA, song)
    made = page(VIK, song, token=share.token)
    assert "PASS" in made.text and "Juno" not in made.text and len(made.figures) == 4
    assert "PASS" not in page(VIK, song).text
    for there, token in ((other, share.token), (song, "x" * 43)):
        with pytest.raises(NotFound) as caught:
            dossier_html(VIK, there, "en", token)
        assert caught.value.code == "dossier.link_gone"
    revoke_dossier_share(MINA, share.id)
    with pytest.raises(NotFound) as caught:
        dossier_html(VIK, song, "en", share.token)
    assert caught.value.code == "dossier.link_gone"
    assert query("SELECT opened FROM dossier_shares") == [(0,)]


# --- ZIP ----------------------------------------------------------------------------------------------------------


def test_the_zip_holds_every_file(song, query):
    made = everything(query, 7, song)
    picture = thumbnail(query, 7, song, title="../../비 오는 날.exe", data=jpeg("blue"))
    sound = track(query, 7, song, title="/etc/passwd", ogg=b"OggS sound")
    found = box(MINA, song)
    assert set(found) == {
        "dossier.html", "readings.csv", "forecasts.csv", "tags.csv", "similar.csv", "auditions.csv", "predictions.csv",
        "playlists.csv", "thumbnails.csv", "tracks.csv", "auditions.json", "predictions.json",
        f"thumbnails/{made.thumbnail}_Palette.jpg", f"thumbnails/{picture}_비_오는_날_exe.jpg",
        f"music/{made.track}_Calm.ogg", f"music/{sound}_etc_passwd.ogg"}
    assert found[f"thumbnails/{picture}_비_오는_날_exe.jpg"] == jpeg("blue")
    assert found[f"music/{sound}_etc_passwd.ogg"] == b"OggS sound"
    readings = rows(found["readings.csv"])
    assert readings[0] == ["platform", "day", "total", "gain", "flags"] and len(readings) == 241
    assert readings[-1] == ["youtube", "2026-04-30", "169000.0", "1000.0", "interpolated"]
    assert [row[0] for row in rows(found["forecasts.csv"])] == ["platform", "youtube", "spotify"]
    assert ["situation", "카페"] in rows(found["tags.csv"]) and len(rows(found["similar.csv"])) == 7


def test_json_holds_all_that_is_stored(song, query):
    audition(query, 7, song, lyrics="line one")
    prediction(query, 7, song)
    query("UPDATE predictions SET token = 'secret-token'")
    found = box(MINA, song)
    heard = json.loads(found["auditions.json"])["auditions"]
    assert (heard[0]["title"], heard[0]["lyrics"], heard[0]["scaled_300"]) == ("Palette", "line one", 210)
    predicted = json.loads(found["predictions.json"])
    assert (predicted[0]["score"], predicted[0]["score_low"], predicted[0]["genre"]) == (72, 60, "POP")
    assert b"secret-token" not in found["predictions.json"]


@pytest.mark.parametrize("text", [FORMULA, "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1"])
def test_formula_cells_are_text(song, query, text):
    found = box(MINA, poisoned(query, 7, text))
    cells = [cell for name, data in found.items() if name.endswith(".csv") for row in rows(data) for cell in row]
    assert sum(cell.startswith(f"'{text}") for cell in cells) >= 6
    assert not [cell for cell in cells if cell[:1] in tuple("=+@\t\r＝＋＠") and cell]
    assert not [cell for cell in cells if cell[:1] == "-" and not re.fullmatch(r"-[\d.]+", cell)]


def test_numbers_stay_numbers():
    assert rows(csv_of(("a", "b", "c"), [(-1.5, float("nan"), "-1.5")])) == [["a", "b", "c"], ["-1.5", "", "'-1.5"]]


def test_an_empty_dossier_is_a_zip_with_the_html(song):
    assert set(box(MINA, new_dossier_song(MINA, "Nobody", "Nothing"))) == {"dossier.html"}
