"""What a browser sends, without a browser."""

import json
import secrets
from collections.abc import Iterator
from functools import cache
from typing import Any

import httpx
from gradio_client.utils import apply_diff

# One for all: each would read all certificates anew, which takes longer than most answers.
CLIENT = httpx.Client(timeout=60, limits=httpx.Limits(max_connections=None, keepalive_expiry=1.0))


@cache
def handler_of(url: str, target: str, event: str = "click") -> dict:
    """The page's entry for what happens on an event of the component `target`."""
    config = CLIENT.get(f"{url}config").json()
    component = next(c["id"] for c in config["components"] if c["props"].get("elem_id") == target)
    return next(d for d in config["dependencies"] if [component, event] in d["targets"] and d["backend_fn"])


def page_data(url: str, target: str, event: str = "click", **fields: Any) -> list:
    """What the page would send for an event, as it opens, with some fields' values replaced; state is the server's."""
    components = {c["id"]: c["props"] | {"state": c["type"] == "state"} for c in CLIENT.get(f"{url}config").json()["components"]}
    left, data = {f"field-{name.replace('_', '-')}": value for name, value in fields.items()}, []
    for props in (components[i] for i in handler_of(url, target, event)["inputs"]):
        given = [name for name in left if name in (props.get("elem_classes") or ())]
        data.append(left.pop(given[0]) if given else None if props["state"] else props.get("value"))
    assert not left, f"no control of {target} is {', '.join(left)}"
    return data


def post(
    url: str, target: str, data: list, event: str = "click", session: str | None = None, address: str = "", told: dict | None = None
) -> httpx.Response:
    """Ask for an event, as a visitor whom a proxy forwarded from `address`; nobody listens yet. told: the event's own data."""
    body = {
        "data": data,
        "fn_index": handler_of(url, target, event)["id"],
        "session_hash": session or secrets.token_hex(6),
        "event_data": told,
    }
    headers = {"content-type": "application/json"} | ({"x-forwarded-for": address} if address else {})
    # NaN and Infinity are not JSON, yet Python's reader takes them.
    return CLIENT.post(f"{url}gradio_api/queue/join", content=json.dumps(body), headers=headers)


def listen(url: str, session: str, timeout: float = 60, address: str = "") -> Iterator[dict]:
    """The messages for a session, until it is closed."""
    headers = {"x-forwarded-for": address} if address else {}
    where = f"{url}gradio_api/queue/data"
    with CLIENT.stream("GET", where, params={"session_hash": session}, headers=headers, timeout=timeout) as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))


def send(url: str, target: str, data: list, event: str = "click", session: str = "", address: str = "", told: dict | None = None) -> dict:
    """Send `data` to the handler of the component `target` as a browser would, through the queue; the final message.

    Its values are those that the page shows by then: a run that went on has sent its last ones, as differences, before it ended.
    """
    session, shown = session or secrets.token_hex(6), None
    post(url, target, data, event, session, address, told).raise_for_status()
    for message in listen(url, session, 300, address):
        if message["msg"] == "process_generating" and message["success"]:
            new = message["output"]["data"]
            shown = new if shown is None else [apply_diff(old, change) for old, change in zip(shown, new, strict=True)]
        if message["msg"] == "process_completed":
            if message["success"] and shown is not None:
                message["output"]["data"] = shown
            return message
    raise AssertionError("no answer")
