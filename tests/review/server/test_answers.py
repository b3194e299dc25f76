"""What people do at the desk, on a real server: answers, votes, rankings, webhooks."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest

from tests.argilla_server import rg
from tests.review.server.desk import Desk, terms

pytestmark = pytest.mark.argilla


def votes(needed: int) -> rg.Settings:
    return rg.Settings(
        fields=[rg.TextField("text")],
        questions=[rg.LabelQuestion("label", labels=["yes", "no"])],
        distribution=rg.TaskDistribution(min_submitted=needed),
    )


def texts(count: int) -> list[rg.Record]:
    return [rg.Record(id=str(i), fields={"text": f"text {i}"}) for i in range(count)]


def test_a_dataset_goes_its_whole_way_by_sdk(desk: Desk) -> None:
    dataset = desk.open(votes(1), texts(3))
    annotator = desk.annotator()
    assert desk.answer(annotator, "1", {"label": "yes"}).status_code == 201
    assert desk.answer(annotator, "1", {"label": "no"}).status_code == 409  # one a person

    done = rg.Query(filter=rg.Filter(("status", "==", "completed")))
    [record] = list(dataset.records(done, with_responses=True))
    assert (record.id, record.responses["label"][0].value) == ("1", "yes")

    dataset.records.log([{"id": "1", "text": "text 1, put better"}])  # answers stay
    [again] = list(dataset.records(done, with_responses=True))
    assert again.fields["text"] == "text 1, put better"
    assert again.responses["label"][0].value == "yes"


def test_several_annotators_at_once_lose_no_answer(desk: Desk) -> None:
    """Eight people answer all of 12 records at the same time, three votes being enough."""
    desk.open(votes(3), texts(12))
    annotators = [desk.annotator() for _ in range(8)]

    def answer_all(annotator: httpx.Client) -> list[int]:
        return [desk.answer(annotator, str(i), {"label": "yes"}).status_code for i in range(12)]

    with ThreadPoolExecutor(len(annotators)) as pool:
        codes = [code for codes in pool.map(answer_all, annotators) for code in codes]

    assert codes == [201] * (8 * 12)
    records = desk.records(include="responses")
    assert [len(record["responses"]) for record in records] == [8] * 12
    assert {record["status"] for record in records} == {"completed"}


def test_annotators_who_search_while_others_submit_do_not_wait_for_each_other(desk: Desk) -> None:
    """More people than the server has connections to its database (15)."""
    desk.open(votes(2), texts(10))
    annotators = [desk.annotator() for _ in range(18)]

    def work(annotator: httpx.Client) -> set[int]:
        pending = terms("response", ["pending"], property="status")
        for i in range(3):
            desk.search(pending, annotator)
            desk.answer(annotator, str(i), {"label": "no"}).raise_for_status()
        return {len(desk.search(pending, annotator)["items"])}

    with ThreadPoolExecutor(len(annotators)) as pool:
        assert set.union(*pool.map(work, annotators)) == {7}


def test_a_record_is_complete_with_enough_votes_and_not_before(desk: Desk) -> None:
    desk.open(votes(2), texts(1))
    first, second, third = (desk.annotator() for _ in range(3))
    desk.answer(first, "0", {"label": "yes"})
    desk.answer(second, "0", {"label": "no"}, "draft")
    desk.answer(third, "0", {"label": "no"}, "discarded")
    assert desk.records()[0]["status"] == "pending"  # a draft and a discard are no votes
    [mine] = [
        response
        for response in desk.records(include="responses")[0]["responses"]
        if response["status"] == "draft"
    ]
    body = {"values": {"label": {"value": "no"}}, "status": "submitted"}
    second.put(f"/api/v1/responses/{mine['id']}", json=body).raise_for_status()
    assert desk.records()[0]["status"] == "completed"


def test_asking_for_fewer_votes_completes_records_in_the_background(desk: Desk) -> None:
    dataset = desk.open(votes(2), texts(2))
    desk.answer(desk.annotator(), "1", {"label": "yes"})
    dataset.settings.distribution = rg.TaskDistribution(min_submitted=1)
    dataset.settings.update()
    assert_soon(lambda: [one["status"] for one in desk.records()] == ["pending", "completed"])


def test_a_ranking_comes_back_with_its_ranks_and_ties(desk: Desk) -> None:
    settings = rg.Settings(
        fields=[rg.TextField("text")],
        questions=[rg.RankingQuestion("order", values=["A", "B", "C"])],
    )
    desk.open(settings, texts(1))
    ranked = [{"value": "A", "rank": 2}, {"value": "B", "rank": 1}, {"value": "C", "rank": 2}]
    desk.answer(desk.annotator(), "0", {"order": ranked}).raise_for_status()
    [record] = desk.records(include="responses")
    assert record["responses"][0]["values"]["order"]["value"] == ranked


def test_webhooks_tell_of_answers(desk: Desk) -> None:
    desk.open(votes(1), texts(1))
    with listening() as (url, heard):
        body = {"url": url, "events": ["response.created", "record.completed"]}
        hook = desk.owner.post("/api/v1/webhooks", json=body).raise_for_status().json()
        desk.answer(desk.annotator(), "0", {"label": "yes"}).raise_for_status()
        assert_soon(lambda: {one["type"] for one in heard} == set(body["events"]))
        desk.owner.delete(f"/api/v1/webhooks/{hook['id']}").raise_for_status()


def test_a_webhook_that_failed_is_told_again(desk: Desk) -> None:
    desk.open(votes(1), texts(1))
    with listening(refusals=1) as (url, heard):
        body = {"url": url, "events": ["response.created"]}
        hook = desk.owner.post("/api/v1/webhooks", json=body).raise_for_status().json()
        desk.answer(desk.annotator(), "0", {"label": "yes"}).raise_for_status()
        assert_soon(lambda: len(heard) == 1, seconds=40)  # the server waits ten seconds
        desk.owner.delete(f"/api/v1/webhooks/{hook['id']}").raise_for_status()


def test_what_is_deleted_is_not_found(desk: Desk) -> None:
    dataset = desk.open(votes(1), texts(3))
    annotator = desk.annotator()
    desk.owner.delete(
        f"/api/v1/datasets/{desk.id}/records", params={"ids": desk.ids["1"]}
    ).raise_for_status()
    assert desk.found({}) == "02"
    assert desk.typed("text") == "02"
    assert desk.answer(annotator, "1", {"label": "yes"}).status_code == 404
    dataset.delete()
    assert desk.owner.get(f"/api/v1/datasets/{desk.id}").status_code == 404


def assert_soon(true: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.1)


@contextmanager
def listening(refusals: int = 0) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield the address of a web server, and what was posted to it and accepted."""
    heard: list[dict[str, Any]] = []
    left = iter(range(refusals))

    class Ear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            refused = next(left, None) is not None
            if not refused:
                heard.append(json.loads(body))
            self.send_response(503 if refused else 200)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Ear) as ear:
        threading.Thread(target=ear.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{ear.server_port}/", heard
        ear.shutdown()
