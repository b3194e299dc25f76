"""A small real server that judges: it counts what it was asked, and can be told to fail."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from contextlib import AbstractContextManager

from tests.json_server import JsonHandler, JsonServer, completion, serving

__all__ = ["JudgingServer", "judging_server"]


class JudgingServer(JsonServer):
    """Prefers whatever is longer, and grades by length; counts each distinct request."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answered: Counter[str] = Counter()
        self.failing = ""
        """Requests with this text in them get 400."""
        self.said = "the prompt is too long"
        """What their refusal says."""
        self.pause = 0.0
        """Seconds that each answer takes."""
        self.counting = threading.Lock()


class _Handler(JsonHandler):
    server: JudgingServer

    def do_POST(self) -> None:
        body = self.body()
        text = body["messages"][-1]["content"]
        time.sleep(self.server.pause)
        if self.server.failing and self.server.failing in text:
            self.send_json({"error": {"message": self.server.said}}, status=400)
            return
        with self.server.counting:
            self.server.answered[json.dumps(body, sort_keys=True)] += 1
        self.send_json(completion(body["model"], [_verdict(text)], _USAGE))


_USAGE = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}


def _verdict(text: str) -> str:
    shown = dict(re.findall(r"\[BEGIN (\w+) \w+\]\n(.*?)\n\[END ", text, re.S))
    if "answer" in shown:
        return json.dumps({"reasoning": "By length.", "grade": min(5, len(shown["answer"]))})
    a, b = len(shown["answer_a"]), len(shown["answer_b"])
    verdict = "A" if "coin" in text or a > b else "B"
    return json.dumps({"reasoning": "By length.", "verdict": verdict})


def judging_server() -> AbstractContextManager[JudgingServer]:
    """Run one on a free port for as long as the block lasts."""
    return serving(JudgingServer())
