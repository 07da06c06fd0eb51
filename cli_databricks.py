"""Operator's commands for work on a cluster: ``python -m cli databricks --help`` (docs/scale.md)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

import services
from locales import t
from support.errors import AppError

app = typer.Typer(help="Bulk work and recommendations on Databricks.", no_args_is_help=True)
Lang = Annotated[str, typer.Option(help="ko or en.")]
Json = Annotated[bool, typer.Option("--json", help="Print one line of JSON.")]


class Steps:
    """Tells on stderr what a run does (see `usecases.remote.Watch`); Ctrl+C stops the run on the cluster."""

    cancelled = False

    def __init__(self) -> None:
        self._said = ""

    def report(self, done: int, total: int, note: str = "") -> None:
        """Write a line when something has changed."""
        text = f"{done} / {total} {note}"
        if text != self._said:
            self._said = text
            typer.echo(text, err=True)


@app.command()
def upload(file: Annotated[Path, typer.Argument(help="An export, a list of songs, a manifest.")],
           name: Annotated[str | None, typer.Option("--as", help="Name there; `catalogue` is searched.")] = None,
           lang: Lang = "en") -> None:
    """Put a file where the cluster's jobs find it. Exits with 1 if that failed."""
    target = _done(lambda: services.upload_remotely(services.current_actor(), file, name), lang)
    typer.echo(t(lang, "cli_remote.uploaded", name=file.name, target=target))


@app.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def run(name: Annotated[str, typer.Argument(help="ingest, catalogue, audio or recommend.")],
        parameters: Annotated[list[str] | None, typer.Argument(help="As `python -m pipelines NAME --help`.")] = None,
        lang: Lang = "en") -> None:
    """Run a job of `pipelines` there and print its report as one line of JSON. Exits with 1 if that failed."""
    found = _done(lambda: services.run_remotely(services.current_actor(), name, parameters or [], Steps()), lang)
    typer.echo(t(lang, "cli_remote.ran", run=found.run, name=name, seconds=f"{found.seconds:.0f}"), err=True)
    typer.echo(json.dumps(dict(found.report), ensure_ascii=False))


@app.command()
def recommend(picture: Annotated[int, typer.Argument(help="Number of the picture, as in its address on the page.")],
              genre: Annotated[list[str] | None, typer.Option(help="Up to three genres.")] = None,
              count: Annotated[int, typer.Option(help="Songs, 5 to 30.")] = 5,
              seed: Annotated[int, typer.Option(help="Another one draws again.")] = 0,
              as_json: Json = False, lang: Lang = "en") -> None:
    """Find songs for a picture's tags in the list uploaded as `catalogue`. Exits with 1 if that failed."""
    found = _done(lambda: services.recommend_remotely(services.current_actor(), picture, genres=genre or (),
                                                      count=count, seed=seed, progress=Steps()), lang)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    for song in found["songs"]:
        values = {**song, "similarity": f"{song['similarity']:.3f}"}
        typer.echo(t(lang, "cli_remote.song" if song["song_id"] else "cli_remote.unknown_song", **values))


def _done(work: Callable[[], Any], lang: str) -> Any:
    """Return what `work` gives with the database there, or tell its error and exit with 1."""
    try:
        services.start(sample=False)
        return work()
    except AppError as error:
        typer.echo(error.message(lang), err=True)
        raise typer.Exit(1) from error
    finally:
        services.stop()
