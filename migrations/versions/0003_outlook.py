"""What is derived from each artist's readings (figures, forecasts), rules of alerts and what they brought."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE artists ADD COLUMN outlook_stale boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN artists.outlook_stale IS 'readings changed since artist_outlook was derived';

CREATE TABLE artist_outlook (
    artist_id    integer NOT NULL REFERENCES artists ON DELETE CASCADE,
    platform     smallint NOT NULL,
    last_day     date NOT NULL,
    total        double precision,
    mean_7       double precision,
    mean_30      double precision,
    mean_60      double precision,
    momentum     double precision,
    volatility   double precision,
    acceleration double precision,
    stability    double precision,
    growth_7     double precision,
    growth_28    double precision,
    growth_90    double precision,
    sum_30       double precision,
    sum_30_low   double precision,
    sum_30_high  double precision,
    target       double precision,
    target_day   date,
    target_90    double precision,
    made_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (artist_id, platform)
);
COMMENT ON TABLE artist_outlook IS 'derived from daily_metrics; rebuilt for artists with outlook_stale';
COMMENT ON COLUMN artist_outlook.sum_30 IS 'forecast gains of the 30 days after last_day; low, high: 80 percent';
COMMENT ON COLUMN artist_outlook.target_90 IS 'chance to reach target within 90 days after last_day';

CREATE TABLE forecasts (
    artist_id integer NOT NULL REFERENCES artists ON DELETE CASCADE,
    platform  smallint NOT NULL,
    last_day  date NOT NULL,
    method    text NOT NULL,
    gains     double precision[] NOT NULL,
    low_80    double precision[] NOT NULL,
    high_80   double precision[] NOT NULL,
    low_95    double precision[] NOT NULL,
    high_95   double precision[] NOT NULL,
    made_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (artist_id, platform, last_day)
);
COMMENT ON TABLE forecasts IS 'daily gains of the days after last_day; the two newest of each artist and platform';

CREATE TABLE forecast_calibration (
    id      smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    data    jsonb NOT NULL,
    series  integer NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE forecast_calibration IS 'errors of past forecasts over all series, which intervals are made from';

CREATE TABLE alert_rules (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner_id   integer NOT NULL REFERENCES users ON DELETE CASCADE,
    kind       text NOT NULL CHECK (kind IN ('band', 'change', 'milestone', 'silence')),
    artist_id  integer REFERENCES artists ON DELETE CASCADE,
    platform   smallint,
    params     jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN alert_rules.artist_id IS 'NULL: every artist';
COMMENT ON COLUMN alert_rules.platform IS 'NULL: every platform';

CREATE TABLE alert_events (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rule_id    integer NOT NULL REFERENCES alert_rules ON DELETE CASCADE,
    artist_id  integer NOT NULL REFERENCES artists ON DELETE CASCADE,
    platform   smallint NOT NULL,
    day        date NOT NULL,
    detail     jsonb NOT NULL,
    initial    boolean NOT NULL,
    delivery   text NOT NULL CHECK (delivery IN ('none', 'pending', 'sent', 'failed')),
    attempts   smallint NOT NULL DEFAULT 0,
    error      text,
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at    timestamptz,
    UNIQUE (rule_id, artist_id, platform, day)
);
CREATE INDEX alert_events_newest ON alert_events (created_at DESC, id DESC);
CREATE INDEX alert_events_by_artist ON alert_events (artist_id);
CREATE INDEX alert_events_pending ON alert_events (id) WHERE delivery = 'pending';
COMMENT ON COLUMN alert_events.initial IS 'already so when the rule was made: shown, not posted';
"""


def upgrade() -> None:
    """Create the tables."""
    op.get_bind().exec_driver_sql(TABLES)


def downgrade() -> None:
    """Migrations are append-only: restore a backup instead."""
    raise NotImplementedError("restore a backup instead")
