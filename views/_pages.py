"""The pages there are: what the menu and Home name them by."""

from __future__ import annotations

PAGES = (
    ("home", "🏠", "home.title"),
    ("growth_radar", "📈", "growth.title"),
    ("advanced_analysis", "🔬", "analysis.title"),
    ("ai_judges", "🎤", "judges.title"),
    ("image_to_music", "🖼️", "i2m.title"),
    ("playlist_maker", "🎧", "plm.title"),
    ("hit_prediction", "🎯", "hit.title"),
    ("text_to_bgm", "🎹", "bgm.title"),
    ("song_dossier", "📁", "dossier.title"),
    ("community", "💬", "community.title"),
    ("my_page", "👤", "mine.title"),
    ("data", "🗂️", "data.title"),
    ("administration", "🛡️", "admin.title"),
)
"""One line a page, in the order of the menu: file below views/ (also its URL), icon, title's key. The first one is
what opens without a path."""
