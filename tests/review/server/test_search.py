"""Filters, sorts, texts, vectors and counts, asked of a real server with the embedded engine.

Five records, `a` to `e`, with everything Argilla can ask about; the expected answers are read
off `RECORDS` by hand.
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from curate.review.server import Server
from tests.argilla_server import rg
from tests.review.server.desk import Desk, People, between, both, sort, terms

pytestmark = pytest.mark.argilla

#        text              topic          length  cost   label   score  labels         vector
RECORDS = {
    "a": ("red apple", ["fruit"], 1, 0.5, "yes", 0.9, ["x"], (1.0, 0.0)),
    "b": ("green apple pie", ["fruit", "meal"], 2, 1.5, "no", 0.1, ["x", "y"], (1.0, 0.1)),
    "c": ("apple of my eye", ["idiom"], 3, 2.5, "yes", 0.5, ["y"], (0.0, 1.0)),
    "d": ("it's raining cats", ["idiom"], 4, 0.0, "no", 0.7, [], (-1.0, 0.0)),
    "e": ("categories of pie", None, None, None, None, None, None, None),
}


@pytest.fixture(scope="module")
def shop(server: Server, client: rg.Argilla, owner: httpx.Client, people: People) -> Desk:
    desk = Desk(server=server, client=client, owner=owner, people=people, name="search")
    settings = rg.Settings(
        fields=[rg.TextField("text"), rg.TextField("note", required=False), rg.ChatField("chat")],
        questions=[
            rg.LabelQuestion("label", labels=["yes", "no"]),
            rg.MultiLabelQuestion("labels", labels=["x", "y", "z"], required=False),
            rg.RatingQuestion("stars", values=[0, 1, 2, 3, 10], required=False),
        ],
        metadata=[
            rg.TermsMetadataProperty("topic"),
            rg.IntegerMetadataProperty("length"),
            rg.FloatMetadataProperty("cost"),
        ],
        vectors=[rg.VectorField("v", dimensions=2)],
        distribution=rg.TaskDistribution(min_submitted=2),
    )
    desk.open(settings, [_record(key, *row) for key, row in RECORDS.items()])
    return desk


def _record(key: str, text: str, *row: Any) -> rg.Record:
    topic, length, cost, label, score, labels, vector = row
    metadata = {"topic": topic, "length": length, "cost": cost}
    suggestions = []
    if label:
        suggestions.append(rg.Suggestion("label", label, score=score, agent=f"model-{label}"))
    if labels:
        suggestions.append(rg.Suggestion("labels", labels, score=[score] * len(labels)))
    chat = [{"role": "user", "content": f"please say {key}{key}"}]
    return rg.Record(
        id=key,
        fields={"text": text, "note": f"note of {key}", "chat": chat},
        metadata={k: v for k, v in metadata.items() if v is not None},
        suggestions=suggestions,
        vectors={"v": list(vector)} if vector else {},
    )


@pytest.fixture(scope="module")
def two(shop: Desk) -> tuple[httpx.Client, httpx.Client]:
    """Two annotators; the first answered a, b (draft) and c (discarded), the second a and d."""
    first, second = shop.annotator(), shop.annotator()
    shop.answer(first, "a", {"label": "yes", "stars": 10, "labels": ["x", "z"]})
    shop.answer(first, "b", {"label": "no", "stars": 2}, "draft")
    shop.answer(first, "c", {"label": "no"}, "discarded")
    shop.answer(second, "a", {"label": "no", "stars": 1})
    shop.answer(second, "d", {"label": "no", "stars": 3})
    return first, second


@pytest.mark.parametrize(
    ("query", "field", "expected"),
    [
        ("apple", None, "abc"),
        ("apple pie", None, "b"),
        ("apple | pie", None, "abce"),
        ("pie -apple", None, "e"),
        ("-apple", None, "de"),
        ('"apple pie"', None, "b"),
        ('"pie apple"', None, ""),
        ("cat*", None, "de"),
        ("cat", None, ""),
        ("note", None, "abcde"),
        ("note", "text", ""),
        ("aa", None, "a"),
        ("aa", "chat", "a"),
        ("apple", "chat", ""),
        ("it's", "text", "d"),
        ("'; DROP TABLE records; --", None, ""),
        ("%", None, ""),
    ],
)
def test_a_text_is_found_by_its_words(shop: Desk, query: str, field: str, expected: str) -> None:
    assert shop.typed(query, field) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (terms("metadata", ["fruit"], metadata_property="topic"), "ab"),
        (terms("metadata", ["meal", "idiom"], metadata_property="topic"), "bcd"),
        (terms("metadata", ["fru"], metadata_property="topic"), ""),
        (between("metadata", 2, 3, metadata_property="length"), "bc"),
        (between("metadata", ge=1.5, metadata_property="cost"), "bc"),
        (between("metadata", le=0, metadata_property="cost"), "d"),
        (terms("suggestion", ["yes"], question="label", property="value"), "ac"),
        (terms("suggestion", ["yes"], question="label"), "ac"),
        (terms("suggestion", ["x"], question="labels", property="value"), "ab"),
        (terms("suggestion", ["x", "y"], question="labels", property="value"), "abc"),
        (terms("suggestion", ["model-no"], question="label", property="agent"), "bd"),
        (between("suggestion", 0.5, 0.8, question="label", property="score"), "cd"),
        (between("suggestion", 0.5, question="labels", property="score"), "ac"),
        (terms("record", ["pending"], property="status"), "bcde"),
        (terms("record", ["completed"], property="status"), "a"),
        (terms("record", ["b", "e", "nobody"], property="external_id"), "be"),
        (terms("record", ["' OR 1=1 --"], property="external_id"), ""),
        (between("record", ge="2020-01-01T00:00:00Z", property="inserted_at"), "abcde"),
        (between("record", le="2020-01-01", property="inserted_at"), ""),
        (terms("response", ["no"], question="label"), "abcd"),
        (terms("response", ["z"], question="labels"), "a"),
        (terms("response", [10], question="stars"), "a"),
        (between("response", 2, 3, question="stars"), "bd"),
        (terms("response", ["submitted"], property="status"), "ad"),
        (terms("response", ["draft", "discarded"], property="status"), "bc"),
        (terms("response", ["pending"], property="status"), "e"),
        (terms("response", ["pending", "draft"], property="status"), "be"),
        (
            both(
                terms("metadata", ["fruit"], metadata_property="topic"),
                terms("suggestion", ["yes"], question="label"),
            ),
            "a",
        ),
    ],
)
def test_a_filter_over_everyone_keeps_what_fits(
    shop: Desk, two: Any, body: dict[str, Any], expected: str
) -> None:
    assert "".join(sorted(shop.found(body))) == expected


@pytest.mark.parametrize(
    ("body", "first", "second"),
    [
        (terms("response", ["pending"], property="status"), "de", "bce"),
        (terms("response", ["submitted"], property="status"), "a", "ad"),
        (terms("response", ["pending", "discarded"], property="status"), "cde", "bce"),
        (terms("response", ["yes"], question="label"), "a", ""),
        (between("response", 2, question="stars"), "ab", "d"),
    ],
)
def test_an_annotators_filter_sees_that_annotators_answers(
    shop: Desk, two: Any, body: dict[str, Any], first: str, second: str
) -> None:
    found = ["".join(sorted(shop.found(body, one))) for one in two]
    assert found == [first, second]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (sort("metadata", "asc", metadata_property="length"), "abcde"),
        (sort("metadata", "desc", metadata_property="length"), "dcbae"),  # without one: last
        (sort("metadata", "asc", metadata_property="cost"), "dabce"),
        (sort("suggestion", "desc", question="label", property="score"), "adcbe"),
        (sort("suggestion", "asc", question="label", property="score"), "bcdae"),
        (sort("suggestion", "desc", question="label", property="value"), "acbde"),
        (sort("suggestion", "asc", question="labels", property="value"), "abcde"),
        (sort("suggestion", "desc", question="labels", property="value"), "bcade"),
        # stars: a (10 + 1) / 2 = 5.5, b 2, d 3
        (sort("response", "desc", question="stars"), "adbce"),
        (sort("response", "asc", question="stars"), "bdace"),
        (sort("record", "desc", property="external_id"), "edcba"),
        (sort("record", "asc", property="inserted_at"), "abcde"),
    ],
)
def test_a_sort_puts_records_in_order(
    shop: Desk, two: Any, body: dict[str, Any], expected: str
) -> None:
    assert shop.found(body) == expected


def test_a_second_sort_key_breaks_ties(shop: Desk) -> None:
    by_label = sort("suggestion", "asc", question="label", property="value")["sort"]
    by_cost = sort("metadata", "desc", metadata_property="cost")["sort"]
    assert shop.found({"sort": by_label + by_cost}) == "bdcae"


def test_an_annotators_own_answer_sorts_their_queue(shop: Desk, two: Any) -> None:
    body = sort("response", "asc", question="stars")
    assert shop.found(body, two[1])[:2] == "ad"  # 1, 3


def test_pages_join_to_the_whole(shop: Desk) -> None:
    pages = [shop.search({}, limit=2, offset=at) for at in (0, 2, 4, 6)]
    ids = [item["record"]["external_id"] for page in pages for item in page["items"]]
    assert "".join(ids) == "abcde"
    assert [page["total"] for page in pages] == [5, 5, 5, 5]


def test_each_annotator_has_an_order_of_their_own_that_stays(shop: Desk) -> None:
    orders = [shop.found({}, shop.annotator()) for _ in range(4)]
    again = shop.people.number(0)
    assert len(set(orders)) > 1
    assert shop.found({}, again) == shop.found({}, again)
    assert {"".join(sorted(order)) for order in orders} == {"abcde"}


@pytest.mark.parametrize(
    ("vector", "expected"),
    [
        ({"value": [1.0, 0.0]}, "abcd"),
        ({"value": [1.0, 0.0], "order": "least_similar"}, "dcba"),
        ({"value": [0.0, 2.0]}, "cbad"),
    ],
)
def test_neighbours_come_by_cosine(shop: Desk, vector: dict[str, Any], expected: str) -> None:
    assert shop.found({"query": {"vector": {"name": "v", **vector}}}) == expected


def test_neighbours_of_a_record_leave_it_out(shop: Desk) -> None:
    vector = {"name": "v", "record_id": shop.ids["a"], "order": "most_similar"}
    reply = shop.search({"query": {"vector": vector}})
    assert [item["record"]["external_id"] for item in reply["items"]] == ["b", "c", "d"]
    # cosine of (1, 0) with (1, .1), (0, 1), (-1, 0): 1 / sqrt(1.01), 0, -1; score (1 + c) / 2
    scores = [item["query_score"] for item in reply["items"]]
    assert scores == pytest.approx([0.99752, 0.5, 0.0], abs=1e-5)


def test_neighbours_obey_filter_text_and_limit(shop: Desk, two: Any) -> None:
    vector = {"vector": {"name": "v", "value": [1.0, 0.0]}}
    fruit = terms("metadata", ["fruit"], metadata_property="topic")
    assert shop.found({"query": vector, **fruit}) == "ab"
    assert shop.found({"query": vector | {"text": {"q": "apple"}}}) == "abc"
    assert shop.found({"query": vector}, limit=2) == "ab"
    done = terms("response", ["submitted"], property="status")
    assert shop.found({"query": vector, **done}, two[1]) == "ad"


def test_metrics_count_terms_and_span_numbers(shop: Desk) -> None:
    properties = shop.owner.get(f"/api/v1/me/datasets/{shop.id}/metadata-properties").json()
    metrics = {
        one["name"]: shop.owner.get(f"/api/v1/metadata-properties/{one['id']}/metrics").json()
        for one in properties["items"]
    }
    counts = [("fruit", 2), ("idiom", 2), ("meal", 1)]
    assert metrics["topic"] == {
        "type": "terms",
        "total": 5,
        "values": [{"term": term, "count": count} for term, count in counts],
    }
    assert metrics["length"] == {"type": "integer", "min": 1, "max": 4}
    assert metrics["cost"] == {"type": "float", "min": 0.0, "max": 2.5}


def test_progress_counts_records_and_an_annotators_answers(shop: Desk, two: Any) -> None:
    team = shop.owner.get(f"/api/v1/datasets/{shop.id}/progress").json()
    assert (team["total"], team["completed"], team["pending"]) == (5, 1, 4)
    mine = two[0].get(f"/api/v1/me/datasets/{shop.id}/metrics").json()["responses"]
    assert mine == {"total": 5, "submitted": 1, "discarded": 1, "draft": 1, "pending": 2}


def test_the_sdk_asks_the_same(shop: Desk, two: Any) -> None:
    dataset = shop.client.datasets(shop.name)
    query = rg.Query(query="apple", filter=rg.Filter(("metadata.length", ">=", 2)))
    assert sorted(str(record.id) for record in dataset.records(query)) == ["b", "c"]
    near = rg.Query(similar=rg.Similar("v", [1.0, 0.0], most_similar=False))
    found = [record.id for record, _ in dataset.records(near, limit=2)]
    assert found == ["d", "c"]
