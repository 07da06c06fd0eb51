"""Accounts that sign in, their sign-ins and codes, attempts that are counted, and the community's board."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

PEOPLE = """
ALTER TABLE users
    ADD COLUMN kind         text NOT NULL DEFAULT 'member' CHECK (kind IN ('local', 'member', 'anonymous', 'oidc')),
    ADD COLUMN nickname_key text GENERATED ALWAYS AS (lower(normalize(nickname, NFKC))) STORED UNIQUE,
    ADD COLUMN bio          text NOT NULL DEFAULT '',
    ADD COLUMN verified_at  timestamptz,
    ADD COLUMN terms_at     timestamptz,
    ADD COLUMN issuer       text,
    ADD COLUMN subject      text,
    ADD COLUMN signs_from   timestamptz,
    ADD COLUMN seen_at      timestamptz,
    ADD COLUMN seen_before  timestamptz,
    ADD CHECK ((issuer IS NULL) = (subject IS NULL)),
    ADD UNIQUE (issuer, subject);
UPDATE users SET kind = 'local' WHERE id = 1;
CREATE UNIQUE INDEX users_by_email ON users (lower(email));
CREATE INDEX users_anonymous ON users (seen_at) WHERE kind = 'anonymous';
COMMENT ON COLUMN users.nickname_key IS 'the nickname as it is compared: two that look alike by case or width are one';
COMMENT ON COLUMN users.signs_from IS 'sign-ins at an identity provider before this moment no longer hold';
COMMENT ON COLUMN users.seen_before IS 'the visit before the present one: what came later is new to this user';

CREATE TABLE sign_ins (
    id             integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id        integer NOT NULL REFERENCES users ON DELETE CASCADE,
    token_sha256   text NOT NULL UNIQUE,
    created_at     timestamptz NOT NULL DEFAULT now(),
    seen_at        timestamptz NOT NULL DEFAULT now(),
    expires_at     timestamptz NOT NULL,
    operator_until timestamptz,
    address        text NOT NULL DEFAULT '',
    device         text NOT NULL DEFAULT ''
);
CREATE INDEX sign_ins_by_user ON sign_ins (user_id, id DESC);
CREATE INDEX sign_ins_by_end ON sign_ins (expires_at);
COMMENT ON COLUMN sign_ins.token_sha256 IS 'the token itself is in the browser''s cookie and nowhere else';
COMMENT ON COLUMN sign_ins.operator_until IS 'until when this browser has an administrator''s rights by the password';

CREATE TABLE account_codes (
    user_id     integer NOT NULL REFERENCES users ON DELETE CASCADE,
    purpose     text NOT NULL CHECK (purpose IN ('verify', 'reset', 'email')),
    code_sha256 text NOT NULL,
    new_email   text,
    tries       integer NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    PRIMARY KEY (user_id, purpose)
);

CREATE TABLE attempts (
    kind text NOT NULL,
    key  text NOT NULL,
    at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX attempts_by_key ON attempts (kind, key, at);
CREATE INDEX attempts_by_time ON attempts (at);
COMMENT ON COLUMN attempts.key IS 'SHA-256 of an account''s e-mail address or of a network address';

ALTER TABLE jobs DROP CONSTRAINT jobs_owner_id_fkey;
ALTER TABLE jobs ALTER COLUMN owner_id DROP NOT NULL,
    ADD CONSTRAINT jobs_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES users ON DELETE SET NULL;
CREATE INDEX jobs_by_owner ON jobs (owner_id, id DESC);
"""

BOARD = """
CREATE TABLE posts (
    id             integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    author_id      integer REFERENCES users ON DELETE SET NULL,
    title          text NOT NULL,
    body           text NOT NULL,
    card_kind      text CHECK (card_kind IN ('audition', 'prediction', 'picture', 'playlist', 'thumbnail', 'bgm',
                                             'song')),
    card_item      integer,
    card           jsonb,
    views          integer NOT NULL DEFAULT 0,
    created_at     timestamptz NOT NULL DEFAULT now(),
    edited_at      timestamptz,
    deleted_at     timestamptz,
    removed_at     timestamptz,
    removed_by     integer REFERENCES users ON DELETE SET NULL,
    removed_reason text,
    CHECK ((card_kind IS NULL) = (card IS NULL) AND (card_kind IS NULL) = (card_item IS NULL))
);
CREATE INDEX posts_newest ON posts (id DESC) WHERE deleted_at IS NULL AND removed_at IS NULL;
CREATE INDEX posts_by_author ON posts (author_id, id DESC);
COMMENT ON COLUMN posts.card IS 'what the attached result said when it was attached: only what its owner chose to show';

CREATE TABLE comments (
    id             integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    post_id        integer NOT NULL REFERENCES posts ON DELETE CASCADE,
    author_id      integer REFERENCES users ON DELETE SET NULL,
    body           text NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    edited_at      timestamptz,
    deleted_at     timestamptz,
    removed_at     timestamptz,
    removed_by     integer REFERENCES users ON DELETE SET NULL,
    removed_reason text
);
CREATE INDEX comments_by_post ON comments (post_id, id);
CREATE INDEX comments_by_author ON comments (author_id, id DESC);

CREATE TABLE reports (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text NOT NULL CHECK (kind IN ('post', 'comment')),
    item        integer NOT NULL,
    owner_id    integer NOT NULL REFERENCES users ON DELETE CASCADE,
    reason      text NOT NULL CHECK (reason IN ('spam', 'abuse', 'adult', 'rights', 'other')),
    note        text NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL DEFAULT now(),
    resolved_at timestamptz,
    resolved_by integer REFERENCES users ON DELETE SET NULL,
    UNIQUE (owner_id, kind, item)
);
CREATE INDEX reports_open ON reports (kind, item) WHERE resolved_at IS NULL;
"""


def upgrade() -> None:
    """Create the tables."""
    connection = op.get_bind()
    for statements in (PEOPLE, BOARD):
        connection.exec_driver_sql(statements)


def downgrade() -> None:
    """Migrations are append-only: restore a backup instead."""
    raise NotImplementedError("restore a backup instead")
