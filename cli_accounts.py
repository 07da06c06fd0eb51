"""Operator's commands for accounts: ``python -m cli create-admin``, ``reset-password``, ``members``.

Passwords are typed without being shown or come through standard input: what is in a command stays in the shell's
history and is seen by every user of the machine.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

import typer

import services
from locales import format_time, t
from support.errors import AppError

app = typer.Typer()
Stdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]
Lang = Annotated[str, typer.Option(help="ko or en.")]


@app.command("create-admin")
def create_admin(email: Annotated[str, typer.Argument(help="E-mail address to sign in with.")],
                 nickname: Annotated[str | None, typer.Option(help="Shown to others; a new account needs one.")] = None,
                 take_over: Annotated[bool, typer.Option(
                     "--take-over", help="Keep all that was made with AUTH=off: its local user becomes this account.",
                     )] = False,
                 keep_password: Annotated[bool, typer.Option(
                     "--keep-password", help="Make an existing account an administrator as it is.")] = False,
                 password_stdin: Stdin = False, lang: Lang = "en") -> None:
    """Make an administrator for AUTH=local, or make an existing account one. Exits with 1 if that failed."""
    password = None if keep_password else _password(lang, password_stdin)
    made = _done(lang, lambda: services.create_admin(email, password, nickname, take_over=take_over))
    typer.echo(t(lang, "cli_accounts.made", nickname=made.nickname, email=made.email))
    if services.settings().auth != "local":
        typer.echo(t(lang, "cli_accounts.not_local", auth=services.settings().auth), err=True)


@app.command("reset-password")
def reset_password(email: Annotated[str, typer.Argument(help="E-mail address of the account.")],
                   password_stdin: Stdin = False, lang: Lang = "en") -> None:
    """Set another password; the account is signed out everywhere. Exits with 1 if that failed."""
    password = _password(lang, password_stdin)
    member = _done(lang, lambda: services.set_password(email, password))
    typer.echo(t(lang, "cli_accounts.reset", nickname=member.nickname, email=member.email))


@app.command("members")
def members(search: Annotated[str, typer.Option(help="In nickname or e-mail address.")] = "",
            page: Annotated[int, typer.Option(help="From 1 on; 50 a page.")] = 1,
            as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
            lang: Lang = "en") -> None:
    """List the accounts, administrators first. Exits with 1 if that failed."""
    found = _done(lang, lambda: services.list_members(services.current_actor(), search, page))
    if as_json:
        typer.echo(json.dumps(asdict(found), default=str, ensure_ascii=False))
        return
    for member in found.rows:
        typer.echo("\t".join((str(member.id), member.role, member.kind, t(lang, f"cli_accounts.{_state(member)}"),
                              member.nickname, member.email or "–", format_time(lang, member.seen_at))))
    typer.echo(t(lang, "cli_accounts.page", count=found.count, page=found.page, pages=found.pages), err=True)


def _state(member: services.Member) -> str:
    if member.disabled_at is not None:
        return "disabled"
    return "unverified" if member.kind == "member" and member.verified_at is None else "active"


def _password(lang: str, stdin: bool) -> str:
    """Return a password from standard input, or typed twice."""
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(typer.prompt(t(lang, "cli_accounts.password"), hide_input=True, confirmation_prompt=True))


def _done(lang: str, work: Callable[[], Any]) -> Any:
    """Return what `work` gives, or tell its error and exit with 1; whatever was started is stopped."""
    try:
        services.start(sample=False)
        return work()
    except AppError as error:
        typer.echo(error.message(lang), err=True)
        raise typer.Exit(1) from error
    finally:
        services.stop()
