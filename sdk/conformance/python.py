"""Runs the script of conformance.test.ts with the Python client; prints one JSON line a step."""

import asyncio
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "python"))

from deepseek_api import ApiError, Client  # noqa: E402

access_key, secret_key, endpoint = sys.argv[1:4]
model = "deepseek-chat-7b"


def chat(secret):
    return Client(access_key, secret, endpoint, sleep=lambda seconds: None).chat


def show(line):
    print(json.dumps(line, ensure_ascii=False), flush=True)


def code(work):
    try:
        work()
        return 0
    except ApiError as error:
        return error.code


async def pieces(prompt):
    found = []
    async for piece in chat(secret_key).stream_complete(model=model, prompt=prompt, stream=True):
        found.append(piece["data"]["text"])
    return found


data = chat(secret_key).complete(model=model, prompt="first 量子", context_id=None)["data"]
show([data["text"], data["context_id"], data["usage"]["completion_tokens"]])
data = chat(secret_key).complete(model=model, prompt="second", context_id=data["context_id"])["data"]
show([data["text"], data["context_id"]])
show(asyncio.run(pieces("stream")))
show([chat(secret_key).complete(model=model, prompt="busy twice")["data"]["text"]])
show([code(lambda: chat(secret_key + "x").complete(model=model, prompt="wrong secret"))])
show([code(lambda: chat(secret_key).complete(model=model, prompt="always busy"))])
show([code(lambda: asyncio.run(pieces("stream broken")))])
show([code(lambda: asyncio.run(pieces("stream cut")))])
