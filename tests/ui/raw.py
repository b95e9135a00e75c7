"""What a browser sends, without a browser."""

from __future__ import annotations

import json
import secrets

import httpx


def send(url: str, target: str, data: list, event: str = "click") -> dict:
    """Send `data` to the handler of the button `target` as a browser would, through the queue; the final message."""
    config = httpx.get(f"{url}config").json()
    button = next(c["id"] for c in config["components"] if c["props"].get("elem_id") == target)
    handler = next(d for d in config["dependencies"] if [button, event] in d["targets"] and d["backend_fn"])
    session = secrets.token_hex(6)
    body = {"data": data, "fn_index": handler["id"], "session_hash": session}
    # NaN and Infinity are not JSON, yet Python's reader takes them.
    httpx.post(f"{url}gradio_api/queue/join", content=json.dumps(body), headers={"content-type": "application/json"}).raise_for_status()
    with httpx.stream("GET", f"{url}gradio_api/queue/data", params={"session_hash": session}, timeout=30) as stream:
        for line in stream.iter_lines():
            message = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else {}
            if message.get("msg") == "process_completed":
                return message
    raise AssertionError("no answer")
