"""Mail, handed to a server by SMTP (RFC 5321) with STARTTLS (RFC 3207) or TLS from the start.

A password is sent through TLS only, but to this machine itself. No error and no log line holds a recipient, a text or
a password.
"""

from __future__ import annotations

import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from providers.outbound import permit
from support.errors import ProviderError

TIMEOUT_S = 10.0
"""Seconds without an answer after which a server is given up: somebody waits for the page."""
PORTS = {"smtp": 587, "smtps": 465}


class Mailer:
    """A server that takes mail.

    Parameters
    ----------
    url : str
        ``smtp://USER:PASSWORD@HOST:PORT`` (STARTTLS where the server offers it) or ``smtps://...``.
    sender : str
        Who sends: ``name@example.org`` or ``Name <name@example.org>``.
    timeout_s : float
        Seconds for each answer.
    tls : ssl.SSLContext, optional
        What certificates are checked with; by default those the machine trusts.
    """

    def __init__(self, url: str, sender: str, *, timeout_s: float = TIMEOUT_S, tls: ssl.SSLContext | None = None,
                 ) -> None:
        parts = urlsplit(url)
        self._scheme, self._host = parts.scheme, parts.hostname or "localhost"
        self._port = parts.port or PORTS[parts.scheme]
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._name, self._sender = parseaddr(sender)
        self._timeout_s, self._tls = timeout_s, tls

    def __repr__(self) -> str:
        return f"Mailer({self._scheme}://{self._host}:{self._port})"

    def send(self, to: str, subject: str, text: str) -> None:
        """Hand in one mail of plain text.

        Raises
        ------
        ValueError
            If `to` or `subject` hold line breaks or `to` is no address: such a mail could go elsewhere.
        ProviderError
            If the server is not reached, does not answer, does not let us in or does not take the mail.
        """
        message = self._message(to, subject, text)
        why = "failed"
        try:
            with self._connected() as server:
                server.send_message(message, self._sender, [to])
                return
        except smtplib.SMTPAuthenticationError:
            why = "login"
        except smtplib.SMTPRecipientsRefused:
            why = "recipient"
        except smtplib.SMTPResponseException as error:
            why = "later" if 400 <= error.smtp_code < 500 else "refused"
        except ssl.SSLError:
            why = "tls"
        except (OSError, smtplib.SMTPException) as error:
            # while it waits for an answer the library wraps the time-out
            why = "timeout" if TimeoutError in (type(error), type(error.__context__)) else "unreachable"
        # Raised outside of the handler: the library's error names the recipient and must not travel along.
        raise ProviderError("mail.not_sent", why={"key": f"errors.mail.why_{why}", "values": {}})

    def _message(self, to: str, subject: str, text: str) -> EmailMessage:
        message = EmailMessage()
        message["From"] = Address(self._name, addr_spec=self._sender)
        message["To"] = Address(addr_spec=to)
        message["Subject"] = subject
        message["Date"] = formatdate(localtime=False)
        message["Message-ID"] = make_msgid(domain=self._sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no automatic answers
        message.set_content(text)
        return message

    def _connected(self) -> smtplib.SMTP:
        """Return a connection that mail can be handed in through; it is closed where that fails."""
        server = self._server()
        try:
            if self._scheme == "smtp":
                server.ehlo_or_helo_if_needed()
                if server.has_extn("starttls"):
                    server.starttls(context=self._context())
                elif self._user and not _is_here(self._host):
                    raise ssl.SSLError("no STARTTLS")
            if self._user:
                server.login(self._user, self._password)
        except BaseException:
            server.close()
            raise
        return server

    def _server(self) -> smtplib.SMTP:
        permit(f"{self._scheme}://{f'[{self._host}]' if ':' in self._host else self._host}:{self._port}")
        if self._scheme == "smtps":
            return smtplib.SMTP_SSL(self._host, self._port, timeout=self._timeout_s, context=self._context())
        return smtplib.SMTP(self._host, self._port, timeout=self._timeout_s)

    def _context(self) -> ssl.SSLContext:
        return self._tls or ssl.create_default_context()


def _is_here(host: str) -> bool:
    """Return whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
