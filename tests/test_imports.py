"""Who may import whom: the rules of docs/architecture.md, checked on every module."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOMAIN = {"analytics", "recommender", "hit_model", "composer", "artwork", "text_analysis", "image_tags", "judging",
          "data_processing", "accounts", "ingest", "auditioning", "growth", "moods", "seeing", "playlisting", "painting",
          "sound", "hits", "music", "texts", "membership"}
MAY = {
    "app": {"views", "services", "config", "locales", "support", "streamlit"},
    "asgi": {"web", "services", "config", "locales", "support", "streamlit"},
    "web": {"web", "services", "config", "locales", "support"},
    "cli": {"cli_accounts", "cli_databricks", "services", "config", "locales", "support"},
    "cli_accounts": {"services", "locales", "support"},
    "cli_databricks": {"services", "locales", "support"},
    "views": {"views", "services", "support", "locales", "streamlit"},
    "services": DOMAIN | {"usecases", "queries", "db", "providers", "support", "config", "locales"},
    "usecases": DOMAIN | {"usecases", "queries", "db", "providers", "support", "config", "locales"},
    "pipelines": DOMAIN | {"pipelines", "usecases", "queries", "db", "config", "support"},
    "db": {"config", "support", "queries"},
    "queries": {"config", "support"},
    "providers": {"providers", "config", "support"},
    "support": {"support", "config", "locales"},
    "config": set(),
    "locales": set(),
    **dict.fromkeys(DOMAIN, DOMAIN | {"config", "support", "locales"}),
}
OURS = set(MAY) | {"streamlit"}


def modules() -> list[Path]:
    tops = [path for name in MAY for path in (ROOT / f"{name}.py", *sorted((ROOT / name).rglob("*.py")))]
    return [path for path in tops if path.exists()]


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_follow_the_rules(path):
    owner = path.relative_to(ROOT).parts[0].removesuffix(".py")
    forbidden = (imported(path) & OURS) - MAY[owner]
    assert not forbidden, f"{path.relative_to(ROOT)} must not import {sorted(forbidden)}"
