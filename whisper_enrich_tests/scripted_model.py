"""A language model that says what a test tells it to: an OpenAI-compatible server on a real socket.

    with ScriptedModel(in_turn(rate_limited(2), then=sensible)) as model:
        settings = load_settings(llm_chat_api_url=model.url, llm_chat_api_key="k", llm_chat_model="scripted")

A script takes a `Request` and gives a `Reply`, or is a `Reply`. `sensible` answers like a model that does what it is asked.
Chat completions are served, and files and batches, whose requests the same script answers.
"""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Request:
    """A chat completion that was asked for. Names of headers are lower case; ``batch`` is the batch it came in."""

    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    batch: str | None = None

    @property
    def messages(self) -> list[dict[str, str]]:
        """All of them."""
        return self.body["messages"]

    @property
    def instructions(self) -> str:
        """The system message."""
        return next((m["content"] for m in self.messages if m["role"] == "system"), "")

    @property
    def material(self) -> str:
        """The user's first message: the transcript, or whatever is to be worked on."""
        return next((m["content"] for m in self.messages if m["role"] == "user"), "")

    @property
    def is_correction(self) -> bool:
        """True for a request that carries an answer that did not do."""
        return any(m["role"] == "assistant" for m in self.messages)

    @property
    def mode(self) -> str:
        """How structured output is asked for: ``json_schema``, ``json_object`` or ``none``."""
        return self.body.get("response_format", {}).get("type", "none")

    @property
    def schema(self) -> Mapping[str, Any]:
        """The JSON schema of the answer: from the response format, else from the last line of the instructions."""
        if self.mode == "json_schema":
            return self.body["response_format"]["json_schema"]["schema"]
        try:
            return json.loads(self.instructions.rpartition("\n")[2])
        except ValueError:
            return {}

    @property
    def schema_name(self) -> str:
        """Its name, where it is sent; otherwise the part that it has: combined, facts, summary."""
        if self.mode == "json_schema":
            return self.body["response_format"]["json_schema"]["name"]
        parts = set(self.schema.get("properties", {}))
        return "combined" if {"facts", "summary"} <= parts else "facts" if "facts" in parts else "summary"

    @property
    def tokens(self) -> int:
        """Of all messages: a quarter of the characters."""
        return sum(len(m["content"]) for m in self.messages) // 4


@dataclass(frozen=True)
class Reply:
    """An answer of the server. ``usage`` None leaves it out; otherwise it is counted, and these keys are added to it.

    ``raw`` is a body in place of a chat completion. ``delay`` in seconds passes before anything is sent; ``drip`` between
    blanks that keep the connection alive in front of the body. ``cut`` closes the connection in the midst of the body,
    ``reset`` before any of it.
    """

    content: str | None = None
    status: int = 200
    finish_reason: str | None = "stop"
    refusal: str | None = None
    usage: Mapping[str, Any] | None = field(default_factory=dict)
    model: str | None = None
    raw: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    drip: float = 0.0
    cut: bool = False
    reset: bool = False

    def body(self, request: Request) -> bytes:
        """The bytes."""
        return self.raw if self.raw is not None else json.dumps(self.completion(request)).encode()

    def completion(self, request: Request) -> dict[str, Any]:
        """The chat completion."""
        message = {"role": "assistant", "content": self.content, "refusal": self.refusal}
        completion: dict[str, Any] = {
            "id": "chatcmpl-scripted",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": self.model or request.body.get("model", ""),
            "choices": [{"index": 0, "message": message, "finish_reason": self.finish_reason, "logprobs": None}],
        }
        if self.usage is not None:
            received = len(self.content or self.refusal or "") // 4
            counted = {
                "prompt_tokens": request.tokens,
                "completion_tokens": received,
                "total_tokens": request.tokens + received,
                "prompt_tokens_details": {"cached_tokens": 0},
            }
            completion["usage"] = counted | dict(self.usage)
        return completion


Script = Callable[[Request], "Reply"] | Reply


def answer(script: Script, request: Request) -> Reply:
    """What a script answers."""
    return script if isinstance(script, Reply) else script(request)


def well(value: Any, **usage: Any) -> Reply:
    """This value as JSON. Keyword arguments are added to the usage: ``cost=0.01``."""
    return Reply(json.dumps(value, ensure_ascii=False), usage=usage)


def said(text: str, finish_reason: str | None = "stop") -> Reply:
    """This text."""
    return Reply(text, finish_reason=finish_reason)


def cached(value: Any, tokens: int) -> Reply:
    """This value, with so many tokens of the prompt found in the provider's cache."""
    return well(value, prompt_tokens_details={"cached_tokens": tokens})


def no_usage(value: Any) -> Reply:
    """This value, without a word on tokens."""
    return replace(well(value), usage=None)


def by_another_model(value: Any, model: str) -> Reply:
    """This value, from a model of another name than was asked for."""
    return replace(well(value), model=model)


def fenced(value: Any, before: str = "Here is the JSON you asked for:\n\n", after: str = "\n\nAnything else?") -> Reply:
    """This value in a code fence, with prose around it."""
    return Reply(f"{before}```json\n{json.dumps(value, indent=2)}\n```{after}")


def empty() -> Reply:
    """Nothing, said with success."""
    return Reply("")


def no_choices() -> Reply:
    """A completion without any choice."""
    return Reply(raw=json.dumps({"id": "x", "object": "chat.completion", "model": "m", "choices": []}).encode())


def wrong_schema() -> Reply:
    """JSON that is not what was asked for."""
    return well({"answer": 42})


def half_json() -> Reply:
    """JSON that ends within a string, though the model is said to have ended by itself."""
    return Reply('{"facts": [{"line": 1, "quote": "I live in')


def cut_body(value: Any = None) -> Reply:
    """A good answer whose connection breaks off half-way."""
    return replace(well(value if value is not None else {"facts": []}), cut=True)


def not_json() -> Reply:
    """A body with success that is no JSON."""
    return Reply(raw=b'{"id": "x", "choices": [', headers={"content-type": "application/json"})


def web_page() -> Reply:
    """What a web server answers where the address lacks its path."""
    return Reply(raw=b"<!doctype html><title>Welcome</title>", headers={"content-type": "text/html; charset=utf-8"})


def event_stream() -> Reply:
    """A stream of events, though none was asked for."""
    events = b'data: {"choices":[{"delta":{"content":"hello"}}]}\n\ndata: [DONE]\n\n'
    return Reply(raw=events, headers={"content-type": "text/event-stream"})


def refusal() -> Reply:
    """The model declines in the field that is made for it."""
    return Reply(None, refusal="I'm sorry, I can't help with that.")


def content_filter() -> Reply:
    """The provider's filter ended the answer."""
    return Reply('{"facts": [', finish_reason="content_filter")


def too_long() -> Reply:
    """The answer was cut off at the most tokens."""
    return Reply('{"facts": [{"line": 1, "quote": "I live', finish_reason="length")


def long_answer(words: int = 50_000) -> Reply:
    """JSON with so many words, whatever was asked for at most."""
    return well({"facts": [], "summary": "word " * words})


def slow(seconds: float, then: Reply | None = None) -> Reply:
    """Nothing for so long, then the reply."""
    return replace(then or well({"facts": []}), delay=seconds)


def dripping(seconds: float, then: Reply | None = None) -> Reply:
    """A blank every so many seconds, for ten of them, then the reply: what gateways do to keep a connection alive."""
    return replace(then or well({"facts": []}), drip=seconds)


def reset() -> Reply:
    """The connection is reset before anything is answered."""
    return Reply(reset=True)


def error(status: int, code: Any = None, message: str = "scripted", **more: Any) -> Reply:
    """An error in OpenAI's form. ``headers`` are the response's; other keywords go into the error object."""
    headers = more.pop("headers", {})
    fields = {"message": message, "type": more.pop("type", "scripted_error"), "param": more.pop("param", None)}
    body = {"error": {**fields, "code": code, **more}}
    return Reply(status=status, raw=json.dumps(body).encode(), headers=headers)


def error_within(code: Any, message: str = "scripted", **more: Any) -> Reply:
    """An error within a body of status 200, as OpenRouter reports a failing upstream."""
    return Reply(raw=json.dumps({"error": {"code": code, "message": message, **more}}).encode())


def rate_limited(retry_after: float | str | None = None) -> Reply:
    """429, with Retry-After where given."""
    headers = {} if retry_after is None else {"retry-after": f"{retry_after}"}
    return error(429, "rate_limit_exceeded", "Rate limit reached.", headers=headers)


def server_error(status: int = 500) -> Reply:
    """5xx without a word."""
    return Reply(status=status, raw=b"upstream connect error", headers={"content-type": "text/plain"})


def quota(status: int = 402) -> Reply:
    """No credit left: 402 as OpenRouter says it, 429 insufficient_quota as OpenAI does."""
    if status == 402:
        return error(402, 402, "Insufficient credits.")
    return error(status, "insufficient_quota", "You exceeded your current quota.", type="insufficient_quota")


def unauthorised(status: int = 401) -> Reply:
    """The key is not accepted."""
    return error(status, "invalid_api_key", "Incorrect API key provided: k-1***.")


def unknown_model() -> Reply:
    """No such model."""
    return error(404, "model_not_found", "The model `x` does not exist or you do not have access to it.")


def content_policy() -> Reply:
    """400 because of what the input says."""
    return error(400, "content_policy_violation", "Your request was rejected by our safety system.")


def context_exceeded(length: int = 128_000) -> Reply:
    """400 because the input is too long."""
    message = f"This model's maximum context length is {length} tokens. However, your messages resulted in more."
    return error(400, "context_length_exceeded", message, param="messages")


def no_json_schema_support(script: Script, modes: tuple[str, ...] = ("json_schema",)) -> Script:
    """A server that refuses these kinds of response format, and otherwise keeps to the script."""

    def scripted(request: Request) -> Reply:
        if request.mode in modes:
            message = f"response_format type '{request.mode}' is not supported by this server"
            return error(400, None, message, param="response_format")
        return answer(script, request)

    return scripted


def in_turn(*replies: Script, then: Script) -> Script:
    """The first requests get these, one each, all later ones get ``then``."""
    left = list(replies)
    lock = threading.Lock()

    def scripted(request: Request) -> Reply:
        with lock:
            script = left.pop(0) if left else then
        return answer(script, request)

    return scripted


def when(words: str, reply: Script, otherwise: Script) -> Script:
    """``reply`` where these words are in the material, else ``otherwise``: a message that spoils its batch."""
    return lambda request: answer(reply if words in request.material else otherwise, request)


def for_schema(otherwise: Script, **scripts: Script) -> Script:
    """A script for each name of a schema."""
    return lambda request: answer(scripts.get(request.schema_name, otherwise), request)


_LINE = re.compile(r"^(\d+) ([UB]) (\d\d:\d\d): (.*)$", re.M)
_SENTENCE = re.compile(r"[^.!?]+[.!?]?")
_NAME = re.compile(r'^U is "([^"]*)"')
_WORDS = re.compile(r"Length of the summary: (\d+) to (\d+) words")
_BLOCK = re.compile(r"^(?:\d+ |[-*] )?(?:.{0,40}?\d: )?(.+)$")
_KINDS = (
    (re.compile(r"I live in ([\w' -]+)"), "place", "lives_in", "lives in"),
    (re.compile(r"I work as (?:an? )?([\w' -]+)"), "work", "works_as", "works as"),
    (re.compile(r"I work (?:at|for) ([\w' -]+)"), "work", "works_at", "works at"),
    (re.compile(r"I (?:love|like) ([\w' -]+)"), "preference", "likes", "likes"),
    (re.compile(r"I ([\w' -]+)"), "event", "", ""),
)


def sensible(request: Request) -> Reply:
    """A valid answer to the schema that comes along, always the same one to the same question.

    Facts: one for every sentence of a user's line that begins with "I ". Summaries use words of the material alone.
    """
    lines = [(int(n), speaker, text) for n, speaker, _, text in _LINE.findall(request.material)]
    summary = _summary(request, lines)
    values = {"facts": _facts(lines), "ok": True, **summary}
    if request.schema_name == "combined":
        values["summary"] = summary
    return well(_fit(values, request.schema))


def _facts(lines: list[tuple[int, str, str]]) -> list[dict[str, Any]]:
    spoken = [(number, text) for number, speaker, text in lines if speaker == "U"]
    sentences = [(number, match[0].strip()) for number, text in spoken for match in _SENTENCE.finditer(text)]
    return [_fact(number, sentence) for number, sentence in sentences if sentence.startswith("I ")]


def _fact(line: int, quote: str) -> dict[str, Any]:
    category, attribute, verb, value = next(
        (category, attribute, verb, match[1].strip())
        for pattern, category, attribute, verb in _KINDS
        if (match := pattern.match(quote))
    )
    return {
        "line": line, "quote": quote, "statement": " ".join(filter(None, ["{user}", verb, value])) + ".",
        "category": category, "attribute": attribute, "value": value, "polarity": "affirm",
        "tense": "past" if category == "event" else "present", "holds_from": None, "holds_to": None,
        "confidence": 0.8, "question_line": None,
    }  # fmt: skip


def _summary(request: Request, lines: list[tuple[int, str, str]]) -> dict[str, Any]:
    name = match[1] if (match := _NAME.search(request.material)) else "The user"
    said = [text for _, _, text in lines] or [
        match[1]
        for line in request.material.splitlines()[1:]
        if not line.startswith("<") and (match := _BLOCK.match(line))
    ]
    wanted = _WORDS.search(request.material)
    least, most = (int(wanted[1]), int(wanted[2])) if wanted else (25, 100)
    words = " ".join(said).split()
    told = " ".join([f"{name}:", *words[: max(1, min((least + most) // 2, most - 1))]])
    topics = dict.fromkeys(word.lower() for word in re.findall(r"[^\W\d_]{6,}", " ".join(said)))
    return {
        "summary": told if told.endswith((".", "!", "?")) else f"{told}.",
        "topics": list(topics)[:3],
        "tone": "neutral",
        "decisions": [],
        "open_questions": [],
        "quotes": [{"line": number, "quote": text} for number, _, text in lines[:2]],
    }


def _fit(values: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Of the values, those that the schema has."""
    asked = schema.get("properties", {})
    return {
        name: _fit(value, asked[name]) if isinstance(value, dict) else value
        for name, value in values.items()
        if name in asked
    }


def invented_quotes(request: Request) -> Reply:
    """What `sensible` answers, with quotes that nobody said."""
    return _changed(request, "quote", "I secretly own a castle in Transylvania.")


def wrong_language(request: Request) -> Reply:
    """What `sensible` answers, with statements and summary in German."""
    german = _changed(request, "statement", "{user} wohnt in einem kleinen Haus am Meer.")
    return _changed(request, "summary", "Es wurde über dies und das gesprochen, und niemand war traurig.", german)


def _changed(request: Request, key: str, text: str, reply: Reply | None = None) -> Reply:
    def change(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: text if k == key and isinstance(v, str) else change(v) for k, v in value.items()}
        return [change(entry) for entry in value] if isinstance(value, list) else value

    return well(change(json.loads((reply or sensible(request)).content or "{}")))


class ScriptedModel:
    """The server, on a free port of this machine, for the length of a ``with`` block.

    A batch is done when its status has been asked for ``batch_polls`` times; ``batch_ends_as`` is the status it then has.
    ``batches`` False: there is no such endpoint. ``gate`` may answer in place of the endpoints for files and batches:
    it is given method and path and returns a `Reply`, or None to let them through.
    """

    def __init__(
        self,
        script: Script = sensible,
        *,
        batches: bool = True,
        batch_polls: int = 1,
        batch_ends_as: str = "completed",
        gate: Callable[[str, str], Reply | None] | None = None,
    ) -> None:
        self.script = script
        self.closing = threading.Event()
        self.shelf = _Shelf(self, batch_polls, batch_ends_as) if batches else None
        self.gate = gate or (lambda method, path: None)
        self._lock = threading.Lock()
        self._requests: list[Request] = []
        self._at_once = 0
        self._most_at_once = 0
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.model = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """The base address, for LLM_CHAT_API_URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def requests(self) -> list[Request]:
        """The chat completions asked for so far, in the order in which they came; those of batches among them."""
        with self._lock:
            return list(self._requests)

    @property
    def most_at_once(self) -> int:
        """The most chat completions that were under way together."""
        return self._most_at_once

    def forget(self) -> None:
        """Start the list of requests afresh."""
        with self._lock:
            self._requests.clear()

    def reply(self, request: Request) -> Reply:
        """Note the request and ask the script."""
        with self._lock:
            self._requests.append(request)
        return answer(self.script, request)

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Count a request while it is served."""
        with self._lock:
            self._at_once += 1
            self._most_at_once = max(self._most_at_once, self._at_once)
        try:
            yield
        finally:
            with self._lock:
                self._at_once -= 1

    def __enter__(self) -> ScriptedModel:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    model: ScriptedModel

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is part of the play; whatever else goes wrong here is shown."""
        import sys

        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @property
    def model(self) -> ScriptedModel:
        return cast(_Server, self.server).model

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is written to the console."""

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        received = self.rfile.read(length)
        if len(received) < length:
            # Whoever asked was killed while asking.
            self.close_connection = True
            return
        if urlsplit(self.path).path != "/v1/chat/completions":
            self._serve_shelf("POST", received)
            return
        request = Request(json.loads(received), {name.lower(): value for name, value in self.headers.items()})
        with self.model.under_way():
            self._send(self.model.reply(request), request)

    def do_GET(self) -> None:
        self._serve_shelf("GET", b"")

    def do_DELETE(self) -> None:
        self._serve_shelf("DELETE", b"")

    def _serve_shelf(self, method: str, received: bytes) -> None:
        shelf, path = self.model.shelf, urlsplit(self.path).path
        reply = self.model.gate(method, path)
        if reply is None and shelf is not None:
            reply = shelf.serve(method, self.path, received, self.headers.get("content-type", ""))
        self._send(reply or error(404, "not_found", f"No such endpoint: {path}"), Request({"messages": []}))

    def _send(self, reply: Reply, request: Request) -> None:
        if reply.delay and self.model.closing.wait(reply.delay):
            self.close_connection = True
            return
        if reply.reset:
            self._reset()
            return
        body = reply.body(request)
        blanks = 10 if reply.drip else 0
        self.send_response(reply.status)
        headers = {"content-type": "application/json", "content-length": str(len(body) + blanks)} | dict(reply.headers)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        for _ in range(blanks):
            self.wfile.write(b" ")
            if self.model.closing.wait(reply.drip):
                self.close_connection = True
                return
        if reply.cut:
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
            return
        self.wfile.write(body)

    def _reset(self) -> None:
        self.close_connection = True
        # Linger for no time: closing sends RST at once.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


class _Shelf:
    """Files and batches."""

    def __init__(self, model: ScriptedModel, polls: int, ends_as: str) -> None:
        self._model = model
        self._polls = polls
        self._ends_as = ends_as
        self._files: dict[str, bytes] = {}
        self._described: dict[str, dict[str, Any]] = {}
        self._batches: dict[str, dict[str, Any]] = {}
        self._asked: dict[str, int] = {}
        self._numbers = count(1)
        self._lock = threading.RLock()

    def serve(self, method: str, url: str, received: bytes, content_type: str) -> Reply | None:
        """The endpoints ``/v1/files`` and ``/v1/batches``; None for any other path."""
        parts = urlsplit(url).path.removeprefix("/v1/").split("/")
        with self._lock:
            match method, parts:
                case "POST", ["files"]:
                    return self._upload(received, content_type)
                case "GET", ["files", name]:
                    return _object(self._described.get(name))
                case "GET", ["files", name, "content"]:
                    found = self._files.get(name)
                    return Reply(raw=found) if found is not None else _object(None)
                case "DELETE", ["files", name]:
                    gone = self._files.pop(name, None) is not None and self._described.pop(name) is not None
                    return _object({"id": name, "object": "file", "deleted": True} if gone else None)
                case "POST", ["batches"]:
                    return self._create(json.loads(received))
                case "GET", ["batches"]:
                    return self._list(parse_qs(urlsplit(url).query))
                case "GET", ["batches", name]:
                    return self._poll(name)
                case "POST", ["batches", name, "cancel"]:
                    if name in self._batches:
                        self._batches[name]["status"] = "cancelled"
                    return _object(self._batches.get(name))
        return None

    def _upload(self, received: bytes, content_type: str) -> Reply:
        head = f"content-type: {content_type}\r\n\r\n".encode()
        parts = BytesParser(policy=HTTP).parsebytes(head + received)
        fields = {part.get_param("name", header="content-disposition"): part for part in parts.iter_parts()}  # type: ignore[attr-defined]
        content = fields["file"].get_payload(decode=True)
        purpose = fields["purpose"].get_payload(decode=True).decode().strip()
        return _object(self._described[self._keep(content, fields["file"].get_filename() or "file", purpose)])

    def _keep(self, content: bytes, filename: str, purpose: str) -> str:
        name = f"file-{next(self._numbers)}"
        self._files[name] = content
        self._described[name] = {
            "id": name, "object": "file", "bytes": len(content), "created_at": int(time.time()), "filename": filename,
            "purpose": purpose, "status": "processed",
        }  # fmt: skip
        return name

    def _create(self, wanted: Mapping[str, Any]) -> Reply:
        if wanted["input_file_id"] not in self._files:
            return error(400, "invalid_request_error", "No such file.", param="input_file_id")
        name = f"batch_{next(self._numbers)}"
        self._batches[name] = {
            "id": name, "object": "batch", "endpoint": wanted["endpoint"], "errors": None,
            "input_file_id": wanted["input_file_id"], "completion_window": wanted["completion_window"],
            "status": "validating", "output_file_id": None, "error_file_id": None, "created_at": int(time.time()),
            "request_counts": {"total": 0, "completed": 0, "failed": 0}, "metadata": wanted.get("metadata"),
        }  # fmt: skip
        self._asked[name] = 0
        return _object(self._batches[name])

    def _list(self, query: Mapping[str, list[str]]) -> Reply:
        newest_first = list(self._batches.values())[::-1]
        after, limit = query.get("after", [""])[0], int(query.get("limit", ["20"])[0])
        start = next((i + 1 for i, batch in enumerate(newest_first) if batch["id"] == after), 0)
        page = newest_first[start : start + limit]
        return _object(
            {
                "object": "list", "data": page, "has_more": start + limit < len(newest_first),
                "first_id": page[0]["id"] if page else None, "last_id": page[-1]["id"] if page else None,
            }
        )  # fmt: skip

    def _poll(self, name: str) -> Reply:
        batch = self._batches.get(name)
        if batch is not None and batch["status"] in ("validating", "in_progress"):
            self._asked[name] += 1
            batch["status"] = "in_progress"
            if self._asked[name] >= self._polls:
                self._end(batch)
        return _object(batch)

    def _end(self, batch: dict[str, Any]) -> None:
        batch["status"] = self._ends_as
        if self._ends_as not in ("completed", "expired"):
            return
        lines = [json.loads(line) for line in self._files[batch["input_file_id"]].splitlines() if line.strip()]
        # An expired batch has got as far as half of its requests. Nothing says that answers keep the order of questions.
        served = lines if self._ends_as == "completed" else lines[: len(lines) // 2]
        results = [self._result(line, batch["id"]) for line in served][::-1]
        results += [
            {"id": f"req-{line['custom_id']}", "custom_id": line["custom_id"], "response": None,
             "error": {"code": "batch_expired", "message": "This request could not be executed in time."}}
            for line in lines[len(served) :]
        ]  # fmt: skip
        good = [r for r in results if r["response"] is not None and r["response"]["status_code"] == 200]
        bad = [r for r in results if r not in good]
        batch["output_file_id"] = self._keep(_lines(good), "output.jsonl", "batch_output") if good else None
        batch["error_file_id"] = self._keep(_lines(bad), "errors.jsonl", "batch_output") if bad else None
        batch["request_counts"] = {"total": len(lines), "completed": len(good), "failed": len(bad)}

    def _result(self, line: Mapping[str, Any], batch: str) -> dict[str, Any]:
        request = Request(line["body"], batch=batch)
        reply = self._model.reply(request)
        result = {"id": f"req-{line['custom_id']}", "custom_id": line["custom_id"]}
        if reply.reset or reply.cut:
            failure = {"code": "server_error", "message": "The request could not be completed."}
            return {**result, "response": None, "error": failure}
        try:
            body = json.loads(reply.body(request))
        except ValueError:
            body = {"error": {"message": "upstream", "code": None}}
        response = {"status_code": reply.status, "request_id": f"x-{line['custom_id']}", "body": body}
        return {**result, "response": response, "error": None}


def _object(found: Mapping[str, Any] | None) -> Reply:
    return Reply(raw=json.dumps(found).encode()) if found is not None else error(404, "not_found", "No such object.")


def _lines(results: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(result) + "\n" for result in results).encode()
