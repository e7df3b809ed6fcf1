"""Client of the native API on the standard library alone."""

import asyncio
import hashlib
import hmac
import http.client
import json
import random
import ssl
import time
import uuid
from typing import Any, AsyncIterator, Callable, Dict, Iterator, Optional
from urllib.parse import urlsplit

# Waits double from half a second and are drawn from the upper half, so that callers spread.
WAIT_SECONDS_MIN = 0.5
WAIT_SECONDS_MAX = 8.0
# A service that asks for more is answered by giving up: the caller decides about long waits.
RETRY_AFTER_SECONDS_MAX = 30.0

Answer = Dict[str, Any]


class ApiError(Exception):
    """The service refused or failed; ``code`` is a native code such as 42901 (docs/errors.md)."""

    def __init__(
        self,
        code: int,
        message: str,
        status: int,
        retry_after: Optional[float] = None,
        request_id: Optional[str] = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.retry_after = retry_after
        self.request_id = request_id

    @property
    def retryable(self) -> bool:
        return self.status == 429 or self.status >= 500


class Client:
    """``endpoint`` names the version too: ``https://host/v1``. ``context`` verifies the service."""

    def __init__(
        self,
        access_key: str,
        secret_key: str,
        endpoint: str,
        *,
        attempts_max: int = 3,
        timeout: float = 120.0,
        context: Optional[ssl.SSLContext] = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.chat = Chat(access_key, secret_key, endpoint, attempts_max, timeout, context, sleep)


class Chat:
    def __init__(
        self,
        access_key: str,
        secret_key: str,
        endpoint: str,
        attempts_max: int,
        timeout: float,
        context: Optional[ssl.SSLContext],
        sleep: Callable[[float], None],
    ) -> None:
        self._access_key = access_key
        self._secret_key = secret_key
        self._url = urlsplit(endpoint.rstrip("/") + "/chat/complete")
        self._attempts_max = attempts_max
        self._timeout = timeout
        self._context = context
        self._sleep = sleep

    def complete(self, model: str, prompt: str, **options: Any) -> Answer:
        """One whole answer: ``{"code": 0, "message": ..., "data": {"text", "context_id", "usage"}}``."""
        options.pop("stream", None)
        connection, response = self._send(_body(model, prompt, False, options))
        try:
            return _envelope(response.read().decode("utf-8"), response)
        finally:
            connection.close()

    async def stream_complete(self, model: str, prompt: str, **options: Any) -> AsyncIterator[Answer]:
        """Pieces as they come; the last one carries the usage. Leaving the loop ends the call."""
        options.pop("stream", None)
        pieces = self._pieces(_body(model, prompt, True, options))
        try:
            while True:
                piece = await asyncio.to_thread(next, pieces, None)
                if piece is None:
                    return
                yield piece
        finally:
            pieces.close()

    def _pieces(self, body: bytes) -> Iterator[Answer]:
        connection, response = self._send(body)
        try:
            for data in _events(response):
                if data == "[DONE]":
                    return
                yield _envelope(data, response)
            raise ApiError(50202, "The stream ended early.", response.status)
        finally:
            connection.close()

    def _send(self, body: bytes) -> Any:
        attempt = 1
        while True:
            try:
                return self._send_once(body)
            except (ApiError, OSError, http.client.HTTPException) as error:
                wait = _wait_seconds(error, attempt)
                if attempt >= self._attempts_max or wait is None:
                    raise
                self._sleep(wait)
                attempt += 1

    def _send_once(self, body: bytes) -> Any:
        path = self._url.path + (f"?{self._url.query}" if self._url.query else "")
        connection = self._connect()
        try:
            headers = signed_headers(self._access_key, self._secret_key, "POST", path, body)
            headers["Content-Type"] = "application/json"
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            if response.status == 200:
                return connection, response
            raise _fault(response.read().decode("utf-8", "replace"), response)
        except BaseException:
            connection.close()
            raise

    def _connect(self) -> http.client.HTTPConnection:
        host = self._url.hostname or ""
        if self._url.scheme == "http":
            return http.client.HTTPConnection(host, self._url.port, timeout=self._timeout)
        context = self._context or ssl.create_default_context()
        return http.client.HTTPSConnection(
            host, self._url.port, timeout=self._timeout, context=context
        )


def signed_headers(
    access_key: str, secret_key: str, method: str, path_with_query: str, body: bytes
) -> Dict[str, str]:
    """The headers of one signed call; each call has its own nonce, so an attempt signs anew."""
    timestamp = str(int(time.time()))
    nonce = str(uuid.uuid4())
    digest = hashlib.sha256(body).hexdigest()
    text = "\n".join([method, path_with_query, timestamp, nonce, digest])
    signature = hmac.new(secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()
    return {
        "X-DS-AccessKey": access_key,
        "X-DS-Timestamp": timestamp,
        "X-DS-Nonce": nonce,
        "X-DS-Signature": signature,
    }


def _body(model: str, prompt: str, stream: bool, options: Dict[str, Any]) -> bytes:
    body = {"model": model, "prompt": prompt, "context_id": None, "stream": stream, **options}
    return json.dumps(body, ensure_ascii=False).encode("utf-8")


def _events(response: http.client.HTTPResponse) -> Iterator[str]:
    lines = []
    for raw in response:
        line = raw.decode("utf-8").rstrip("\r\n")
        if line.startswith("data:"):
            lines.append(line[5:].lstrip(" "))
        elif line == "" and lines:
            yield "\n".join(lines)
            lines = []


def _envelope(text: str, response: http.client.HTTPResponse) -> Answer:
    fault = _fault(text, response)
    if fault.code != 0:
        raise fault
    return json.loads(text)


def _fault(text: str, response: http.client.HTTPResponse) -> ApiError:
    """Code 0: it is no fault. An answer that is no envelope comes from something in between."""
    code, message = response.status * 100, f"HTTP {response.status}"
    try:
        body = json.loads(text)
        if isinstance(body.get("code"), int):
            code, message = body["code"], str(body.get("message"))
    except (ValueError, AttributeError):
        pass
    header = response.getheader("retry-after")
    retry_after = float(header) if header and header.isdigit() else None
    return ApiError(code, message, response.status, retry_after, response.getheader("x-request-id"))


def _wait_seconds(error: Exception, attempt: int) -> Optional[float]:
    """None: trying again is no use."""
    own = min(WAIT_SECONDS_MAX, WAIT_SECONDS_MIN * 2 ** (attempt - 1))
    drawn = own * random.uniform(0.5, 1.0)
    if not isinstance(error, ApiError):
        return drawn
    if not error.retryable:
        return None
    asked = error.retry_after or 0.0
    return None if asked > RETRY_AFTER_SECONDS_MAX else max(asked, drawn)
