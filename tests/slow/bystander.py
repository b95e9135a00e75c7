"""A visitor who keeps a policy of their own and then does nothing: what others do must not change it."""

from __future__ import annotations

import html
import re
import secrets

from model import StandardAdaptationConfig, StandardAdapter, World, load_pretrained
from model.policy.checkpoint import serialise
from tests.ui.raw import CLIENT, send
from ui.settings import page_values

BROKEN = World(reversed_motor=True)


class Bystander:
    """`keep` once; `seen` is what the visitor would find on the stage, of the kept policy."""

    def __init__(self, url: str, address: str = ""):
        self.url, self.address, self.session = url, address, secrets.token_hex(6)

    def _send(self, target: str, data: list, event: str = "click") -> dict:
        return send(self.url, target, data, event, self.session, self.address)

    def keep(self) -> Bystander:
        """Upload a policy that stands only where the motor is reversed, make it "Yours" and play it."""
        *_, last = StandardAdapter(StandardAdaptationConfig(num_adapt_steps=1)).adapt(load_pretrained("meta"), BROKEN, 3)
        files = {"files": ("mine.safetensors", serialise(last.model))}
        (path,) = CLIENT.post(f"{self.url}gradio_api/upload", files=files).json()
        file = {"path": path, "orig_name": "mine.safetensors", "meta": {"_type": "gradio.FileData"}}
        self._send("meta-upload", [file], "upload")
        self._send("meta-use", [None, None])
        self.play()
        return self

    def refusal(self) -> str:
        """Run the kept policy once more: why it was refused, "" if it was not."""
        answer = self._send("play-run", [None, "reversed_motor", *page_values(BROKEN), "yours", "greedy", 12345])
        said = re.search(r'class="problem"[^>]*>(.*?)</p>', str(answer["output"]).replace('\\"', '"'))
        return html.unescape(said[1]) if said else "" if answer["success"] else str(answer)[:300]

    def play(self) -> None:
        """Run the kept policy once more. RuntimeError when it is gone."""
        if refusal := self.refusal():
            raise RuntimeError(f"the kept policy is gone: {refusal}")

    def seen(self) -> list[str]:
        """The rows of the CSV of what stands on the stage."""
        answer = self._send("play-csv", [None])
        path = next(v["value"]["path"] for v in answer["output"]["data"] if isinstance(v, dict) and isinstance(v.get("value"), dict))
        return CLIENT.get(f"{self.url}gradio_api/file={path}").text.splitlines()

    def changed(self, before: list[str]) -> bool:
        """Whether the stage or the kept policy is another than `before` by now."""
        if self.seen() != before:
            return True
        try:
            self.play()
        except RuntimeError:
            return True
        return self.seen() != before
