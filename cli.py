"""Operator's commands: ``python -m cli --help``."""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

import cli_accounts
import cli_databricks
import services
from locales import t
from support.errors import AppError, describe

app = typer.Typer(help="Music Integrated System: operator's commands.", no_args_is_help=True, add_completion=False)
train = typer.Typer(help="Train a model on what is in the database.", no_args_is_help=True)
app.add_typer(train, name="train")
app.add_typer(cli_accounts.app)
app.add_typer(cli_databricks.app, name="databricks")


@app.callback()
def main(verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the log.")] = False) -> None:
    """Set up the log."""
    logging.basicConfig(level=logging.INFO if verbose else logging.ERROR, format="%(levelname)s %(name)s %(message)s")


class Bar:
    """Progress on the terminal (see `usecases.sync.Progress`)."""

    def __init__(self) -> None:
        self._shown = -1
        self._began = time.monotonic()
        self._from = 0
        self._told = False

    def report(self, done: int, total: int, note: str = "") -> None:
        """Write a line at every further tenth, and at the first step that tells how many minutes are left."""
        tenth = 10 * done // total if total else 10
        if tenth < self._shown or self._shown < 0:  # another part of the work has begun
            self._shown, self._began, self._from, self._told = -1, time.monotonic(), done, False
        minutes = (time.monotonic() - self._began) / 60 * (total - done) / max(done - self._from, 1)
        late = minutes >= 1 and done > self._from
        if tenth > self._shown or (late and not self._told):
            self._shown, self._told = tenth, self._told or late
            typer.echo(f"{done:>6} / {total} {note}{f' (about {minutes:.0f} min left)' if late else ''}", err=True)

    def check(self) -> None:
        """Never stop: Ctrl+C does, and keeps whole files."""


@app.command()
def sync(path: Annotated[Path | None, typer.Argument(help="Folder or one file; by default cmdata/.")] = None,
         force: Annotated[bool, typer.Option("--force", help="Read unchanged files again.")] = False,
         only: Annotated[bool, typer.Option("--only", help="Leave forecasts and alerts to `analyse`.")] = False,
         as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
         lang: Annotated[str, typer.Option(help="ko or en.")] = "en") -> None:
    """Bring the database up to the exports in a folder, then refresh figures, forecasts and alerts.

    Exits with 1 if the sync failed, with 2 if files were refused.
    """
    try:
        services.start(sample=False)
        report = services.sync(services.current_actor(), path, force=force, progress=Bar())
        if not only:
            services.analyse(services.current_actor(), progress=Bar())
    except AppError as error:
        typer.echo(error.message(lang), err=True)
        raise typer.Exit(1) from error
    finally:
        services.stop()
    for file in report.files:
        if file.outcome == "refused" and file.reason:
            typer.echo(f"refused  {file.name}: {describe(lang, file.reason, file.reason_values)}", err=as_json)
    counts = Counter(file.outcome for file in report.files)
    if as_json:
        typer.echo(json.dumps({"run_id": report.run_id, **report.totals}))
        raise typer.Exit(2 if counts["refused"] else 0)
    typer.echo(t(lang, "cli.synced", files=len(report.files), **{name: counts[name] for name in (
        "imported", "unchanged", "skipped", "refused")}))
    typer.echo(t(lang, "cli.lines", **{name: f"{report.totals[name]:,}" for name in (
        "lines_read", "accepted", "rejected", "repeated")}))
    if counts["refused"]:
        raise typer.Exit(2)


@app.command()
def analyse(as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
            lang: Annotated[str, typer.Option(help="ko or en.")] = "en") -> None:
    """Refresh figures and forecasts of artists whose readings changed, check the alerts and post what is new.

    Exits with 1 if that failed.
    """
    try:
        services.start(sample=False)
        report = services.analyse(services.current_actor(), progress=Bar())
    except AppError as error:
        typer.echo(error.message(lang), err=True)
        raise typer.Exit(1) from error
    finally:
        services.stop()
    typer.echo(json.dumps(asdict(report)) if as_json else t(lang, "cli.analysed", **asdict(report)))


@app.command()
def alerts(as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
           lang: Annotated[str, typer.Option(help="ko or en.")] = "en") -> None:
    """Check the alerts and post what is new, also what could not be posted before; then list what is unseen.

    Exits with 1 if the check failed, with 2 if something could not be posted.
    """
    try:
        services.start(sample=False)
        new = services.evaluate(datetime.now(UTC).date())
        sent, failed = services.deliver(lang, again=True)
        unseen = services.list_events(services.current_actor(), unseen=True)
    except AppError as error:
        typer.echo(error.message(lang), err=True)
        raise typer.Exit(1) from error
    finally:
        services.stop()
    if as_json:
        typer.echo(json.dumps({"new": new, "sent": sent, "failed": failed, "unseen": len(unseen)}))
    else:
        typer.echo(t(lang, "cli.alerts", new=new, sent=sent, failed=failed))
        for event in unseen:
            typer.echo(f"  {services.sentence(event, lang)}")
    if failed:
        raise typer.Exit(2)


@app.command("import-catalogue")
def import_catalogue(file: Annotated[Path, typer.Argument(help="CSV or Parquet: title, artist, genre, tags.")],
                     as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
                     lang: Annotated[str, typer.Option(help="ko or en.")] = "en") -> None:
    """Bring the song catalogue up to a file; an import that was cut short goes on where it stopped.

    Exits with 1 if the import failed, with 2 if rows were refused.
    """
    try:
        services.start(sample=False)
        report = services.import_catalogue(services.current_actor(), file, progress=Bar())
    except AppError as error:
        typer.echo(error.message(lang), err=True)
        raise typer.Exit(1) from error
    finally:
        services.stop()
    for row in report.refusals:
        why = describe(lang, row.code, row.values)
        typer.echo(t(lang, "cli.catalogue_refused", line=row.line, why=why), err=as_json)
    counts = {name: getattr(report, name) for name in (
        "rows_read", "added", "changed", "unchanged", "edited", "untagged", "repeated", "refused")}
    if as_json:
        typer.echo(json.dumps({"id": report.id, **counts, "unknown_tags": report.unknown_tags}, ensure_ascii=False))
    else:
        typer.echo(t(lang, "cli.catalogue", **{name: f"{count:,}" for name, count in counts.items()}))
        if report.unknown_tags:
            words = ", ".join(f"{word} ({count:,})" for word, count in report.unknown_tags.items())
            typer.echo(t(lang, "cli.catalogue_unknown", words=words))
    if report.refused:
        raise typer.Exit(2)


@app.command("import-melon")
def import_melon(folder: Annotated[Path, typer.Argument(help="With train.json, song_meta.json, genre_gn_all.json.")],
                 as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
                 lang: Annotated[str, typer.Option(help="ko or en.")] = "en") -> None:
    """Bring in the Kakao Arena's playlists, in place of those before; titles that lack their vector get it.

    Ctrl+C leaves no half import; vectors that were made stay, and the same command goes on. Exits with 1 if it failed.
    """
    try:
        services.start(sample=False)
        report = services.import_melon(services.current_actor(), folder, progress=Bar())
    except AppError as error:
        typer.echo(error.message(lang), err=True)
        raise typer.Exit(1) from error
    finally:
        services.stop()
    if as_json:
        typer.echo(json.dumps(asdict(report)))
        return
    told = {name: f"{value:,}" for name, value in asdict(report).items() if name not in ("dropped", "imported")}
    typer.echo(t(lang, "cli_playlists.imported" if report.imported else "cli_playlists.unchanged", **told))
    typer.echo(t(lang, "cli_playlists.dropped", **{name: f"{count:,}" for name, count in report.dropped.items()}))
    typer.echo(t(lang, "cli_playlists.embedded", **told))


@train.command("playlists")
def train_playlists(as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
                    lang: Annotated[str, typer.Option(help="ko or en.")] = "en") -> None:
    """Train the playlist model; it is taken unless it is worse than the one in use on playlists neither has seen.

    It is put in the data folder; the model that comes with the product stays. Exits with 1 if that failed.
    """
    try:
        services.start(sample=False)
        report = services.train_playlists(services.current_actor(), progress=Bar())
    except AppError as error:
        typer.echo(error.message(lang), err=True)
        raise typer.Exit(1) from error
    finally:
        services.stop()
    if as_json:
        typer.echo(json.dumps(asdict(report)))
        return
    typer.echo(t(lang, "cli_playlists.learned", playlists=f"{report.playlists:,}", songs=f"{report.songs:,}"))
    for name, figures in (("old", report.old), ("new", report.new)):
        typer.echo(t(lang, f"cli_playlists.{name}", **_figures(figures)) if figures else
                   t(lang, "cli_playlists.no_old"))
    typer.echo(t(lang, "cli_playlists.taken" if report.replaced else "cli_playlists.kept"))


@train.command("hit")
def train_hit(manifest: Annotated[Path, typer.Option(help="CSV: see docs/hit-prediction.md.")],
              genre: Annotated[str | None, typer.Option(help="Only the audio network of POP, BALLAD or DANCE.")] = None,
              kind: Annotated[str, typer.Option(help="Audio network: cnn1d, cnn2d, lstm or crnn.")] = "cnn1d",
              as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
              lang: Annotated[str, typer.Option(help="ko or en.")] = "en") -> None:
    """Train the parts of the hit model on your own labelled tracks; a part is replaced only by a better one.

    Models, their cards and the report are put in the data folder. Exits with 1 if that failed.
    """
    try:
        services.start(sample=False)
        report = services.train_hit(services.current_actor(), manifest, genre=genre, kind=kind, progress=Bar())
    except AppError as error:
        typer.echo(error.message(lang), err=True)
        raise typer.Exit(1) from error
    finally:
        services.stop()
    typer.echo(json.dumps(asdict(report)) if as_json else services.training_report(report, lang))


@app.command()
def predict(path: Annotated[Path, typer.Argument(help="A folder or a ZIP of tracks, with manifest.csv if you like.")],
            prior: Annotated[float, typer.Option(help="Share of hits the probability is stated at.")] = 0.01,
            lang: Annotated[str, typer.Option(help="ko or en.")] = "en") -> None:
    """Judge the tracks of a folder; the answers are on the page, and here as CSV. Exits with 1 if that failed."""
    try:
        services.start(sample=False)
        actor = services.current_actor()
        batch = services.predict_folder(actor, path, prior=prior, progress=Bar())
        table = services.predictions_table(actor, batch_id=batch)
        refused = next(each.refused for each in services.list_prediction_batches(actor) if each.id == batch)
    except AppError as error:
        typer.echo(error.message(lang), err=True)
        raise typer.Exit(1) from error
    finally:
        services.stop()
    for name, code, values in refused:
        typer.echo(f"refused  {name}: {describe(lang, code, dict(values))}", err=True)
    typer.echo(table.to_csv(index=False), nl=False)


@app.command()
def compose(caption: Annotated[str, typer.Argument(help="Moods, genres, instruments, BPM, in Korean or English.")],
            out: Annotated[Path, typer.Option(help="Folder for WAV, OGG and MIDI.")] = Path(),
            seconds: Annotated[float, typer.Option(help="Length, 5 to 300.")] = 30.0,
            variants: Annotated[int, typer.Option(help="Versions, 1 to 8.")] = 1,
            loop: Annotated[bool, typer.Option("--loop", help="Whole bars whose end flows into the start.")] = False,
            loudness: Annotated[float, typer.Option(help="LUFS: -14, -16 or -23.")] = -14.0,
            seed: Annotated[int, typer.Option(help="The same gives the same music.")] = 1,
            lang: Annotated[str, typer.Option(help="ko or en.")] = "en") -> None:
    """Compose background music into a folder; no database is needed. Exits with 1 if that failed."""
    try:
        wish, unknown = services.read_bgm_caption(caption, services.BgmWish(
            seconds=seconds, variants=variants, loop=loop, loudness=loudness, seed=seed))
        written = services.write_bgm(services.current_actor(), wish, out, progress=Bar())
    except AppError as error:
        typer.echo(error.message(lang), err=True)
        raise typer.Exit(1) from error
    if unknown:
        typer.echo(t(lang, "cli.compose_unknown", words=", ".join(unknown)), err=True)
    for path in written:
        typer.echo(path)


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="A new file; it holds password hashes: keep it private.")],
           as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
           lang: Annotated[str, typer.Option(help="ko or en.")] = "en") -> None:
    """Write the whole database and what lies beside it in the data folder into one file; the server may run.

    Exits with 1 if that failed.
    """
    report = _operated(lambda: services.backup(services.current_actor(), file, progress=Bar()), lang)
    if as_json:
        typer.echo(json.dumps(asdict(report), default=str))
        return
    typer.echo(t(lang, "cli_operation.backed_up", path=file, megabytes=f"{report.size_bytes / 1e6:,.1f}",
                 sha256=report.sha256, **_backed_up(report)))
    if report.skipped:
        typer.echo(t(lang, "cli_operation.skipped", names=", ".join(report.skipped)), err=True)


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="What `backup` has written.")],
            replace: Annotated[bool, typer.Option("--replace", help="Replace what is there.")] = False,
            as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
            lang: Annotated[str, typer.Option(help="ko or en.")] = "en") -> None:
    """Bring database and data folder to what a backup holds, wholly or not at all; the server must not run.

    Exits with 1 if that failed; nothing has changed then.
    """
    report = _operated(lambda: services.restore(services.current_actor(), file, replace=replace, progress=Bar()), lang)
    typer.echo(json.dumps(asdict(report), default=str) if as_json else
               t(lang, "cli_operation.restored", at=f"{report.made_at:%Y-%m-%d %H:%M %Z}", **_backed_up(report)))


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
           lang: Annotated[str, typer.Option(help="ko or en.")] = "en") -> None:
    """Look at all the product stands on; each finding with the next step. Exits with 1 if something failed."""
    checks = _operated(lambda: services.doctor(services.current_actor()), lang)
    told = [(check, *services.finding(check, lang)) for check in checks]
    failed, warned = (sum(check.state == state for check in checks) for state in ("fail", "warn"))
    if as_json:
        typer.echo(json.dumps({"failed": failed, "warned": warned, "checks": [
            {"name": check.name, "state": check.state, "code": check.code, "said": said, "next": step}
            for check, said, step in told]}, ensure_ascii=False))
        raise typer.Exit(1 if failed else 0)
    for check, said, step in told:
        typer.echo(f"{check.state:<5} {check.name:<10} {said}")
        if step:
            typer.echo(f"{'':16} {t(lang, 'cli_operation.next', text=step)}")
    typer.echo(t(lang, f"cli_operation.{'failed' if failed else 'warned' if warned else 'fine'}",
                 **({"count": failed or warned} if failed or warned else {})))
    raise typer.Exit(1 if failed else 0)


@app.command("status")
def show_status(as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
                lang: Annotated[str, typer.Option(help="ko or en.")] = "en") -> None:
    """Tell whether the server runs, its jobs, the last sync, sizes, users and versions. Exits with 1 if that failed."""
    found = _operated(lambda: services.status(services.current_actor()), lang)
    typer.echo(json.dumps(asdict(found), default=str) if as_json else services.status_text(found, lang))


def _operated(work: Callable[[], Any], lang: str) -> Any:
    """Return what `work` gives, or tell its error and exit with 1; whatever was started is stopped."""
    try:
        return work()
    except AppError as error:
        typer.echo(error.message(lang), err=True)
        raise typer.Exit(1) from error
    finally:
        services.stop()


def _backed_up(report: services.Backup) -> dict[str, str]:
    return {"rows": f"{sum(report.tables.values()):,}", "tables": f"{len(report.tables)}", "files": f"{report.files:,}",
            "revision": report.revision}


def _figures(figures: Mapping[str, Any]) -> dict[str, str]:
    return {name: f"{value:.4f}" if isinstance(value, float) else str("-" if value is None else value)
            for name, value in figures.items() if name != "kinds"}


if __name__ == "__main__":
    app()
