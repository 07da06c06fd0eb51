"""Mails about accounts: texts in the reader's language, handed in now or behind the page's back.

Where whether a mail goes out would tell if there is an account, it goes out behind the page's back: the answer takes
equally long then.
"""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for

import config
from locales import t
from providers.smtp import Mailer
from support.errors import ProviderError

log = logging.getLogger(__name__)
_pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="mail")
_under_way: set[Future[None]] = set()


def configured() -> bool:
    """Return whether mails can be sent."""
    return config.load().smtp_url is not None


def send(to: str, kind: str, lang: str, **values: str) -> None:
    """Send the mail whose texts are at ``mail.<kind>``.

    Raises
    ------
    ProviderError
        Also where no server is set.
    """
    settings = config.load()
    if settings.smtp_url is None or settings.smtp_from is None:
        raise ProviderError("mail.off")
    shown = {"product": t(lang, "mail.product"), "minutes": config.CODE_MINUTES,
             "address": settings.public_url or t(lang, "mail.the_page"), **values}
    text = f"{t(lang, f'mail.{kind}.text', **shown)}\n\n{t(lang, 'mail.end', **shown)}\n"
    Mailer(settings.smtp_url, settings.smtp_from).send(to, t(lang, f"mail.{kind}.subject", **shown), text)


def send_later(to: str, kind: str, lang: str, **values: str) -> None:
    """Send a mail without having anybody wait for it; what fails is in the log, without the recipient."""
    future = _pool.submit(_send_logged, to, kind, lang, values)
    _under_way.add(future)
    future.add_done_callback(_under_way.discard)


def _send_logged(to: str, kind: str, lang: str, values: dict[str, str]) -> None:
    try:
        send(to, kind, lang, **values)
    except ProviderError as error:
        log.warning("A mail (%s) was not sent: %s", kind, error)


def settle(timeout_s: float = 30.0) -> None:
    """Wait for the mails under way."""
    wait_for(list(_under_way), timeout=timeout_s)
