"""Settings: who wins, how an address is put together, what a wrong value says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

import config

NAMES = ("DATABASE_URL", "PG_HOST", "PG_PORT", "PG_DB", "PG_USER", "PG_PASSWORD", "AUTH", "AWS_REGION", *config.KEYS,
         "ADMIN_PASSWORD", "SMTP_URL", "SMTP_FROM", "PUBLIC_URL", "OIDC_ADMINISTRATORS", "TRUSTED_PROXIES")


@pytest.fixture
def layers(tmp_path, monkeypatch):
    """Give a root folder of the test's own, and a function that writes its ``.env`` and ``secrets.toml``."""
    for name in list(os.environ):
        if name in NAMES or name.startswith("MIS_"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(config, "ROOT", tmp_path)
    monkeypatch.setattr(config, "_values", config._values.as_written)
    (tmp_path / ".streamlit").mkdir()

    def write(*, env="", secrets="", **environment):
        (tmp_path / ".env").write_text(env, "utf-8")
        (tmp_path / ".streamlit" / "secrets.toml").write_text(secrets, "utf-8")
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return config.reload()

    yield write
    monkeypatch.undo()
    config.reload()


def test_defaults(layers, tmp_path):
    settings = layers()
    assert settings.database_url is None and settings.auth == "off" and settings.keys == {}
    assert settings.data_dir == tmp_path / "data" and settings.cmdata_dir == tmp_path / "cmdata"
    assert settings.threshold_default == 100_000 and settings.windows == (7, 30, 90, 180, None)
    assert settings.upload_limit_mb == 200 and settings.aws_region == "ap-northeast-2"


def test_the_environment_wins_over_env_over_secrets(layers):
    settings = layers(secrets='MIS_THRESHOLD = 1\nMIS_UPLOAD_LIMIT_MB = 1\nAWS_REGION = "from-secrets"\n',
                      env="MIS_THRESHOLD=2\nMIS_UPLOAD_LIMIT_MB=2\n", MIS_THRESHOLD="3")
    assert (settings.threshold_default, settings.upload_limit_mb, settings.aws_region) == (3, 2, "from-secrets")


def test_an_empty_value_counts_as_unset(layers):
    settings = layers(secrets="MIS_THRESHOLD = 1\n", env="MIS_THRESHOLD=\n", MIS_THRESHOLD="", AUTH="")
    assert settings.threshold_default == 1 and settings.auth == "off"


def test_a_file_with_korean_text_and_tables(layers):
    settings = layers(env='# 한국어 주석\nOPENAI_API_KEY="키 값"\n', secrets='[connections.x]\nurl = "y"\n')
    assert settings.keys == {"OPENAI_API_KEY": "키 값"}


def test_keys_are_hidden_from_repr(layers):
    settings = layers(OPENAI_API_KEY="sk-sekret", AWS_SECRET_KEY="aws-sekret")
    assert settings.keys == {"OPENAI_API_KEY": "sk-sekret", "AWS_SECRET_KEY": "aws-sekret"}
    assert "sekret" not in repr(settings) and "sekret" not in str(settings)


def test_an_address_with_a_password_is_hidden_from_repr(layers):
    assert "sekret" not in repr(layers(DATABASE_URL="postgresql://u:sekret@h/d"))


def test_pg_names_make_an_address(layers):
    settings = layers(PG_HOST="db.example", PG_USER="us er@x", PG_PASSWORD="p@ss:w/rd %41?#&", PG_DB="my/db",
                      PG_PORT="5544")
    url = make_url(settings.database_url)
    assert (url.drivername, url.host, url.port) == ("postgresql+psycopg2", "db.example", 5544)
    assert (url.username, url.password) == ("us er@x", "p@ss:w/rd %41?#&")
    assert url.database == "my/db" or "my%2Fdb" in settings.database_url


def test_pg_names_have_defaults(layers):
    url = make_url(layers(PG_HOST="h").database_url)
    assert (url.username, url.password, url.port, url.database) == ("postgres", None, 5432, "music")
    assert layers(PG_HOST="").database_url is None


def test_database_url_wins(layers):
    settings = layers(env="PG_HOST=other\n", DATABASE_URL="postgres://u:p@h:1/d")
    assert settings.database_url == "postgresql+psycopg2://u:p@h:1/d"


@pytest.mark.parametrize(("name", "value"), [
    ("MIS_THRESHOLD", "many"), ("MIS_UPLOAD_LIMIT_MB", "-1"), ("MIS_SYNC_WAIT_S", "soon"), ("MIS_SYNC_BATCH_ROWS", "x"),
    ("AUTH", "maybe"), ("DATABASE_URL", "mysql://u@h/d"), ("DATABASE_URL", "no address"),
    ("MIS_THRESHOLD", "nan"), ("MIS_UPLOAD_LIMIT_MB", "inf")])
def test_a_bad_value_names_its_variable(layers, name, value):
    with pytest.raises(config.SettingsError) as caught:
        layers(**{name: value})
    assert caught.value.name == name and caught.value.accepted and name in str(caught.value)
    assert isinstance(caught.value, ValueError) and isinstance(caught.value.value, str)


def test_a_bad_port_names_its_variable(layers):
    with pytest.raises(config.SettingsError, match="PG_PORT"):
        layers(PG_HOST="h", PG_PORT="five")


def test_a_bad_address_does_not_show_its_password(layers):
    with pytest.raises(config.SettingsError) as caught:
        layers(DATABASE_URL="mysql://u:sekret@h/d")
    assert "sekret" not in str(caught.value)


def test_broken_secrets_say_where(layers):
    with pytest.raises(config.SettingsError, match=r"secrets\.toml"):
        layers(secrets="no toml =")


def test_paths_are_taken_from_the_root_and_from_home(layers, tmp_path):
    settings = layers(MIS_DATA_DIR="below/data", MIS_CMDATA_DIR="~/exports")
    assert settings.data_dir == tmp_path / "below" / "data" and settings.cmdata_dir == Path.home() / "exports"


def test_nothing_is_read_twice_until_asked(layers, monkeypatch):
    assert layers(MIS_THRESHOLD="5").threshold_default == 5
    monkeypatch.setenv("MIS_THRESHOLD", "6")
    assert config.load().threshold_default == 5 and config.reload().threshold_default == 6


def test_accounts_by_default(layers):
    settings = layers()
    assert (settings.auth, settings.admin_password, settings.smtp_url, settings.smtp_from) == ("off", None, None, None)
    assert (settings.public_url, settings.oidc_administrators, settings.sign_in_days) == (None, frozenset(), 30)
    assert settings.trusted_proxies == ("127.0.0.1", "::1")


def test_accounts_as_set(layers):
    settings = layers(AUTH="OIDC", ADMIN_PASSWORD="twelve letters", SMTP_URL="smtp://u:secret@mail.example.org:587",
                      SMTP_FROM="Music <music@example.org>", PUBLIC_URL="https://music.example/", MIS_SIGN_IN_DAYS="7",
                      OIDC_ADMINISTRATORS=" Boss@Example.org ,, two@example.org", TRUSTED_PROXIES="10.0.0.0/8, ::1")
    assert (settings.auth, settings.public_url, settings.sign_in_days) == ("oidc", "https://music.example", 7)
    assert settings.oidc_administrators == {"boss@example.org", "two@example.org"}
    assert settings.trusted_proxies == ("10.0.0.0/8", "::1") and settings.smtp_from == "Music <music@example.org>"
    assert "secret" not in repr(settings) and "twelve letters" not in repr(settings)


MAIL = {"SMTP_URL": "smtp://mail.example.org", "SMTP_FROM": "music@example.org"}


@pytest.mark.parametrize(("given", "name"), [
    ({"AUTH": "ldap"}, "AUTH"), ({"ADMIN_PASSWORD": "elevensigns"}, "ADMIN_PASSWORD"),
    ({"SMTP_URL": MAIL["SMTP_URL"]}, "SMTP_FROM"), ({"SMTP_FROM": MAIL["SMTP_FROM"]}, "SMTP_FROM"),
    ({**MAIL, "SMTP_URL": "http://x"}, "SMTP_URL"), ({**MAIL, "SMTP_URL": "smtp://"}, "SMTP_URL"),
    ({**MAIL, "SMTP_URL": "smtp://u:secret@host:port"}, "SMTP_URL"), ({**MAIL, "SMTP_FROM": "nobody"}, "SMTP_FROM"),
    ({**MAIL, "SMTP_FROM": "a@b@c"}, "SMTP_FROM"), ({"PUBLIC_URL": "music.example"}, "PUBLIC_URL"),
    ({"TRUSTED_PROXIES": "10.0.0.1,proxy"}, "TRUSTED_PROXIES")])
def test_accounts_set_wrongly(layers, given, name):
    with pytest.raises(config.SettingsError) as caught:
        layers(**given)
    assert caught.value.name == name and "secret" not in str(caught.value) and "elevensigns" not in str(caught.value)
