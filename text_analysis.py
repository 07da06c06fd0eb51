"""What a text says, and what its background music should be: language, keywords, summary, emotion, topic, scenes.

Task: Korean or English texts of up to 20,000 characters, or both mixed; nothing is asked of any outside service.
Conventions: the embedding of texts is handed in (`recommender.embed`), since it is the product's; probabilities go from
0 to 1, valence and arousal from -1 to 1. The same text gives the same reading.

analyse             a text as a `Reading`
edited              a reading with what a user changed of it (`Edits`): summary, scenes, emotions, topic
to_wish             a reading as a wish for music, on top of what was chosen
topics, scenes      the 32 topics and the scenes, with their names
genres_of           the five genres of a topic that suit a feeling
prompt_for_caption  what a language model is asked for a caption instead
check_caption       its reply in the fields of any caption, or refused
"""

from __future__ import annotations

from texts.analysis import analyse
from texts.captions import check_caption, prompt_for_caption
from texts.editing import MOST_SCENES, Edits, edited
from texts.language import LANGS, LONGEST, has_words
from texts.reading import EMOTIONS, Felt, Line, Reading, Scene, Sentence
from texts.to_music import to_wish
from texts.topics import Embed, genres_of
from texts.words import SceneKind, Topic, scenes, topics

__all__ = [
    "EMOTIONS", "LANGS", "LONGEST", "MOST_SCENES", "Edits", "Embed", "Felt", "Line", "Reading", "Scene", "SceneKind",
    "Sentence", "Topic", "analyse", "check_caption", "edited", "genres_of", "has_words", "prompt_for_caption", "scenes",
    "to_wish", "topics",
]
