"""Train the playlist model that comes with the product (``models/playlist``) on the starter playlists alone.

Run ``python tools/train_playlists.py``: two minutes on two cores. A database of its own is made in a temporary folder;
whatever settings name another one is left out.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def main() -> None:
    """Import the starter catalogue and playlists into a new database, train, and write the model."""
    with tempfile.TemporaryDirectory(prefix="mis-train-") as home:
        Path(home).chmod(0o755)
        for name in ("DATABASE_URL", "PG_HOST"):
            os.environ.pop(name, None)
        os.environ["MIS_DATA_DIR"] = home
        import services
        from usecases.playlist_library import SHIPPED

        if services.settings().database_url:
            raise SystemExit("a database is set in .env or .streamlit/secrets.toml: this tool uses one of its own only")
        services.start(sample=False)
        try:
            actor = services.current_actor()
            services.import_catalogue(actor, ROOT / "catalogue" / "songs.csv")
            services.import_starter_playlists(actor)
            report = services.train_playlists(actor, into=SHIPPED)
        finally:
            services.stop()
    sys.stdout.write(f"{'written' if report.replaced else 'the old one is better'}: {report.new}\n")


if __name__ == "__main__":
    main()
