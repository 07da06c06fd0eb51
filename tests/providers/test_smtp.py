"""Mail against a real SMTP server of the test's own: plain, STARTTLS, TLS, passwords, and everything that goes wrong."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
from email import message_from_bytes, policy
from ipaddress import ip_address

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

import config
from providers import smtp
from providers.smtp import Mailer
from support.errors import ProviderError
from usecases import mails

FROM, TO = "Music <music@example.org>", "mina@example.org"
SECRET = "p@ss:word/1"


class Box:
    """Takes mail; answers with a code of its own where one is set."""

    def __init__(self, *, rcpt="", data=""):
        self.mails, self.rcpt, self.data = [], rcpt, data

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.rcpt:
            return self.rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.content, session.ssl is not None))
        return self.data or "250 taken"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Make a certificate of 127.0.0.1 that only those who are told trust; return contexts of server and client."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
            .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(key, hashes.SHA256()))
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cafile=str(path))


@pytest.fixture
def serve():
    """Give a function that starts a server of mail and returns its port."""
    started = []

    def start(box, **options):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        controller = Controller(box, hostname="127.0.0.1", port=port, **options)
        controller.start()
        started.append(controller)
        return port

    yield start
    for each in started:
        each.stop()


def knows(server, session, envelope, mechanism, data):
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"user", SECRET.encode())
    return AuthResult(success=right, handled=False)


def test_a_mail_arrives_as_it_was_written(serve):
    box = Box()
    Mailer(f"smtp://127.0.0.1:{serve(box)}", FROM).send(TO, "인증 코드 123456", "안녕하세요\n코드: 123456\n")
    sender, recipients, content, _ = box.mails[0]
    mail = message_from_bytes(content, policy=policy.default)
    assert (sender, recipients) == ("music@example.org", [TO])
    assert (mail["From"], mail["To"], mail["Subject"]) == (FROM, TO, "인증 코드 123456")
    assert mail.get_content().splitlines() == ["안녕하세요", "코드: 123456"]
    assert mail["Auto-Submitted"] == "auto-generated" and mail["Message-ID"].endswith("@example.org>") and mail["Date"]


def test_starttls_is_used_where_it_is_offered_and_the_password_goes_through_it(serve, certificate):
    box = Box()
    port = serve(box, tls_context=certificate[0], authenticator=knows, auth_required=True, require_starttls=True)
    Mailer(f"smtp://user:p%40ss%3Aword%2F1@127.0.0.1:{port}", FROM, tls=certificate[1]).send(TO, "s", "t")
    assert box.mails[0][3]


def test_tls_from_the_start(serve, certificate):
    box = Box()
    port = serve(box, ssl_context=certificate[0])
    Mailer(f"smtps://127.0.0.1:{port}", FROM, tls=certificate[1]).send(TO, "s", "t")
    assert len(box.mails) == 1


def refusal(mailer):
    with pytest.raises(ProviderError) as caught:
        mailer.send(TO, "s", f"code {SECRET}")
    told = repr(caught.value) + str(caught.value) + repr(caught.value.__context__) + repr(caught.value.__cause__)
    assert TO not in told and SECRET not in told
    return caught.value.values["why"]["key"].rpartition("_")[2]


@pytest.mark.parametrize(("box", "why"), [
    (Box(rcpt="550 no such user"), "recipient"), (Box(data="554 spam"), "refused"), (Box(data="452 full"), "later"),
    (Box(rcpt="450 later"), "recipient")])
def test_a_mail_that_is_not_taken(serve, box, why):
    assert refusal(Mailer(f"smtp://127.0.0.1:{serve(box)}", FROM)) == why


def test_a_wrong_password(serve, certificate):
    port = serve(Box(), tls_context=certificate[0], authenticator=knows, auth_required=True)
    assert refusal(Mailer(f"smtp://user:wrong@127.0.0.1:{port}", FROM, tls=certificate[1])) == "login"


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_certificate_nobody_trusts(serve, certificate, scheme):
    option = {"tls_context": certificate[0]} if scheme == "smtp" else {"ssl_context": certificate[0]}
    box = Box()
    assert refusal(Mailer(f"{scheme}://user:{'x'}@127.0.0.1:{serve(box, **option)}", FROM)) == "tls"
    assert box.mails == []


def test_no_password_without_tls_but_to_this_machine(serve, monkeypatch):
    box, heard = Box(), []

    def hears(server, session, envelope, mechanism, data):
        heard.append(data)
        return AuthResult(success=True)

    port = serve(box, authenticator=hears, auth_require_tls=False)
    Mailer(f"smtp://user:x@127.0.0.1:{port}", FROM).send(TO, "s", "t")
    assert len(heard) == 1
    monkeypatch.setattr(smtp, "_is_here", lambda host: False)
    assert refusal(Mailer(f"smtp://user:x@127.0.0.1:{port}", FROM)) == "tls"
    assert len(heard) == 1
    assert [smtp._is_here.__name__, *map(_here, ("localhost", "127.0.0.1", "::1", "mail.example.org", "10.0.0.1"))] == [
        "<lambda>", True, True, True, False, False]


def _here(host, real=smtp._is_here):
    return real(host)


def test_nobody_there():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert refusal(Mailer(f"smtp://127.0.0.1:{taken.getsockname()[1]}", FROM, timeout_s=2)) == "unreachable"


def test_a_server_that_says_nothing():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        assert refusal(Mailer(f"smtp://127.0.0.1:{silent.getsockname()[1]}", FROM, timeout_s=0.3)) == "timeout"


def test_a_server_that_hangs_up():
    with socket.socket() as rude:
        rude.bind(("127.0.0.1", 0))
        rude.listen()
        threading.Thread(target=lambda: rude.accept()[0].close(), daemon=True).start()
        assert refusal(Mailer(f"smtp://127.0.0.1:{rude.getsockname()[1]}", FROM, timeout_s=2)) == "unreachable"


@pytest.mark.parametrize(("to", "subject"), [
    ("a@example.org\r\nBcc: b@example.org", "s"), ("a@example.org, b@example.org", "s"), (TO, "s\r\nBcc: b@example.org")])
def test_a_header_is_not_slipped_in(serve, to, subject):
    box = Box()
    with pytest.raises(Exception, match=r"(?i)invalid|linefeed|addr") as caught:
        Mailer(f"smtp://127.0.0.1:{serve(box)}", FROM).send(to, subject, "t")
    assert isinstance(caught.value, ValueError | IndexError) or "HeaderParseError" in repr(caught.value)
    assert box.mails == []


def test_a_password_is_not_shown():
    assert SECRET not in repr(Mailer(f"smtp://user:{SECRET.replace('/', '%2F')}@mail.example.org", FROM))


def test_every_kind_of_mail_in_both_languages(serve, monkeypatch, caplog):
    box = Box()
    monkeypatch.setenv("SMTP_URL", f"smtp://127.0.0.1:{serve(box)}")
    monkeypatch.setenv("SMTP_FROM", FROM)
    monkeypatch.setenv("PUBLIC_URL", "https://music.example")
    config.reload()
    try:
        for lang in ("ko", "en"):
            for kind in ("verify", "reset", "email"):
                mails.send(TO, kind, lang, code="123456")
            mails.send(TO, "exists", lang)
        texts = [message_from_bytes(each[2], policy=policy.default) for each in box.mails]
        assert len(texts) == 8 and all("music.example" in mail.get_content() for mail in texts)
        assert [("123456" in mail.get_content(), "123456" in mail["Subject"]) for mail in texts] == (
            [(True, True)] * 3 + [(False, False)]) * 2
        assert not any("{" in mail.get_content() + mail["Subject"] for mail in texts)
        box.rcpt = "550 no"
        with caplog.at_level("INFO"):
            mails.send_later(TO, "reset", "en", code="123456")
            mails.settle()
        own = [record.getMessage() for record in caplog.records if record.name != "mail.log"]  # the server's
        assert len(own) == 1 and "was not sent" in own[0] and TO not in own[0] and "123456" not in own[0]
    finally:
        monkeypatch.undo()
        config.reload()


def test_without_a_server_it_says_so(database):
    with pytest.raises(ProviderError, match="SMTP_URL"):
        mails.send(TO, "reset", "en", code="1")


def test_from_sign_up_to_a_new_password_by_mail(serve, mode):
    """The codes are taken from the mails themselves."""
    from signing import BETTER, GOOD, HERE

    import services

    box = Box()
    mode("local", SMTP_URL=f"smtp://127.0.0.1:{serve(box)}", SMTP_FROM=FROM)

    def code():
        mails.settle()
        text = message_from_bytes(box.mails[-1][2], policy=policy.default).get_content()
        return next(word for word in text.split() if len(word) == 6 and word.isdecimal())

    assert services.sign_up(TO, GOOD, "Mina", terms=True, place=HERE, lang="ko").needs_code
    services.verify_email(TO, code(), HERE)
    token = services.sign_in(TO, GOOD, HERE).token
    services.request_reset(TO, HERE, "en")
    services.reset_password(TO, code(), BETTER, HERE)
    assert services.actor_by_token(token) is None and services.sign_in(TO, BETTER, HERE).actor.name == "Mina"
    assert len(box.mails) == 2
    services.request_reset("nobody@example.org", HERE)
    mails.settle()
    assert len(box.mails) == 2
