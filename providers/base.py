"""What an outside service can do, one Protocol per capability."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from support.errors import ProviderError


def never() -> bool:
    """Say that nobody asked to stop."""
    return False


class Notifier(Protocol):
    """Takes alerts to where people read them."""

    def post(self, text: str, event: Mapping[str, Any], key: str) -> None:
        """Deliver one alert.

        Parameters
        ----------
        text : str
            The alert in one sentence, in the reader's language.
        event : mapping
            The same for programs; days, moments and numpy numbers are allowed.
        key : str
            Names the event: posting it again under the same key is the same alert, not a second one.

        Raises
        ------
        ProviderError
            If it was not delivered; `RateLimited` where the service asks to wait longer than we do.
        """


@dataclass(frozen=True)
class ChatRequest:
    """What a language model is asked.

    Attributes
    ----------
    system, user : str
        The instructions, and what they are about.
    schema : dict or None
        JSON schema the reply shall follow. A service that cannot hold to one is asked for any JSON, or for nothing, so
        the reply has to be validated all the same.
    temperature : float
        0 to 2.
    max_tokens : int
        Most tokens of the reply.
    seed : int or None
        For services that know one.
    picture : bytes or None
        A JPEG that `user` is about, for models that see.
    """

    system: str
    user: str
    schema: dict[str, Any] | None = None
    temperature: float = 0.7
    max_tokens: int = 2000
    seed: int | None = None
    picture: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Piece:
    """Text of the reply as it arrived; never empty."""

    text: str


@dataclass(frozen=True)
class Ended:
    """The service has ended its reply.

    Attributes
    ----------
    finish : str
        ``stop`` (complete), ``length`` (cut at `ChatRequest.max_tokens`), ``filtered`` (the service or the model
        declined), or another word of the service.
    input_tokens, output_tokens : int or None
        Tokens billed, thoughts among the output; None where the service does not say.
    model : str
        The model that answered, as the service names it.
    """

    finish: str
    input_tokens: int | None
    output_tokens: int | None
    model: str


class ChatModel(Protocol):
    """Writes a reply piece by piece."""

    @property
    def provider(self) -> str:
        """Key of the service in `providers.registry.SERVICES`."""

    @property
    def model(self) -> str:
        """Name of the model as it is asked for."""

    def stream(self, request: ChatRequest, *, stopped: Callable[[], bool] = never) -> Iterator[Piece | Ended]:
        """Yield the reply as it arrives; exactly one `Ended` comes last, or an error is raised.

        Nothing happens before the first item is asked for. Failures are tried again only before the first piece.
        Call it in a thread without a running event loop.

        Parameters
        ----------
        request : ChatRequest
        stopped : callable
            Asked at least ten times a second; once it says True the connection is closed.

        Raises
        ------
        ProviderError
            If there is no whole reply; `RateLimited` where the service asks to wait longer than we do.
        Cancelled
            If `stopped` said True.
        """


@dataclass(frozen=True)
class VisionTag:
    """A mood tag a model gave to a picture.

    Attributes
    ----------
    tag, category : str
        Of the vocabulary handed in, and belonging together there.
    confidence : float
        0 to 1, as the model says.
    ground : str
        ``seen`` (what the tag names is in the picture) or ``inferred`` (it follows from what is).
    """

    tag: str
    category: str
    confidence: float
    ground: str


@dataclass(frozen=True)
class VisionAnswer:
    """What a model saw in a picture.

    Attributes
    ----------
    tags : tuple of VisionTag
        By category in the vocabulary's order, then the most confident first; at most three a category, one at least
        in all.
    dropped : int
        Entries of the reply that are not in the vocabulary, in another category, repeated, too many or not whole.
    provider, model : str
        The service, and the model as it was asked for.
    input_tokens, output_tokens : int or None
        None where the service does not say.
    cost_usd : float or None
        None where the price or a count is unknown.
    """

    tags: tuple[VisionTag, ...]
    dropped: int
    provider: str
    model: str
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None


class Vision(Protocol):
    """Looks at a picture and names its moods in words it is given."""

    @property
    def provider(self) -> str:
        """Key of the service in `providers.registry.SERVICES`."""

    @property
    def model(self) -> str:
        """Name of the model as it is asked for."""

    def look(self, picture_jpeg: bytes, vocabulary: Mapping[str, Sequence[str]], *,
             stopped: Callable[[], bool] = never) -> VisionAnswer:
        """Return the tags of a picture.

        Parameters
        ----------
        picture_jpeg : bytes
            It leaves this machine; hand in what `support.decoding.picture` made, which holds nothing but pixels.
        vocabulary : mapping of str to sequence of str
            The tags allowed, by category. What else the model says is dropped, never mapped to something near.
        stopped : callable
            Asked at least ten times a second; once it says True the connection is closed.

        Raises
        ------
        ValueError
            If the picture is no JPEG or the vocabulary has a category without tags, or none.
        ProviderError
            If there is no whole answer, or no tag is left of it. Where the service had answered, `values` hold
            ``input_tokens``, ``output_tokens`` and ``cost_usd`` of the reply, which is billed all the same.
        Cancelled
            If `stopped` said True.
        """


@dataclass(frozen=True)
class Painting:
    """A picture a model painted.

    Attributes
    ----------
    image : bytes
        A PNG, JPEG or WebP by its first bytes, at most `providers._images.MOST_BYTES` long. What a service sent is not
        trusted: hand it through `support.decoding.picture` before anything else reads it.
    format : str
        ``PNG``, ``JPEG`` or ``WebP``.
    width, height : int
        Pixels, as the header says.
    seed : int or None
        What paints the same again with the same model; None where the service takes no seed.
    provider, model : str
        The service, and the model as it was asked for.
    cost_usd : float or None
        None where the price or a count is unknown; 0 on this machine.
    revised_prompt : str or None
        What the service made of the prompt, where it says so.
    """

    image: bytes = field(repr=False)
    format: str
    width: int
    height: int
    seed: int | None
    provider: str
    model: str
    cost_usd: float | None
    revised_prompt: str | None = None


def unwatched(done: int, total: int) -> None:
    """Take no notice of progress."""


class Painter(Protocol):
    """Paints a picture for a prompt, about 16:9 where the model can; the caller crops it."""

    @property
    def provider(self) -> str:
        """``diffusion`` or a key of `providers.registry.SERVICES`."""

    @property
    def model(self) -> str:
        """Name of the model as it is asked for."""

    def paint(self, prompt: str, negative: str, *, seed: int | None = None,
              progress: Callable[[int, int], None] = unwatched, stopped: Callable[[], bool] = never) -> Painting:
        """Return a picture.

        Parameters
        ----------
        prompt, negative : str
            What to paint, and what not; a service without negative prompts is told in the prompt.
        seed : int or None
            0 to 2**31 - 1; None leaves it to chance. Not every service takes one.
        progress : callable
            Told steps done and steps in all, in the caller's thread. First 0 done; 0 in all means that nobody knows how
            many there are, which is shown without a percentage. The last step comes with the picture.
        stopped : callable
            Asked at least ten times a second, on this machine after each step; once it says True the work ends.

        Raises
        ------
        ValueError
            If `seed` is out of range.
        DataError
            If the prompt is empty or too long.
        ProviderError
            If there is no picture; `RateLimited` where the service asks to wait longer than we do. Where the service
            had answered, `values` hold ``cost_usd`` of what it bills all the same.
        Cancelled
            If `stopped` said True.
        """


@dataclass(frozen=True)
class Music:
    """Music a model made.

    Attributes
    ----------
    audio : bytes
        A WAV, MP3, FLAC or OGG by its first bytes, at most `providers._music.MOST_BYTES` long. What a service sent is
        not trusted: hand it through `support.decoding.stereo` before anything else reads it. Its length and loudness
        are the model's own.
    format : str
        ``WAV``, ``MP3``, ``FLAC`` or ``OGG``.
    seed : int or None
        What makes the same again with the same model; None where nobody knows.
    provider, model : str
        The maker, and the model as it was asked for.
    """

    audio: bytes = field(repr=False)
    format: str
    seed: int | None
    provider: str
    model: str


class MusicMaker(Protocol):
    """Makes music for a prompt, one sample a call; the caller asks again with another seed for more."""

    @property
    def provider(self) -> str:
        """Name of the maker: ``musicgen`` or ``music_http``."""

    @property
    def model(self) -> str:
        """Name of the model as it is asked for."""

    @property
    def warning(self) -> str | None:
        """Key of a text that is shown before this maker is used, such as its licence; None where there is none."""

    def problem(self) -> ProviderError | None:
        """Return why it cannot make anything as it is set up, with the next step; cheap, nothing is loaded or sent."""

    def make(self, prompt: str, seconds: float, *, seed: int | None = None,
             progress: Callable[[int, int], None] = unwatched, stopped: Callable[[], bool] = never) -> Music:
        """Return music of about `seconds`; the caller brings it to its exact length and loudness.

        Parameters
        ----------
        prompt : str
            What it should sound like, in English where the model knows no other language.
        seconds : float
            1 to `providers._music.LONGEST_S`.
        seed : int or None
            0 to 2**31 - 1; None leaves it to chance.
        progress : callable
            Told steps done and steps in all, in the caller's thread. First 0 done; 0 in all means that nobody knows how
            many there are, which is shown without a percentage. The last step comes with the music.
        stopped : callable
            Asked at least ten times a second, on this machine after each step; once it says True the work ends.

        Raises
        ------
        ValueError
            If `seconds` or `seed` is out of range.
        DataError
            If the prompt is empty or too long.
        ProviderError
            If there is no music; `MissingKey` where a package, a folder or an address is missing, `RateLimited` where
            the service asks to wait longer than we do.
        Cancelled
            If `stopped` said True.
        """
