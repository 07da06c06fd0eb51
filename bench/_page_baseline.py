"""The plain way to show an artist's growth, for `page.py` to compare with: default settings, nothing cached.

One artist's readings by `pandas.read_sql` on every run, the same seven figures of each platform in `st.metric`,
totals in one `st.line_chart` a platform; no daily gains, no marked days, no sidebar of a product. The connection is
Streamlit's own `st.connection`, which keeps its pool. All of that favours this page.
"""

from __future__ import annotations

import os

import pandas as pd
import streamlit as st
from sqlalchemy import text

DAYS = {"7": 7, "30": 30, "90": 90, "180": 180, "all": 100_000}
READINGS = """SELECT d.day, p.key AS platform, sum(d.total) AS total, sum(d.gain) AS gain
              FROM daily_metrics d JOIN songs s ON s.id = d.song_id JOIN artists a ON a.id = s.artist_id
                   JOIN platforms p ON p.id = d.platform
              WHERE a.display_name = :artist GROUP BY d.day, p.key ORDER BY d.day"""

engine = st.connection("readings", type="sql", url=os.environ["BENCH_DATABASE_URL"]).engine
artists = pd.read_sql("SELECT display_name FROM artists ORDER BY display_name", engine)["display_name"].tolist()
wanted = st.query_params.get("artist")

st.title("Growth")
window = st.sidebar.segmented_control("Window", list(DAYS), default="30", key="window")
artist = st.selectbox("Artist", artists, index=artists.index(wanted) if wanted in artists else 0, key="artist")

readings = pd.read_sql(text(READINGS), engine, params={"artist": artist}, parse_dates=["day"])
totals = readings.pivot(index="day", columns="platform", values="total")
gains = readings.pivot(index="day", columns="platform", values="gain")
shown = gains.tail(DAYS[window])
latest = totals.iloc[-1]

for place, platform in zip(st.columns(len(totals.columns)), totals.columns, strict=True):
    gain, half = shown[platform], len(shown) // 2
    with place:
        st.subheader(platform)
        st.metric("Momentum", f"{gains[platform].tail(7).mean() / gains[platform].tail(35).head(28).mean():.2f}")
        st.metric("Acceleration", f"{(gain.tail(half).mean() / gain.head(half).mean() - 1) * 100:.1f}%")
        st.metric("Stability", f"{min(100, max(0, 100 - 20 * gain.std() / gain.mean())):.1f}")
        st.metric("Total", f"{latest[platform]:,.0f}")
        st.metric("Last day", f"{gains[platform].iloc[-1]:,.0f}")
        st.metric("Last week", f"{gains[platform].tail(7).sum():,.0f}")
        st.metric("Share", f"{latest[platform] / latest.sum():.1%}")
for platform in totals.columns:
    st.subheader(platform)
    st.line_chart(totals[platform].tail(DAYS[window]))
