"""A model server on this machine that speaks OpenAI's and Gemini's streaming protocols, with faults on demand.

It writes chats and paints pictures.

    with LLMServer() as server:
        server.plan(Act("status", status=429, headers={"Retry-After": "1"}), Act(), model="gpt-4o-mini")
        chat_model("openai", "gpt-4o-mini", key="k", base_url=server.openai_url)

A request takes the first act planned for its model (or for any), else the default. A plain module: tests, benches and
pages under test use it alike.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import socket
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

REVIEW = "첫 소절부터 귀에 들어옵니다. “Honest”, \\ and — 끝."
OBEYS = re.compile(r"(?im)^.*\b(?:ignore|disregard)\b.*$|^.*무시하.*$")


@dataclass(frozen=True)
class Act:
    """What the server does with one request.

    kind: ``reply``; ``stall`` (stops talking after `after` pieces); ``cut`` (closes the connection there); ``ended``
    (ends the stream there as if that were all); ``closed`` (closes the connection before it answers); ``mute`` (takes
    the request and never answers); ``status`` (answers with `status`, `headers`, `code`); ``garbage`` (an event that is
    no JSON); ``page`` (a web page); ``filtered``; ``blocked`` (filtered before the first word); ``length`` (cut at
    `after` pieces and says so); ``obedient`` (follows instructions hidden in the lyrics); ``error`` (an error event in
    the stream, after `after` pieces); ``declined`` (the model refuses, in the field OpenAI keeps for that). `thoughts`
    come before the text, apart from it, and are counted. Of pictures: `image` is sent in place of one that is painted
    here, pieces are the half-done pictures, ``empty`` ends without a picture, ``words`` sends words in its place.
    """

    kind: str = "reply"
    text: str | None = None
    first_s: float = 0.0
    token_s: float = 0.0
    after: int = 3
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    code: str = "server_error"
    usage: bool = True
    thoughts: str = ""
    image: bytes | None = None


@dataclass(frozen=True)
class Asked:
    """A request as it came, in the same words for both protocols; `at` is monotonic seconds, `picture` a JPEG's bytes."""

    protocol: str
    model: str
    system: str
    user: str
    schema: dict[str, Any] | None
    body: dict[str, Any]
    headers: dict[str, str]
    at: float
    picture: bytes | None = None


class Gone(Exception):
    """The client has closed the connection."""


class LLMServer:
    """Starts with ``with``; counts what it sees.

    Parameters
    ----------
    default : Act
        For requests nothing is planned for.
    reply : callable or None
        Text of a reply for a request; None writes one that fits the schema.
    key : str or None
        The only key accepted; None accepts all.
    refuses : set of str
        Options of chat completions answered with 400: ``json_schema``, ``json_object``, ``stream_options``, ...
    """

    def __init__(self, default: Act | None = None, reply: Callable[[Asked], str] | None = None, key: str | None = None,
                 refuses: set[str] | None = None) -> None:
        self._start = default or Act(), reply or fitting, key, refuses or set()
        self.now = 0
        self.reset()

    def reset(self) -> None:
        """Forget what was asked and planned, and be as at the start."""
        self.default, self.reply, self.key, self.refuses = self._start
        self.asked: list[Asked] = []
        self.gone = self.most = 0
        self._plans: dict[str | None, deque[Act]] = defaultdict(deque)

    def plan(self, *acts: Act, model: str | None = None) -> None:
        """Say what the next requests to `model` (None: to any) get, in this order."""
        self._plans[model].extend(acts)

    def __enter__(self) -> LLMServer:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.openai_url, self.gemini_url = f"{self.url}/v1", self.url
        app = Starlette(routes=[
            Route("/v1/chat/completions", _Endpoint(self, _OpenAI)),
            Route("/v1/images/generations", _Endpoint(self, _OpenAIImages)),
            Route("/v1beta/models/{model}:streamGenerateContent", _Endpoint(self, _gemini_of))])
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", access_log=False))
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True, name="llm-server")
        self._thread.start()
        while not self._server.started:
            time.sleep(0.002)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(5)
        self._socket.close()

    def act_for(self, model: str) -> Act:
        """Take the next act planned."""
        for plan in (self._plans[model], self._plans[None]):
            if plan:
                return plan.popleft()
        return self.default


class _Endpoint:
    """An ASGI application for one protocol."""

    def __init__(self, server: LLMServer, protocol: type[_Protocol] | Callable[[Any], type[_Protocol]]) -> None:
        self.server, self._protocol = server, protocol

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        body = await request.json()
        protocol: Any = self._protocol if isinstance(self._protocol, type) else self._protocol(body)
        talk = protocol(self.server, request, body, receive, send)
        self.server.asked.append(talk.asked)
        self.server.now += 1
        self.server.most = max(self.server.most, self.server.now)
        try:
            await talk.answer(self.server.act_for(talk.asked.model))
        except Gone:
            self.server.gone += 1
        finally:
            self.server.now -= 1


class _Protocol:
    """What both protocols share: the acts. A protocol says what its events look like."""

    media = "text/event-stream"

    def __init__(self, server: LLMServer, request: Request, body: dict[str, Any], receive: Any, send: Any) -> None:
        self.server, self.body, self._receive, self._send = server, body, receive, send
        self.headers = dict(request.headers)
        self.path_model = request.path_params.get("model", "")
        self.asked = self.read()

    def read(self) -> Asked:
        raise NotImplementedError

    def event(self, text: str, finish: str | None = None, usage: tuple[int, int] | None = None) -> list[Any]:
        raise NotImplementedError

    def thought(self, text: str) -> list[Any]:
        raise NotImplementedError

    def declined(self, text: str) -> list[Any]:
        raise NotImplementedError

    def error(self, status: int, code: str, message: str) -> Any:
        raise NotImplementedError

    def complaint(self) -> tuple[int, Any] | None:
        raise NotImplementedError

    async def answer(self, act: Act) -> None:
        if (complaint := self.complaint()) is not None:
            return await self.whole(complaint[0], json.dumps(complaint[1]).encode(), {})
        if act.kind == "status":
            error = self.error(act.status, act.code, f"as planned, with {self.server.key}")
            return await self.whole(act.status, json.dumps(error).encode(), act.headers)
        if act.kind == "page":
            return await self.whole(200, b"<html>hello</html>", {"content-type": "text/html"})
        if act.kind == "closed":
            return self.hang_up()
        if act.kind == "mute":
            return await self.pause(3600)
        await self.stream(act)

    async def stream(self, act: Act) -> None:
        await self._send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", self.media.encode())]})
        await self.first()
        if act.first_s:
            await self.pause(act.first_s)
        if act.thoughts:
            await self.write(self.thought(act.thoughts))
        if act.kind == "declined":
            await self.write(self.declined("I cannot help with that."))
            return await self.end("stop", None)
        if act.kind == "blocked":
            return await self.end("blocked", None)
        text = act.text if act.text is not None else \
            obedient(self.asked) if act.kind == "obedient" else self.server.reply(self.asked)
        pieces = [text[start:start + 4] for start in range(0, len(text), 4)]
        early = act.kind in ("stall", "cut", "ended", "length", "garbage", "error", "filtered")
        for count, piece in enumerate(pieces[:act.after] if early else pieces):
            if act.token_s and count:
                await self.pause(act.token_s)
            await self.write(self.event(piece))
        if await self.broken_off(act):
            return
        counts = (len(self.asked.system + self.asked.user) // 4, min(len(pieces), act.after if early else 10**9))
        await self.end({"length": "length", "filtered": "filtered"}.get(act.kind, "stop"), counts if act.usage else None)

    async def broken_off(self, act: Act) -> bool:
        """Do what ends a reply early, if that is the act."""
        if act.kind == "stall":
            await self.pause(3600)
        elif act.kind == "cut":
            await self.raw(self.cut_event().encode())
            self.hang_up()
        elif act.kind == "ended":
            await self._send({"type": "http.response.body", "body": b""})
        elif act.kind == "garbage":
            await self.raw(b"data: {\"oh\": no}\n\n")
            await self._send({"type": "http.response.body", "body": b""})
        elif act.kind == "error":
            await self.raw(f"data: {json.dumps(self.error(503, act.code, 'overloaded'))}\n\n".encode())
            await self._send({"type": "http.response.body", "body": b""})
        return act.kind in ("stall", "cut", "ended", "garbage", "error")

    async def first(self) -> None:
        """Write what comes before the first word."""

    async def end(self, finish: str, usage: tuple[int, int] | None) -> None:
        await self.write(self.event("", finish, usage))
        await self._send({"type": "http.response.body", "body": b""})

    def cut_event(self) -> str:
        """Return the beginning of an event, ending in the middle of its JSON."""
        line = f"data: {json.dumps(self.event('lost')[0])}"
        return line[:len(line) * 2 // 3]

    async def write(self, events: list[Any]) -> None:
        await self.raw("".join(f"data: {each if isinstance(each, str) else json.dumps(each, ensure_ascii=False)}\n\n"
                               for each in events).encode())

    async def raw(self, data: bytes) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def whole(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        sent = {"content-type": "application/json", **headers}
        await self._send({"type": "http.response.start", "status": status,
                          "headers": [(name.lower().encode(), value.encode()) for name, value in sent.items()]})
        await self._send({"type": "http.response.body", "body": data})

    def hang_up(self) -> None:
        """Close the connection as a server that crashed would: no last chunk."""
        self._receive.__self__.transport.close()
        raise Gone

    async def pause(self, seconds: float) -> None:
        """Wait, but no longer than the client does."""
        try:
            async with asyncio.timeout(seconds):
                while (await self._receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            return
        raise Gone


class _OpenAI(_Protocol):
    """https://platform.openai.com/docs/api-reference/chat-streaming."""

    def read(self) -> Asked:
        said = {each["role"]: each["content"] for each in self.body["messages"]}
        form = self.body.get("response_format") or {}
        user, picture = said.get("user", ""), None
        if isinstance(user, list):
            [url] = [part["image_url"]["url"] for part in user if part["type"] == "image_url"]
            picture = base64.b64decode(url.removeprefix("data:image/jpeg;base64,"), validate=True)
            user = "".join(part["text"] for part in user if part["type"] == "text")
        return Asked("openai", self.body["model"], said.get("system", ""), user,
                     form.get("json_schema", {}).get("schema"), self.body, self.headers, time.monotonic(), picture)

    def complaint(self) -> tuple[int, Any] | None:
        given = self.headers.get("authorization", "")
        if self.server.key is not None and given != f"Bearer {self.server.key}":
            return 401, self.error(401, "invalid_api_key", f"Incorrect API key provided: {given}.")
        for name in sorted(self.refused()):
            where = "response_format" if name.startswith("json") else name
            return 400, {"error": {"message": f"'{where}' is not supported", "type": "invalid_request_error",
                                   "param": where, "code": None}}
        return None

    def refused(self) -> set[str]:
        return self.server.refuses & ({(self.body.get("response_format") or {}).get("type")} | set(self.body))

    def chunk(self, **fields: Any) -> dict[str, Any]:
        return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "system_fingerprint": "fp",
                "model": f"{self.asked.model}-2024-07-18", **fields}

    async def first(self) -> None:
        await self.write([self.chunk(choices=[{"index": 0, "delta": {"role": "assistant", "content": ""},
                                               "finish_reason": None}])])

    def event(self, text: str, finish: str | None = None, usage: tuple[int, int] | None = None) -> list[Any]:
        finish = {"filtered": "content_filter", "blocked": "content_filter"}.get(finish or "", finish)
        events: list[Any] = [self.chunk(choices=[{"index": 0, "delta": {"content": text} if text else {},
                                                  "finish_reason": finish}])]
        if finish and usage and (self.body.get("stream_options") or {}).get("include_usage"):
            events.append(self.chunk(choices=[], usage={"prompt_tokens": usage[0], "completion_tokens": usage[1],
                                                        "total_tokens": sum(usage)}))
        return [*events, "[DONE]"] if finish else events

    def thought(self, text: str) -> list[Any]:
        return [self.chunk(choices=[{"index": 0, "delta": {"reasoning_content": text}, "finish_reason": None}])]

    def declined(self, text: str) -> list[Any]:
        return [self.chunk(choices=[{"index": 0, "delta": {"refusal": text}, "finish_reason": None}])]

    def error(self, status: int, code: str, message: str) -> Any:
        return {"error": {"message": message, "type": code, "param": None, "code": code}}


class _Gemini(_Protocol):
    """https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent."""

    thought_tokens: dict[str, int] = {}

    def read(self) -> Asked:
        config = self.body.get("generationConfig") or {}
        parts = self.body["contents"][0]["parts"]
        pictures = [part["inlineData"] for part in parts if "inlineData" in part]
        # The SDK writes mime_type and URL-safe base64; protobuf's JSON, which the service reads, takes both forms of each.
        assert all(each.get("mimeType", each.get("mime_type")) == "image/jpeg" for each in pictures)
        seen = [base64.b64decode(each["data"].translate(str.maketrans("-_", "+/")), validate=True) for each in pictures]
        return Asked("gemini", self.path_model,
                     "".join(part["text"] for part in (self.body.get("systemInstruction") or {"parts": []})["parts"]),
                     "".join(part.get("text", "") for part in parts),
                     config.get("responseJsonSchema"), self.body, self.headers, time.monotonic(), *seen)

    def complaint(self) -> tuple[int, Any] | None:
        if self.server.key is not None and self.headers.get("x-goog-api-key") != self.server.key:
            error = self.error(400, "INVALID_ARGUMENT", f"API key not valid: {self.headers.get('x-goog-api-key')}")
            error["error"]["details"] = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]
            return 400, error
        if "json_schema" in self.server.refuses and self.asked.schema is not None:
            return 400, self.error(400, "INVALID_ARGUMENT", "response_json_schema is not supported by this model")
        return None

    def event(self, text: str, finish: str | None = None, usage: tuple[int, int] | None = None) -> list[Any]:
        event: dict[str, Any] = {"modelVersion": f"{self.asked.model}-001", "responseId": "r1"}
        if finish == "blocked":
            return [{**event, "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}]
        candidate: dict[str, Any] = {"index": 0, "content": {"role": "model", "parts": [{"text": text}] if text else []}}
        if finish:
            candidate["finishReason"] = {"stop": "STOP", "length": "MAX_TOKENS", "filtered": "SAFETY"}[finish]
        if finish and usage:
            event["usageMetadata"] = {"promptTokenCount": usage[0], "candidatesTokenCount": usage[1],
                                      "totalTokenCount": sum(usage)} | self.thought_tokens
        return [{**event, "candidates": [candidate]}]

    def thought(self, text: str) -> list[Any]:
        self.thought_tokens = {"thoughtsTokenCount": len(text) // 4}
        return [{"candidates": [{"index": 0, "content": {"role": "model", "parts": [{"text": text, "thought": True}]}}],
                 "usageMetadata": self.thought_tokens}]

    def error(self, status: int, code: str, message: str) -> Any:
        return {"error": {"code": status, "message": message, "status": code.upper()}}


class _Paints(_Protocol):
    """What both protocols share of pictures: half-done ones where asked for, then the whole."""

    sketches = 0
    size = (1376, 768)

    async def stream(self, act: Act) -> None:
        image = act.image if act.image is not None else painted(self.asked.user, self.size)
        if act.first_s:
            await self.pause(act.first_s)
        if not self.streams:
            if act.kind == "cut":
                await self._send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"999")]})
                await self.raw(b'{"data"')
                self.hang_up()
            return await self.whole(200, self.at_once(act, image), {})
        await self._send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", self.media.encode())]})
        for _ in range(min(self.sketches, act.after)):
            await self.write(self.sketch(image))
            if act.token_s:
                await self.pause(act.token_s)
        if not await self.broken_off(act):
            await self.write(self.picture(act, image))
            await self._send({"type": "http.response.body", "body": b""})

    @property
    def streams(self) -> bool:
        return True

    def at_once(self, act: Act, image: bytes) -> bytes:
        raise NotImplementedError

    def sketch(self, image: bytes) -> list[Any]:
        raise NotImplementedError

    def picture(self, act: Act, image: bytes) -> list[Any]:
        raise NotImplementedError

    def cut_event(self) -> str:
        return 'data: {"type": "image_generation.comp'


class _OpenAIImages(_Paints, _OpenAI):
    """https://platform.openai.com/docs/api-reference/images/create, and its streaming events."""

    def read(self) -> Asked:
        if "x" in str(self.body.get("size")):
            width, height = self.body["size"].split("x")
            self.size = int(width), int(height)
        self.sketches = self.body.get("partial_images", 0) if self.streams else 0
        return Asked("openai", self.body["model"], "", self.body["prompt"], None, self.body, self.headers, time.monotonic())

    @property
    def streams(self) -> bool:
        return bool(self.body.get("stream"))

    def refused(self) -> set[str]:
        usual = self.body.get("size") in (None, "auto", "1024x1024", "1536x1024", "1024x1536")
        return super().refused() - ({"size"} if usual else set())

    def usage(self, act: Act) -> dict[str, Any]:
        tokens = len(self.asked.user) // 4, 400 + 100 * self.sketches
        return {"usage": {"input_tokens": tokens[0], "output_tokens": tokens[1], "total_tokens": sum(tokens),
                          "input_tokens_details": {"image_tokens": 0, "text_tokens": tokens[0]}}} if act.usage else {}

    def event_of(self, kind: str, image: bytes, **more: Any) -> dict[str, Any]:
        return {"type": f"image_generation.{kind}", "b64_json": base64.b64encode(image).decode(), "background": "opaque",
                "created_at": 1, "output_format": "jpeg", "quality": "medium", "size": "x".join(map(str, self.size)), **more}

    def sketch(self, image: bytes) -> list[Any]:
        return [self.event_of("partial_image", image, partial_image_index=0)]

    def picture(self, act: Act, image: bytes) -> list[Any]:
        if act.kind in ("filtered", "blocked", "declined"):
            return [{"type": "error", **self.error(400, "moderation_blocked", "rejected by the safety system")}]
        if act.kind == "words":
            return [{**self.event_of("completed", b"", **self.usage(act)), "b64_json": "not base64 at all!"}]
        return [self.event_of("completed", b"" if act.kind == "empty" else image, **self.usage(act))]

    def at_once(self, act: Act, image: bytes) -> bytes:
        data = [] if act.kind == "empty" else [{"b64_json": base64.b64encode(image).decode(), "revised_prompt": "revised"}]
        return json.dumps({"created": 1, "data": data, **self.usage(act)}).encode()


class _GeminiImages(_Paints, _Gemini):
    """https://ai.google.dev/gemini-api/docs/image-generation: the picture is a part of the reply."""

    def picture(self, act: Act, image: bytes) -> list[Any]:
        usage = {"usageMetadata": {"promptTokenCount": len(self.asked.user) // 4, "candidatesTokenCount": 1120,
                                   "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1120}],
                                   "thoughtsTokenCount": len(act.thoughts) // 4}} if act.usage else {}
        if act.kind == "blocked":
            return [{"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, **usage}]
        inline = {"inlineData": {"mimeType": "image/jpeg", "data": base64.b64encode(image).decode()}}
        thought = {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(b"a thought").decode()}, "thought": True}
        parts: list[Any] = {"empty": [], "filtered": [], "declined": [], "words": [{"text": "Here is a picture of it."}]}.get(
            act.kind, [inline])
        finish = {"filtered": "IMAGE_SAFETY", "declined": "IMAGE_PROHIBITED_CONTENT", "empty": "NO_IMAGE"}.get(act.kind, "STOP")
        first = [self.said([thought])] if act.thoughts else []
        return [*first, {**self.said(parts, finishReason=finish), **usage}]

    def said(self, parts: list[Any], **more: Any) -> dict[str, Any]:
        return {"candidates": [{"index": 0, "content": {"role": "model", "parts": parts}, **more}],
                "modelVersion": f"{self.asked.model}-001"}


def _gemini_of(body: Any) -> type[_Protocol]:
    return _GeminiImages if "IMAGE" in (body.get("generationConfig") or {}).get("responseModalities", ()) else _Gemini


def painted(prompt: str, size: tuple[int, int]) -> bytes:
    """Return a JPEG of a sky between two colours that depend on the prompt."""
    from io import BytesIO
    from zlib import crc32

    from PIL import Image, ImageOps

    tone = crc32(prompt.encode())
    low, high = (tuple(tone >> shift & 0x7F for shift in shifts) for shifts in ((0, 8, 16), (4, 12, 20)))
    sky = ImageOps.colorize(Image.linear_gradient("L").resize(size), low, tuple(128 + each for each in high))
    out = BytesIO()
    sky.save(out, "JPEG", quality=85)
    return out.getvalue()


def fitting(asked: Asked) -> str:
    """Return JSON that fits the schema asked for; without one, a review."""
    return json.dumps(_sample(asked.schema, asked, "review", low=True) if asked.schema else {"review": REVIEW},
                      ensure_ascii=False)


def obedient(asked: Asked) -> str:
    """Return what a model says that follows instructions hidden in the lyrics: top marks, and the line as evidence."""
    found = OBEYS.search(asked.user)
    if not found or not asked.schema:
        return fitting(asked)
    return json.dumps(_sample(asked.schema, asked, found.group(0).strip(), low=False), ensure_ascii=False)


def _sample(schema: dict[str, Any], asked: Asked, said: str, low: bool, root: dict[str, Any] | None = None) -> Any:
    root = root or schema
    if "$ref" in schema:
        target: Any = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return _sample(target, asked, said, low, root)
    if "enum" in schema:
        return schema["enum"][0 if low else -1]
    options = schema.get("anyOf") or schema.get("oneOf")
    if options:
        return _sample(options[0], asked, said, low, root)
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {name: _sample(each, asked, _words(name, asked, said), low, root)
                for name, each in schema.get("properties", {}).items()}
    if kind == "array":
        return [_sample(schema.get("items", {}), asked, said, low, root) for _ in range(schema.get("minItems", 1))]
    if kind in ("integer", "number"):
        least, most = schema.get("minimum", 0), schema.get("maximum", 5)
        return (least + most) // 2 if low else most
    return {"boolean": True, "null": None}.get(kind or "", said)


def _words(name: str, asked: Asked, said: str) -> str:
    """Return the text for a field: a line of the prompt as quote, else the review."""
    if said not in ("review", REVIEW):
        return said
    lines = [line.strip() for line in asked.user.splitlines() if len(line.split()) > 2]
    return lines[len(lines) // 2] if name == "quote" and lines else REVIEW
