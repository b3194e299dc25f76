"""What a reviewer's browser does with the texts of strangers."""

from __future__ import annotations

import time
from uuid import uuid4

import pytest

from curate.review.argilla import ArgillaDesk
from curate.review.server import Server
from tests.chromium import browser, requests
from tests.desk_items import batch, rank_item, rewrite_item

pytestmark = [pytest.mark.argilla, pytest.mark.browser]

HOSTILE = "\n".join(
    [
        "1 < 2 && 3 > 2 &amp; &lt;b&gt;",
        "<script>window.harmed = 1</script><b>bold</b>",
        "<img src=x onerror='window.harmed = 2'>",
        "<svg onload='window.harmed = 3'></svg><iframe src='http://tracker.test/f'></iframe>",
        "<object data='http://tracker.test/o'></object><embed src='http://tracker.test/e'>",
        "![picture](http://tracker.test/p.png) [link](javascript:window.harmed=4)",
        "<a href='http://tracker.test/l'>click</a> {{constructor.constructor('harmed=5')()}}",
    ]
)


def wait_for(true, *, seconds: float = 30.0):
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "the page did not get there in time"
        time.sleep(0.1)
    return found


def sign_in(page, argilla: Server, name: str, password: str) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    page.get(f"{argilla.url}/sign-in")
    user, secret = wait_for(
        lambda: found if len(found := page.find_elements(By.TAG_NAME, "input")) == 2 else None
    )
    user.send_keys(name)
    secret.send_keys(password, Keys.ENTER)
    wait_for(lambda: "sign-in" not in page.current_url)


def test_hostile_texts_are_read_as_they_were_written_and_do_nothing(argilla):
    from selenium.webdriver.common.by import By

    name, password = f"r{uuid4().hex[:8]}", uuid4().hex
    with ArgillaDesk(argilla.url, argilla.api_key, f"w{uuid4().hex[:12]}") as desk:
        desk.ensure_annotators([name], passwords={name: password})
        rank = desk.push(batch([rank_item(HOSTILE, [f"one\n{HOSTILE}", f"two\n{HOSTILE}"])]))
        rewrite = desk.push(batch([rewrite_item(HOSTILE, HOSTILE)], "s-r001-rewrite"))
    with browser(width=1400, height=1600) as page:
        sign_in(page, argilla, name, password)
        for place in (*rank.places.values(), *rewrite.places.values()):
            page.get(place)
            wait_for(lambda: "constructor" in page.find_element(By.TAG_NAME, "body").text)
            time.sleep(1)
            shown = page.find_element(By.TAG_NAME, "body").text
            for line in HOSTILE.splitlines():  # prompt and two answers, or answer and box
                assert shown.count(line) == 3, line
            assert page.execute_script("return window.harmed") is None
        assert not [url for url in requests(page) if "tracker.test" in url]
