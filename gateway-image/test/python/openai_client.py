"""Plays the official OpenAI client and plain `requests` against a gateway; one JSON line a step.

Arguments: address of the gateway, a key, a model, a key whose tier allows one call a second.
"""

import asyncio
import json
import sys

import openai
import requests
from openai import AsyncOpenAI, OpenAI

base, key, model, narrow_key = sys.argv[1:5]
url = base + "/v1"
client = OpenAI(api_key=key, base_url=url, max_retries=0)
messages = [{"role": "user", "content": "What is a ledger?"}]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
]


def show(step, **facts):
    print(json.dumps({"step": step, **facts}, ensure_ascii=False), flush=True)


def refusal(work):
    try:
        work()
        return None
    except openai.APIStatusError as error:
        return [type(error).__name__, error.status_code, error.code, error.param]


def chat():
    answer = client.chat.completions.create(model=model, messages=messages)
    show("chat", model=answer.model, usage=answer.usage.prompt_tokens, id=answer.id[:9])
    return answer.choices[0].message.content


def stream(whole):
    text, usages = "", []
    for chunk in client.chat.completions.create(model=model, messages=messages, stream=True):
        usages.append(chunk.usage)
        text += chunk.choices[0].delta.content or ""
    show("stream", same=text == whole, usages=[u for u in usages if u is not None])
    wanted = {"include_usage": True}
    chunks = list(
        client.chat.completions.create(
            model=model, messages=messages, stream=True, stream_options=wanted
        )
    )
    last = chunks[-1]
    show("stream usage", choices=len(last.choices), tokens=last.usage.prompt_tokens)


def completions():
    answer = client.completions.create(model=model, prompt="Once upon", max_tokens=5)
    show("completion", tokens=answer.usage.completion_tokens)
    text = ""
    for part in client.completions.create(
        model=model, prompt="Once upon", max_tokens=5, stream=True
    ):
        text += part.choices[0].text
    show("completion stream", same=text == answer.choices[0].text)


def embeddings():
    # The client asks for base64 by itself and decodes it.
    decoded = client.embeddings.create(model=model, input=["a", "b"])
    plain = client.embeddings.create(model=model, input=["a", "b"], encoding_format="float")
    near = all(
        abs(one - other) < 1e-6
        for one, other in zip(decoded.data[1].embedding, plain.data[1].embedding)
    )
    show("embeddings", count=len(decoded.data), near=near)


def tools():
    whole = client.chat.completions.create(model=model, messages=messages, tools=TOOLS)
    call = whole.choices[0].message.tool_calls[0]
    arguments = ""
    for chunk in client.chat.completions.create(
        model=model, messages=messages, tools=TOOLS, stream=True
    ):
        for piece in chunk.choices[0].delta.tool_calls or []:
            arguments += piece.function.arguments or ""
    turn = messages + [
        {"role": "assistant", "tool_calls": [call.model_dump()]},
        {"role": "tool", "tool_call_id": call.id, "content": "sunny"},
    ]
    last = client.chat.completions.create(model=model, messages=turn, tools=TOOLS)
    show(
        "tools",
        name=call.function.name,
        arguments=json.loads(call.function.arguments),
        streamed=json.loads(arguments),
        end=last.choices[0].finish_reason,
    )


def models():
    ids = [one.id for one in client.models.list()]
    show("models", ids=ids, owner=client.models.retrieve(model).owned_by)


def errors():
    def ask(who=client, **change):
        return lambda: who.chat.completions.create(
            **{"model": model, "messages": messages, **change}
        )

    wrong = OpenAI(api_key="sk-no-such-key", base_url=url, max_retries=0)
    show("wrong key", error=refusal(ask(wrong)))
    show("unknown model", error=refusal(ask(model="none")))
    show("wrong member", error=refusal(ask(max_tokens=0)))
    show("refused by the model", error=refusal(ask(max_tokens=9_999)))
    show("no such model", error=refusal(lambda: client.models.retrieve("none")))


def retries():
    impatient = OpenAI(api_key=narrow_key, base_url=url, max_retries=0)
    patient = OpenAI(api_key=narrow_key, base_url=url, max_retries=8)
    ask = {"model": model, "messages": messages, "max_tokens": 1}
    patient.chat.completions.create(**ask)
    refused = None
    # A second is long for a call that is answered at once, but a busy machine may take it.
    for _attempt in range(20):
        refused = refusal(lambda: impatient.chat.completions.create(**ask))
        if refused is not None:
            break
    show("over the quota", error=refused)
    show("waits and tries again", object=patient.chat.completions.create(**ask).object)


async def asynchronous():
    async with AsyncOpenAI(api_key=key, base_url=url, max_retries=0) as other:
        ask = {"model": model, "messages": messages}
        answers = await asyncio.gather(*[other.chat.completions.create(**ask) for _ in range(8)])
        text = ""
        async for chunk in await other.chat.completions.create(**ask, stream=True):
            text += chunk.choices[0].delta.content or ""
        same = {answer.choices[0].message.content for answer in answers} == {text}
        show("async", answers=len(answers), same=same)


def plain_requests(whole):
    """As people call it who have no client: a whole answer, and a stream read line by line."""
    endpoint = url + "/chat/completions"
    headers = {"Authorization": "Bearer " + key}
    payload = {
        "model": model,
        "messages": messages,
        "temperature": 0.7,
        "max_tokens": 500,
        "stream": False,
    }
    response = requests.post(endpoint, json=payload, headers=headers, timeout=60)
    content = response.json()["choices"][0]["message"]["content"]
    text = ""
    done = False
    response = requests.post(
        endpoint, json={**payload, "stream": True}, headers=headers, stream=True, timeout=60
    )
    for line in response.iter_lines():
        if line:
            line_text = line.decode("utf-8")
            if line_text.startswith("data: "):
                data_str = line_text[6:]
                if data_str == "[DONE]":
                    done = True
                    break
                delta = json.loads(data_str)["choices"][0]["delta"]
                if "content" in delta:
                    text += delta["content"]
    show("requests", same=content == whole, streamed=text == whole, done=done)


content = chat()
stream(content)
completions()
embeddings()
tools()
models()
errors()
retries()
asyncio.run(asynchronous())
plain_requests(content)
