"""Networks of words: lyrics to log-odds, trained on an operator's own tracks, and which lines carry the answer.

Task: learn which words and short runs of words hits have, from the lyrics of labelled tracks, and say it of new lyrics.

Conventions: lyrics are the words of `hits.lyric_words` in their order, the first `LENGTH` of them, padded with nothing;
the vocabulary comes from the training side alone, and every other word is one and the same unknown word. Calibrated on
the validation side; percentiles and strangeness are taken among validation and test, none of which the weights saw.
A change by a line is log-odds without the line less log-odds with it: below 0 the line lifts.

Kinds
-----
cnn1d    convolutions over three words, their mean and largest value (Y. Kim, "Convolutional neural networks for
         sentence classification", EMNLP 2014); the default: the quickest, and least data hungry
rnn      a plain recurrent network
lstm     long short-term memory (S. Hochreiter and J. Schmidhuber, Neural Computation 9, 1997)
bilstm   the same from both ends
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hits.fitting import Options, fit, forward, outputs
from hits.judgement import Judgement, Watch
from hits.kept_apart import Kept, keep, of_arrays
from hits.lyric_cards import texts_of
from hits.lyric_words import Line, worded, words_in
from hits.network import arrays_of, put
from hits.split import Split, Track, check_split, facts_of, groups_of
from hits.transfer_card import metrics_of
from support import weights
from support.errors import DataError

KINDS = ("cnn1d", "rnn", "lstm", "bilstm")
LENGTH = 300
"""Words that are read; what carries meaning in most songs is 60 to 250, in long rap songs 500."""
LEAST_SONGS, MOST_WORDS = 2, 20_000
"""Songs of the training side a word must be in to be known, and how many words are; the rest is one unknown word,
which is how the network learns what rare words say."""
WIDTH, FILTERS, CELLS, SPAN = 32, 64, 32, 3
DROPOUT = 0.3
FITTING = Options(epochs=40, rate=3e-3, patience=8)
LEAST_LYRICS = 60
"""Lyrics of training and validation below which a network of words is not trained; real use takes thousands."""
ORDINARY = 0.5
"""Share of unknown words up to which lyrics are no stranger than any others."""
_MADE = ("Words by Kiwi (Korean) and by their letters, a vocabulary of the training side, hits and others weighed "
         "alike; calibrated (Platt) on the validation artists.")
NOTHING, UNKNOWN, FIRST = 0, 1, 2
"""Numbers of the padding, of words that are not in the vocabulary, and of the first word that is."""


def vocabulary_of(songs: Iterable[Sequence[str]], least: int = LEAST_SONGS, most: int = MOST_WORDS) -> tuple[str, ...]:
    """Return the words of at least `least` songs, those of most songs first, at most `most`."""
    counts = Counter(word for words in songs for word in set(words))
    known = sorted((-count, word) for word, count in counts.items() if count >= least)
    return tuple(word for _, word in known[:most])


def build(kind: str, words: int, length: int = LENGTH, *, dropout: float = DROPOUT, seed: int = 0) -> Any:
    """Return an untrained network.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    words : int
        Size of the vocabulary, padding and unknown word not counted.
    length : int
        Words of a song that are read.
    dropout : float
    seed : int
        Of the first weights and of dropout: the same seed gives the same network.

    Returns
    -------
    keras.Model
        (batch, length) int32 to (batch, 1) log-odds.

    Raises
    ------
    DataError
        ``hit_lyrics.kind`` for another kind.
    """
    if kind not in KINDS:
        raise DataError("hit_lyrics.kind", kind=str(kind)[:40], kinds=", ".join(KINDS))
    import keras  # several seconds

    first, layers = keras.initializers, keras.layers
    song = keras.Input((length,), dtype="int32", name="words")
    known = layers.Embedding(words + FIRST, WIDTH, embeddings_initializer=first.RandomUniform(-0.05, 0.05, seed),
                             mask_zero=kind != "cnn1d")(song)
    known = layers.SpatialDropout1D(dropout / 2, seed=seed)(known)
    read = _convolved(keras, song, known, seed) if kind == "cnn1d" else _recurrent(keras, kind, known, seed)
    dropped = layers.Dropout(dropout, seed=seed + 1)(read)
    log_odds = layers.Dense(1, kernel_initializer=first.GlorotUniform(seed + 5), name="log_odds")(dropped)
    return keras.Model(song, log_odds, name=kind)


def _convolved(keras: Any, song: Any, known: Any, seed: int) -> Any:
    """Return mean and largest value over the words that are there; padding counts in neither."""
    layers, ops = keras.layers, keras.ops
    there = ops.expand_dims(ops.cast(ops.not_equal(song, NOTHING), "float32"), -1)
    spans = layers.Conv1D(FILTERS, SPAN, padding="same", activation="relu",
                          kernel_initializer=keras.initializers.GlorotUniform(seed + 2))(known * there) * there
    mean = ops.sum(spans, axis=1) / ops.maximum(ops.sum(there, axis=1), 1.0)
    return layers.Concatenate(name="song")([mean, ops.max(spans, axis=1)])


def _recurrent(keras: Any, kind: str, known: Any, seed: int) -> Any:
    layer = keras.layers.SimpleRNN if kind == "rnn" else keras.layers.LSTM
    cells = layer(CELLS, kernel_initializer=keras.initializers.GlorotUniform(seed + 3),
                  recurrent_initializer=keras.initializers.Orthogonal(seed=seed + 4))
    return (keras.layers.Bidirectional(cells) if kind == "bilstm" else cells)(known)


def numbered(songs: Sequence[Sequence[str]], index: Mapping[str, int], length: int = LENGTH) -> NDArray[np.int32]:
    """Return the first words of songs as numbers, shape (songs, length); `NOTHING` behind the last word."""
    found = np.full((len(songs), length), NOTHING, np.int32)
    for row, words in zip(found, songs, strict=True):
        known = [index.get(word, UNKNOWN) for word in words[:length]]
        row[:len(known)] = known
    return found


class LyricsNetwork:
    """A trained network with its vocabulary and calibration; make one by `train` or `load`.

    Parameters
    ----------
    model : keras.Model
        As `build` gives it.
    vocabulary : sequence of str
    kept : Kept
    facts : mapping
        What the page and the card say of the model; JSON.
    compiled : callable, optional
        What `hits.fitting.forward` gave for the model, where it did already.
    """

    part = "lyrics"

    def __init__(self, model: Any, vocabulary: Sequence[str], kept: Kept, facts: Mapping[str, Any],
                 compiled: Any = None) -> None:
        self.kind, self.length = str(model.name), int(model.inputs[0].shape[1])
        self.vocabulary, self.facts = tuple(vocabulary), dict(facts)
        self._model, self._kept, self._compiled = model, kept, compiled or forward(model)
        self._index = _index_of(vocabulary)

    @property
    def metrics(self) -> dict[str, Any]:
        """How it did on the test tracks; what a new network is compared by."""
        return dict(self.facts["test"])

    def warm(self) -> None:
        """Go through once, so that the first lyrics of a user do not wait for compiling and for Kiwi."""
        words_in("준비")
        self._raw([()])

    @classmethod
    def train(cls, texts: Sequence[str | None], rows: Sequence[Track], split: Split, *, genre: str, today: date,
              kind: str = "cnn1d", data: Mapping[str, Any] | None = None, options: Options = FITTING,
              length: int = LENGTH, watch: Watch | None = None, checkpoint: Path | None = None) -> Self:
        """Return a network trained and calibrated on the lyrics of a split.

        Parameters
        ----------
        texts : sequence of str or None
            Lyrics, one for each row; rows without lyrics, or with too few words, are left out of every side.
        rows : sequence of Track
            The tracks of one genre, with labels and artists.
        split : Split
            Of these rows.
        genre : str
        today : date
            What the card says.
        kind : str
            One of `KINDS`.
        data : mapping, optional
            Name and digest of the manifest, for the card.
        options : Options, optional
        length : int
            Words that are read.
        watch : Watch, optional
            Told of every epoch, asked before every batch whether to stop.
        checkpoint : Path, optional
            As in `hits.fitting.fit`; for the caller to remove once the network is saved.

        Raises
        ------
        DataError
            ``hit_split.artists``; ``hit_lyrics.rows``: too few lyrics; ``hit_calibration.few``.
        support.errors.Cancelled
            What `watch.check` raises.
        """
        check_split(split, rows)
        kept_texts, rows, split = usable(texts, rows, split)
        songs = [_flat(worded(text)) for text in kept_texts]
        vocabulary = vocabulary_of(songs[place] for place in split.train)
        index = _index_of(vocabulary)
        inputs = numbered(songs, index, length)
        model = build(kind, len(vocabulary), length, seed=options.seed)
        history = fit(model, inputs, rows, split, options=options, watch=watch, checkpoint=checkpoint,
                      note=f"{genre} {cls.part} {kind}")
        compiled, labels, groups = forward(model), np.array([row.hit for row in rows], float), groups_of(rows)
        raw, judged = (outputs(compiled, inputs, places) for places in (split.validation, split.test))
        apart = np.concatenate([split.validation, split.test])
        kept = keep(raw, labels[split.validation], groups[split.validation], others=judged,
                    distances=[_distance(songs[place], index) for place in apart], seed=options.seed)
        facts = {"model": cls.part, "kind": kind, "genre": genre, "length": length, "vocabulary": len(vocabulary),
                 "date": today.isoformat(), "data": dict(data or {}), "left_out": len(texts) - len(songs),
                 "split": facts_of(split, rows), "options": asdict(options), "epochs": len(history.epochs),
                 "best_epoch": history.best, "base_rate": kept.base_rate,
                 "test": metrics_of(labels[split.test], kept.calibrated(judged), groups[split.test])}
        return cls(model, vocabulary, kept, facts, compiled)

    def judge(self, text: str) -> Judgement:
        """Return what the words of lyrics say; ``facts`` has how many there are, are read and are unknown.

        Raises
        ------
        DataError
            ``hit_lyrics.empty``, ``.few`` or ``.long``.
        """
        words = _flat(worded(text))
        unknown = sum(word not in self._index for word in words)
        facts = self.facts | {"words": len(words), "read": min(len(words), self.length), "unknown": unknown}
        raw = float(self._raw([words])[0])
        return self._kept.judgement(self.part, raw, _distance(words, self._index), facts,
                                    {self.part: self._kept.evidence(raw)})

    def lines(self, text: str) -> tuple[tuple[str, float], ...]:
        """Return each different line in order, with the change of log-odds when it is left out wherever it stands.

        A line that lifts the answer has a change below 0. Empty where nothing would be left of the lyrics.

        Raises
        ------
        DataError
            As `judge`.
        """
        lines = worded(text)
        different = {line: words for line, words in lines}
        left = {line: _flat(each for each in lines if each[0] != line) for line, words in different.items() if words}
        left = {line: words for line, words in left.items() if words}
        found = self._kept.calibrated(self._raw([_flat(lines), *left.values()]))
        changes = dict(zip(left, found[1:] - found[0], strict=True))
        return tuple((line, float(changes.get(line, 0.0))) for line in different) if left else ()

    def save(self, folder: Path) -> None:
        """Write weights, ``metrics.json`` and ``CARD.md`` as a folder, in place of what stood there."""
        arrays = arrays_of(self._model) | self._kept.arrays() | {"vocabulary": weights.packed(self.vocabulary)}
        weights.write(folder, arrays, self.facts, texts_of(self.facts, f"Lyrics network ({self.kind})", _MADE))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the network that `save` wrote; its architecture comes from `build` alone.

        Raises
        ------
        DataError
            ``weights.missing``, ``.form`` or ``.broken``; ``hit_lyrics.model`` if it is another kind of model.
        """
        arrays, facts = weights.read(folder)
        try:
            vocabulary = weights.unpacked(arrays["vocabulary"])
            model = build(facts["kind"], len(vocabulary), int(facts["length"]))
            put(model, arrays)
            return cls(model, vocabulary, of_arrays(arrays), facts)
        except (KeyError, ValueError, TypeError) as error:
            raise DataError("hit_lyrics.model", folder=str(folder)) from error

    def _raw(self, songs: Sequence[Sequence[str]]) -> NDArray[np.float64]:
        return outputs(self._compiled, numbered(songs, self._index, self.length), np.arange(len(songs)))


def usable(texts: Sequence[str | None], rows: Sequence[Track], split: Split,
           least: int = LEAST_LYRICS) -> tuple[list[str], list[Track], Split]:
    """Return the lyrics that can be learned from, their rows and the split of these.

    Raises
    ------
    DataError
        ``hit_lyrics.rows``: fewer than `least` in training and validation, or one label only on a side.
    """
    if len(texts) != len(rows):
        raise ValueError(f"{len(texts)} lyrics for {len(rows)} rows: one each is needed")
    there = np.array([_is_usable(text) for text in texts], bool)
    places = np.cumsum(there) - 1
    sides = train, validation, test = [places[side[there[side]]] for side in split.sides.values()]
    kept = [row for row, use in zip(rows, there, strict=True) if use]
    labels = np.array([row.hit for row in kept], bool)
    count = len(train) + len(validation)
    if count < least or any(len(set(labels[side])) < 2 for side in sides):
        raise DataError("hit_lyrics.rows", count=count, least=least)
    return [text for text in texts if text and _is_usable(text)], kept, Split(train, validation, test, split.by_date)


def _is_usable(text: str | None) -> bool:
    try:
        return bool(text and worded(text))
    except DataError:
        return False


def _flat(lines: Iterable[Line]) -> tuple[str, ...]:
    return tuple(word for _, words in lines for word in words)


def _index_of(vocabulary: Sequence[str]) -> dict[str, int]:
    return {word: place for place, word in enumerate(vocabulary, FIRST)}


def _distance(words: Sequence[str], index: Mapping[str, int]) -> float:
    """Return the share of unknown words, `ORDINARY` at least."""
    return max(ORDINARY, sum(word not in index for word in words) / max(len(words), 1))
