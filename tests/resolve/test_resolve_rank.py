import json
import math

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.config import ResolveConfig
from curate.records import RESPONSES, pair_id
from curate.resolve import curated_from, curated_table, resolve
from tests.resolve.settling import item, response, review

QUICK = ResolveConfig(bootstrap=100)
DAWID_SKENE = ResolveConfig(method="dawid_skene", bootstrap=100)


def settle(items, responses, config=QUICK, **more):
    return resolve(responses, items, config=config, **more)


def test_a_majority_settles_a_pair():
    votes = [response("p", name, vote) for name, vote in [("ann", "b"), ("bob", "b"), ("cy", "a")]]
    (row,) = settle([item("p", "four", "five")], votes).curated
    assert (row.outcome, row.n_responses) == ("b", 3)
    assert row.support == pytest.approx(2 / 3)
    assert row.agreement == pytest.approx(1 / 3)  # one of the three pairs of people agrees
    assert (row.chosen.content, row.rejected.content) == ("five", "four")
    assert row.sources[:2] == ("c-p-0", "c-p-1")
    assert set(row.sources[2:]) == {vote.id for vote in votes}


def test_half_the_votes_are_not_enough():
    done = settle([item("p", "x", "y")], [response("p", "ann", "a"), response("p", "bob", "b")])
    (row,) = done.curated
    assert (row.outcome, row.support, row.chosen, row.rejected) == ("tie", 0.5, None, None)
    assert done.notes[row.id] == "a tie for want of support: 1 a, 1 b"


def test_equals_are_a_tie_even_where_little_support_is_asked_for():
    votes = [response("p", f"person{n}", v) for n, v in enumerate(["a", "a", "b", "b", "tie"])]
    done = settle([item("p", "x", "y")], votes, ResolveConfig(min_support=0.3, bootstrap=100))
    assert done.curated[0].outcome == "tie"


@pytest.mark.parametrize("vote", ["tie", "both_bad"])
def test_ties_and_both_bad_are_kept_without_a_preference(vote):
    done = settle([item("p", "x", "y")], [response("p", "ann", vote)])
    (row,) = done.curated
    assert (row.outcome, row.chosen, row.rejected) == (vote, None, None)
    assert math.isnan(row.agreement)
    assert done.notes == {}


def test_a_full_ranking_settles_every_pair_and_keeps_ties():
    ranking = {"c-q-0": 2, "c-q-1": 1, "c-q-2": 2}
    done = settle([item("q", "x", "y", "z")], [response("q", "ann", ranking, question="ranking")])
    outcomes = {row.sources[:2]: row.outcome for row in done.curated}
    assert outcomes == {
        ("c-q-0", "c-q-1"): "b",
        ("c-q-0", "c-q-2"): "tie",
        ("c-q-1", "c-q-2"): "a",
    }
    assert len({row.id for row in done.curated}) == 3


def test_ranks_matter_and_not_the_order_in_which_they_are_listed():
    ranking = {"c-q-1": 2, "c-q-0": 1}
    (row,) = settle([item("q", "x", "y")], [response("q", "ann", ranking)]).curated
    assert row.outcome == "a"


def test_a_ranking_of_some_answers_settles_their_pairs():
    done = settle([item("q", "x", "y", "z")], [response("q", "ann", {"c-q-0": 1, "c-q-2": 2})])
    assert [row.sources[:2] for row in done.curated] == [("c-q-0", "c-q-2")]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("c", "unknown vote"),
        ({"c-p-0": 1, "c-x": 2}, "no candidate of the item"),
        ({"c-p-0": 1, "c-p-1": "best"}, "no number"),
        ({"c-p-0": True, "c-p-1": 2}, "no number"),
        ({"c-p-0": 1}, "needs two"),
        (7, "neither a vote nor a ranking"),
        (None, "neither a vote nor a ranking"),
    ],
)
def test_an_answer_that_cannot_be_read_is_left_out_with_its_reason(value, why):
    done = settle([item("p", "x", "y")], [response("p", "ann", value)])
    assert done.curated == ()
    assert why in done.left_out[0].reason
    assert done.undecided[0].reason == "no answer could be read"
    assert done.agreement.n_answers == 0


def test_a_vote_on_three_answers_is_left_out():
    done = settle([item("p", "x", "y", "z")], [response("p", "ann", "a")])
    assert "it needs two" in done.left_out[0].reason


def test_only_submitted_answers_count():
    votes = [
        response("p", "ann", "a"),
        response("p", "bob", "b", status="draft"),
        response("p", "cy", "b", status="discarded"),
        response("elsewhere", "ann", "b"),
    ]
    done = settle([item("p", "x", "y")], votes)
    assert done.curated[0].n_responses == 1
    assert done.reasons == {
        "discarded by the annotator": 1,
        "draft, not submitted": 1,
        "its item is not in the queue": 1,
    }


def test_a_persons_last_answer_counts():
    votes = [response("p", "ann", "b", at=9), response("p", "ann", "a", at=3)]
    done = settle([item("p", "x", "y")], votes)
    assert (done.curated[0].outcome, done.curated[0].n_responses) == ("b", 1)
    assert done.reasons == {"answered again later": 1}
    assert done.agreement.n_answers == 1


def test_times_are_compared_as_times():
    early = response("p", "ann", "a", id="1")
    late = response("p", "ann", "b", id="0")
    early = type(early)(**{**fields(early), "updated_at": "2025-03-01T12:00:00+05:00"})  # 07:00 UTC
    late = type(late)(**{**fields(late), "updated_at": "2025-03-01T08:00:00Z"})
    assert settle([item("p", "x", "y")], [early, late]).curated[0].outcome == "b"


def fields(row):
    return {name: getattr(row, name) for name in row.__slots__}


def test_an_item_without_answers_is_undecided():
    done = settle([item("p", "x", "y")], [])
    assert done.undecided[0].reason == "no submitted answer"
    assert math.isnan(done.agreement.alpha)


def test_nothing_asked_is_nothing_settled():
    done = settle([], [])
    assert (done.curated, done.undecided, done.left_out) == ((), (), ())
    assert done.agreement.as_dict()["alpha"] is None


def test_position_bias_is_the_share_of_votes_for_the_first_shown():
    items = [item(name, "x", "y") for name in "pqr"]
    votes = [response("p", "ann", "a"), response("q", "ann", "a"), response("r", "ann", "tie")]
    shown = {"p": ["c-p-0", "c-p-1"], "q": ["c-q-1", "c-q-0"], "r": ["c-r-0", "c-r-1"]}
    (ann,) = settle(items, votes, displayed=shown).agreement.annotators
    # Of two votes for a side, one was for the side shown first; the tie sides with nobody.
    assert (ann.first_displayed, ann.n_sided, ann.n_answers) == (0.5, 2, 3)


def test_agreement_names_each_person():
    items = [item(f"p{n}", "x", "y") for n in range(4)]
    votes = [response(f"p{n}", name, "a" if n < 2 else "b") for n in range(4) for name in "uv"]
    votes += [response(f"p{n}", "w", "a") for n in range(4)]
    agreed = settle(items, votes).agreement
    # Items 0, 1: all a; items 2, 3: b, b, a. Counts: 8 a, 4 b; n = 12.
    # observed = 2 items * 4 ordered pairs / 2 = 4; expected = (144 - 64 - 16) / 11 = 64 / 11
    assert agreed.alpha == pytest.approx(1 - 4 / (64 / 11))
    assert agreed.low <= agreed.alpha <= agreed.high
    assert (agreed.n_units, agreed.n_answers, agreed.level) == (4, 12, "nominal")
    # u met v on 4 items and agreed on 4, met w on 4 and agreed on 2: 6 of 8.
    assert [(a.name, a.agreement) for a in agreed.annotators] == [
        ("u", 0.75),
        ("v", 0.75),
        ("w", 0.5),
    ]


def test_dawid_skene_trusts_the_reliable_person():
    items = [item(f"p{n:02d}", "x", "y") for n in range(40)]
    votes = []
    for n in range(40):
        truth, other = ("a", "b") if n % 2 else ("b", "a")
        votes += [response(f"p{n:02d}", name, truth) for name in ("good", "fine")]
        votes += [response(f"p{n:02d}", "wild", truth if n % 4 < 2 else other)]
    votes = [v for v in votes if not (v.item_id == "p02" and v.annotator == "fine")]
    by_share = {r.item_id: r for r in settle(items, votes).curated}
    by_model = {r.item_id: r for r in settle(items, votes, DAWID_SKENE).curated}
    assert by_share["p02"].outcome == "tie"  # one vote against one
    assert by_model["p02"].outcome == "b"
    assert by_model["p02"].support > 0.9


@pytest.mark.parametrize("config", [QUICK, DAWID_SKENE])
@settings(deadline=None, max_examples=25)
@given(
    votes=st.lists(
        st.tuples(
            st.sampled_from("pqr"),
            st.sampled_from(["ann", "bob", "cy"]),
            st.sampled_from(["a", "b", "tie", "both_bad"]),
        ),
        max_size=12,
    ),
    order=st.randoms(use_true_random=False),
)
def test_the_order_of_responses_changes_nothing(config, votes, order):
    items = [item(name, "x", "y") for name in "pqr"]
    given_ = [response(p, who, vote, at=n) for n, (p, who, vote) in enumerate(votes)]
    mixed = list(given_)
    order.shuffle(mixed)
    once, again = settle(items, given_, config), settle(items, mixed, config)
    assert repr(once.curated) == repr(again.curated)
    assert once.agreement.as_dict() == again.agreement.as_dict()
    settled = {row.item_id for row in once.curated} | {row.item_id for row in once.undecided}
    assert settled == {"p", "q", "r"}
    assert len(once.left_out) + once.agreement.n_answers == len(votes)


def test_a_table_of_responses_says_the_same():
    votes = [response("p", "ann", "a"), response("p", "bob", {"c-p-0": 1, "c-p-1": 2})]
    rows = [{**fields(vote), "value": json.dumps(vote.value)} for vote in votes]
    table = pa.Table.from_pylist(rows, schema=RESPONSES)
    items = [item("p", "x", "y")]
    assert settle(items, table).curated == settle(items, votes).curated


def test_curated_rows_survive_the_table():
    votes = [response("p", "ann", "a"), response("p", "bob", "a"), response("q", "ann", "tie")]
    done = settle([item("p", "x", "y"), item("q", "x", "y")], votes)
    back = curated_from(curated_table(done.curated))
    assert back[0] == done.curated[0]
    assert repr(back) == repr(list(done.curated))


def test_half_a_surrogate_pair_does_not_stop_the_table():
    (row,) = settle([item("p", "x\ud800", "y")], [response("p", "ann", "a")]).curated
    assert curated_from(curated_table([row]))[0].chosen.content == "x\ufffd"


def test_items_of_both_tasks_are_refused():
    both = [item("p", "x", "y"), item("c", "x", task="rewrite")]
    with pytest.raises(ValueError, match="both tasks"):
        settle(both, review("c", "ann", "good"))


def test_pair_ids_are_the_same_in_either_order():
    assert pair_id("c1", "c2") == pair_id("c2", "c1")
