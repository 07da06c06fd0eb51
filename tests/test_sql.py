"""SQL is written in one place and takes values only as bound parameters: by the source, and by what reaches the driver."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from made_dossiers import ADMIN, MINA, demo, everything
from sqlalchemy import event

import db
import services
from support.errors import AppError
from usecases import jobs

ROOT = Path(__file__).parents[1]
SQL = re.compile(r"\s*(SELECT\s.+\sFROM\s|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|TRUNCATE\s|CREATE\s+TABLE|"
                 r"DROP\s+TABLE|ALTER\s+TABLE|COPY\s+\w+\s+(FROM|TO)\b|WITH\s+\w+\s+AS\s*\()", re.DOTALL)
"""How a statement begins."""
AWAY = {"tests", "bench", "migrations", "queries", "pipelines", "tools", ".venv", "data"}
"""Where statements are at home, and what is no part of the running product."""
MARK = "zq7"
HOSTILE = (f"{MARK}'; DROP TABLE users; --", f'{MARK}" OR ""="', f"{MARK}%' OR '1'='1", f"{MARK}\\'; SELECT pg_sleep(5); --",
           f"{MARK}$$; SELECT 1; $$", f"{MARK}:owner %(owner)s %s {{0}}", f"{MARK}_%\\_", f"'{MARK}", f"{MARK}\u02bc\uff07 OR 1=1",
           f"ARRAY['{MARK}']::text[]")


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Give all texts of a module but for the documentation, f-strings with a gap where a value goes."""
    tree = ast.parse(path.read_text("utf-8"))
    documented = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if id(node) in documented:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
        elif isinstance(node, ast.JoinedStr):
            yield node.lineno, "".join(part.value if isinstance(part, ast.Constant) else " _ " for part in node.values)


def sources() -> list[Path]:
    return [path for path in sorted(ROOT.rglob("*.py")) if path.relative_to(ROOT).parts[0] not in AWAY]


def test_statements_are_in_queries_alone():
    found = [f"{path.relative_to(ROOT)}:{line}: {said[:60]!r}" for path in sources() if path.name != "db.py"
             for line, said in texts(path) if SQL.match(said)]
    assert found == []


@pytest.mark.parametrize("path", sorted((ROOT / "queries").glob("*.py")), ids=lambda path: path.name)
def test_no_argument_is_pasted_into_a_statement(path):
    """What goes into a statement's text is the module's own: a constant, what a look-up gives, a number."""
    tree, found = ast.parse(path.read_text("utf-8")), []
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
        if function.name.startswith("_"):
            continue  # called with the module's own texts
        given = {each.arg for each in (*function.args.args, *function.args.kwonlyargs)} - _listed(function)
        for call in [node for node in ast.walk(function) if isinstance(node, ast.Call) and _name(node) in ("text", "execute")]:
            for part in [node for each in call.args[:1] for node in ast.walk(each) if isinstance(node, ast.FormattedValue)]:
                if isinstance(part.value, ast.Name) and part.value.id in given:
                    found.append(f"{path.name}:{part.lineno}: {ast.unparse(part.value)}")
        for node in ast.walk(function):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant) \
                    and isinstance(node.left.value, str) and SQL.match(node.left.value):
                found.append(f"{path.name}:{node.lineno}: %")
    assert found == []


def _listed(function: ast.FunctionDef) -> set[str]:
    """Return the arguments that the function refuses unless they are in a list of its module."""
    return {node.test.left.id for node in function.body if isinstance(node, ast.If)
            and isinstance(node.test, ast.Compare) and isinstance(node.test.ops[0], ast.NotIn)
            and isinstance(node.test.left, ast.Name) and isinstance(node.body[0], ast.Raise)}


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


@pytest.fixture
def said():
    """Give the statements that reach the driver."""
    heard: list[str] = []

    def hear(connection, cursor, statement, parameters, context, many):
        heard.append(statement)

    event.listen(db.engine(), "before_cursor_execute", hear)
    yield heard
    event.remove(db.engine(), "before_cursor_execute", hear)


def calls(word: str, song: int, made) -> dict[str, object]:
    """Return every service that takes a text, called with that one."""
    wish = services.Wish(tags={}, text=word)
    return {
        "list_auditions": lambda: services.list_auditions(MINA, search=word, verdict=word, panel=word),
        "audition_table": lambda: services.audition_table(MINA, search=word),
        "list_songs": lambda: services.list_songs(MINA, search=word),
        "add_song": lambda: services.add_song(MINA, word, word, f"{word}\n{word} la la la\n"),
        "add_songs": lambda: services.add_songs(MINA, f"[{word} - {word}]\n{word} la la\n".encode(), name=word),
        "catalogue_page": lambda: services.catalogue_page(MINA, search=word, genres=[word], tags=[word],
                                                          languages=[word], sort=word),
        "catalogue_page(search)": lambda: services.catalogue_page(MINA, search=word),
        "catalogue_table": lambda: services.catalogue_table(MINA, search=word),
        "edit_tags": lambda: services.edit_tags(MINA, 1, {word: [word]}),
        "edit_tags(tag)": lambda: services.edit_tags(MINA, 1, {"emotion": [word]}),
        "find_songs": lambda: services.find_songs(MINA, wish, genres=[word]),
        "find_songs(words)": lambda: services.find_songs(MINA, wish),
        "archive": lambda: services.archive(MINA, tag=word),
        "picture_by_link": lambda: services.picture_by_link(MINA, word),
        "playlist_by_link": lambda: services.playlist_by_link(MINA, word),
        "prediction_by_link": lambda: services.prediction_by_link(MINA, word),
        "dossier_by_link": lambda: services.dossier_by_link(word),
        "report_picture": lambda: services.report_picture(MINA, 1, word),
        "leaderboard": lambda: services.leaderboard(MINA, genre=word, search=word, order=word),
        "leaderboard(search)": lambda: services.leaderboard(MINA, search=word),
        "list_predictions": lambda: services.list_predictions(MINA, genre=word, search=word, order=word),
        "list_predictions(search)": lambda: services.list_predictions(MINA, search=word),
        "predictions_table": lambda: services.predictions_table(MINA, kind=word, genre=word, search=word),
        "list_bgm": lambda: services.list_bgm(MINA, word),
        "rename_bgm": lambda: services.rename_bgm(MINA, made.track, word),
        "list_dossier_songs": lambda: services.list_dossier_songs(MINA, word),
        "new_dossier_song": lambda: services.new_dossier_song(MINA, word, word),
        "search_everything": lambda: services.search_everything(MINA, word),
        "similar_playlists": lambda: services.similar_playlists(MINA, word, [word]),
        "submit_thumbnails": lambda: services.submit_thumbnails(MINA, word),
        "add_rule": lambda: services.add_rule(MINA, word, {word: 1.0}, today=date(2026, 1, 1), platform=word),
        "latest_job": lambda: services.latest_job(MINA, word),
        "save_uploads": lambda: services.save_uploads(ADMIN, [(f"{word}.csv", word.encode())]),
        "restore_files": lambda: services.restore_files(ADMIN, [word]),
        "listen": lambda: services.listen(MINA, song, word, word),
        "bgm": lambda: services.submit_bgm(MINA, services.BgmWish(genres=("lofi",), keywords=(word,)), caption=word),
    }


def test_no_text_of_a_user_becomes_part_of_a_statement(export, query, tmp_path, said, monkeypatch):
    song = demo(export, query, tmp_path)
    made = everything(query, 7, song)
    monkeypatch.setattr(jobs, "submit", refuse)
    people = query("SELECT count(*) FROM users")
    reached: set[str] = set()
    for word in HOSTILE:
        for name, call in calls(word, song, made).items():
            said.clear()
            try:
                call()  # type: ignore[operator]
            except AppError:
                pass
            if said:
                reached.add(name)
            assert not [statement for statement in said if MARK in statement], (name, word)
    assert query("SELECT count(*) FROM users") == people
    assert len(reached) > 20, "most services get as far as the database"


def refuse(*given, **named):
    """Let no job begin: what it would be given has reached the door."""
    raise AppError("not_allowed", role="-", act="-")
