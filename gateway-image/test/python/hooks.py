"""Hooks of schemathesis: what a schema cannot say, so that calls get beyond the first check.

Only what is valid already is changed, into something else that is valid.
"""

import copy
import os
import re
from urllib.parse import unquote

import schemathesis

MODEL = os.environ["SCHEMATHESIS_MODEL"]
# urllib3 takes this text in a header for an order to itself, and generators draw it from its source.
SKIP = "@@@SKIP_HEADER@@@"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}\Z")
TOKENS_MAX = 4


@schemathesis.hook
def filter_headers(context, headers):
    return all(value != SKIP for value in (headers or {}).values())


@schemathesis.hook
def before_call(context, case, kwargs):
    if not isinstance(case.body, dict):
        return
    # Cases are made from each other: a change in place would show in later ones.
    body = case.body = copy.deepcopy(case.body)
    ask_the_model(body)
    # The path and the body name the same entry, or the call is refused.
    if case.method == "PUT" and is_name(body.get("id")):
        body["id"] = unquote((case.path_parameters or {}).get("name", body["id"]))
    for target in body["targets"] if isinstance(body.get("targets"), list) else []:
        url = target.get("url") if isinstance(target, dict) else None
        # Without a path: the gateway appends its own.
        if isinstance(url, str) and url.startswith("http"):
            target["url"] = "http://127.0.0.1:9"
    # Something to be seen, which few languages' patterns can say.
    if isinstance(body.get("words"), list):
        body["words"] = [seen(word) for word in body["words"]]
    requires = body.get("requires")
    hours = requires.get("hours") if isinstance(requires, dict) else None
    # There is no pattern of time zones.
    if isinstance(hours, dict) and isinstance(hours.get("timeZone"), str) and hours["timeZone"]:
        hours["timeZone"] = "Asia/Shanghai"


def ask_the_model(body):
    """A name that could be a model becomes the model's; an answer fits into its context."""
    for member in ("model", "model_id"):
        name = body.get(member)
        if isinstance(name, str) and 0 < len(name) <= 128:
            body[member] = MODEL
    for member in ("max_tokens", "max_completion_tokens", "n"):
        count = body.get(member)
        if type(count) in (int, float) and count > TOKENS_MAX:
            body[member] = TOKENS_MAX


def is_name(value):
    return isinstance(value, str) and NAME.match(value) is not None


def seen(word):
    return "word" if isinstance(word, str) and word.strip() and len(word) <= 128 else word
