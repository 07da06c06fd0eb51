"""A picture becomes mood tags on this machine: nothing is sent anywhere, no model is fetched.

Task: given a picture, name tags of the six categories of `moods.vocabulary` that music for it may carry, each with a
confidence and with its ground: seen in the picture, or inferred from what is seen. A category without any ground stays
empty: a drawing has no weather.

Sources: EfficientNet-Lite0 (``models/efficientnet_lite0``) tells scenes and objects by ``seeing/scenes.toml``; a
trained head (``models/weather_head``) tells six kinds of weather, and drawings from photos; colour and light are
measured (`seeing.cues`). The link from these signs to tags is a table by judgement and literature,
``seeing/links.toml``.

Conventions: pictures are decoded and upright (`support.decoding`); size does not matter, a picture longer than 2:1 is
cut at both ends for the network. Confidences lie between 0 and 1 and order tags; they are not measured frequencies. The
same picture always gives the same tags.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PIL import Image

from seeing.cues import cues_of
from seeing.head import LABELS, Head, shipped_head
from seeing.links import Evidence, Ground, PictureTag, tags_of
from seeing.network import Sight, look, session, upright
from seeing.scenes import SceneGroup, scenes_of

__all__ = ["TAGGER", "WEATHER", "Ground", "PictureTag", "PictureTags", "SceneGroup", "Seen", "see", "suggest",
           "warm_up"]

TAGGER = "efficientnet-lite0 tables-2"
WEATHER = LABELS
TWILIGHT = 0.3
"""Share of purple above which a picture is of dusk or night lights, none of the six kinds: the head takes it for a
storm, and is not asked."""
SKY_WEATHER = ("clouds", "shine", "storm", "sunrise")  # a sky is seen; in fog and rain it need not be


@dataclass(frozen=True)
class PictureTags:
    """What a picture suggests.

    Attributes
    ----------
    tags : tuple of PictureTag
        By category in the order of the vocabulary, the surest first; one to three a category, or none.
    scenes : tuple of SceneGroup
        What the picture shows, the surest first, at most three.
    cues : mapping of str to float
        Colour and light (see `seeing.cues.cues_of`).
    tagger : str
        Name and version of what made this.
    """

    tags: tuple[PictureTag, ...]
    scenes: tuple[SceneGroup, ...]
    cues: Mapping[str, float]
    tagger: str = TAGGER

    def of(self, category: str) -> tuple[PictureTag, ...]:
        """Return the tags of a category."""
        return tuple(tag for tag in self.tags if tag.category == category)


@dataclass(frozen=True)
class Seen:
    """What the models and measurements say of a picture, before any table.

    Attributes
    ----------
    sight : Sight
        Classes and features of the network.
    cues : mapping of str to float
    weather : mapping of str to float
        Probability of each of `WEATHER`, whatever the picture: the head's answer among these six.
    familiar : bool
        Whether the head has learned from such pictures; if not, its answer means nothing.
    strange, painted : float
        How far the picture is from all weather pictures; probability of a drawing.
    """

    sight: Sight
    cues: Mapping[str, float]
    weather: Mapping[str, float]
    familiar: bool
    strange: float
    painted: float


def see(picture: Image.Image, head: Head | None = None) -> Seen:
    """Return what the models say of a picture.

    Parameters
    ----------
    picture : PIL.Image.Image
        Any size from 1 x 1, any mode; transparency counts as white.
    head : Head, optional
        Another weather head than the shipped one.

    Raises
    ------
    DataError
        ``image_tags.model``: a model's file is absent or not the one shipped.
    """
    whole, known = upright(picture), head or shipped_head()
    sight = look(whole)
    return Seen(sight, cues_of(whole), known.weather(sight.features), known.familiar(sight.features),
                known.strangeness(sight.features), known.painted(sight.features))


def suggest(picture: Image.Image) -> PictureTags:
    """Return mood tags for a picture.

    Parameters
    ----------
    picture : PIL.Image.Image
        Decoded and upright; any size from 1 x 1, any mode.

    Returns
    -------
    PictureTags
        No tags at all where nothing is seen and colour says nothing.

    Raises
    ------
    DataError
        ``image_tags.model``, ``image_tags.table``: a file the tagger needs is absent or wrong.
    """
    seen = see(picture)
    weather = seen.weather if seen.familiar and seen.cues["purple"] <= TWILIGHT else {}
    signs = {**seen.cues, "painted": seen.painted, "strange": seen.strange,
             "low_sun": weather.get("sunrise", 0.0), "sky_weather": sum(weather.get(name, 0.0) for name in SKY_WEATHER)}
    scenes = scenes_of(seen.sight.classes, signs)
    return PictureTags(tags_of(Evidence(scenes, weather, seen.cues, seen.painted)), scenes, seen.cues)


def warm_up() -> None:
    """Load the models, so that the first picture need not wait (half a second)."""
    session()
    shipped_head()
