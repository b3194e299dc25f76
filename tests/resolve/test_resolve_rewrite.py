import dataclasses
import math

import pytest

from curate.config import ResolveConfig
from curate.records import Message
from curate.resolve import resolve
from tests.resolve.settling import item, review

QUICK = ResolveConfig(bootstrap=100)
ORIGINAL = "The sum is 41."


def settle(*answers, config=QUICK):
    asked = item("c", ORIGINAL, task="rewrite")
    return resolve([r for given in answers for r in given], [asked], config=config)


def test_a_good_answer_is_chosen_itself():
    (row,) = settle(review("c", "ann", "good")).curated
    assert (row.outcome, row.chosen.content, row.rejected) == ("good", ORIGINAL, None)
    assert (row.support, row.n_responses) == (1.0, 1)
    assert math.isnan(row.agreement)


def test_a_rewrite_is_preferred_to_the_original():
    answers = review("c", "ann", "rewritten", "The sum is 42.")
    (row,) = settle(answers).curated
    assert (row.outcome, row.chosen.content) == ("rewritten", "The sum is 42.")
    assert row.rejected.content == ORIGINAL
    assert row.chosen.role == "assistant"
    assert row.sources == ("c-c-0", *sorted(a.id for a in answers))


def test_a_rewrites_leading_space_is_kept():
    (row,) = settle(review("c", "ann", "rewritten", " 42")).curated
    assert row.chosen.content == " 42"


@pytest.mark.parametrize("text", [ORIGINAL, f"  {ORIGINAL}\n", "The  sum is 41."])
def test_an_untouched_prefill_counts_as_good_and_is_noted(text):
    done = settle(review("c", "ann", "rewritten", text))
    (row,) = done.curated
    assert (row.outcome, row.chosen.content) == ("good", ORIGINAL)
    assert done.notes == {row.id: "untouched prefill"}


def test_what_the_desk_put_in_place_of_nul_is_no_change():
    asked = item("c", "a\x00b", task="rewrite")
    done = resolve(review("c", "ann", "rewritten", "a\u2400b"), [asked], config=QUICK)
    assert done.curated[0].outcome == "good"


def test_a_refusal_left_as_it_was_is_untouched():
    asked = item("c", "", task="rewrite")
    refusal = Message(role="assistant", refusal="I cannot say.")
    asked = dataclasses.replace(
        asked, candidates=(dataclasses.replace(asked.candidates[0], message=refusal),)
    )
    done = resolve(review("c", "ann", "rewritten", "I cannot say."), [asked], config=QUICK)
    assert done.curated[0].outcome == "good"


def test_a_changed_text_under_the_label_good_is_a_rewrite_and_noted():
    done = settle(review("c", "ann", "good", "The sum is 42."))
    (row,) = done.curated
    assert (row.outcome, row.chosen.content) == ("rewritten", "The sum is 42.")
    assert "labelled good" in done.notes[row.id]


def test_unlabelable_keeps_its_reason_and_chooses_nothing():
    done = settle(review("c", "ann", "unlabelable", ORIGINAL, " no context "))
    (row,) = done.curated
    assert (row.outcome, row.chosen, row.rejected) == ("unlabelable", None, None)
    assert done.notes[row.id] == "unlabelable: no context"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (review("c", "ann", "rewritten", "   "), "the rewrite is empty"),
        (review("c", "ann", "superb", "x"), "unknown label 'superb'"),
        (review("c", "ann", None, None, "hm"), "neither `quality` nor `rewrite`"),
    ],
)
def test_an_answer_that_says_nothing_is_left_out(answer, why):
    done = settle(answer)
    assert done.curated == ()
    assert why in done.left_out[0].reason


def test_the_rewrite_that_most_people_wrote_is_chosen():
    done = settle(
        review("c", "ann", "rewritten", "Forty-two."),
        review("c", "bob", "rewritten", "It is 42."),
        review("c", "cy", "rewritten", "It  is 42."),
    )
    assert done.curated[0].chosen.content == "It is 42."
    assert done.curated[0].support == 1.0


def test_of_different_rewrites_the_one_most_like_the_others_is_chosen():
    done = settle(
        review("c", "ann", "rewritten", "Ask somebody else, please!"),
        review("c", "bob", "rewritten", "The sum of both is 42."),
        review("c", "cy", "rewritten", "The sum of both numbers is 42."),
    )
    assert done.curated[0].chosen.content.startswith("The sum of both")


def test_of_equal_rewrites_the_earliest_is_chosen():
    done = settle(
        review("c", "ann", "rewritten", "abc", at=5), review("c", "bob", "rewritten", "xyz", at=2)
    )
    assert done.curated[0].chosen.content == "xyz"


def test_without_enough_support_a_rewrite_is_undecided():
    done = settle(review("c", "ann", "good"), review("c", "bob", "rewritten", "42"))
    assert done.curated == ()
    assert done.undecided[0].reason == "no outcome has enough support: 1 good, 1 rewritten"
    assert done.undecided[0].n_responses == 2


def test_the_latest_answer_counts_whole():
    done = settle(review("c", "ann", "rewritten", "42", at=1), review("c", "ann", "good", at=2))
    assert done.curated[0].outcome == "good"
    assert [out.reason for out in done.left_out] == ["answered again later"] * 2  # label and text
    assert done.reasons == {"answered again later": 1}


def test_a_long_unknown_label_does_not_fill_the_screen():
    done = settle(review("c", "ann", "x" * 10_000))
    assert len(done.left_out[0].reason) < 200


def test_dawid_skene_settles_what_was_voted_for():
    done = settle(
        review("c", "ann", "good"),
        review("c", "bob", "good"),
        config=ResolveConfig(method="dawid_skene", bootstrap=100),
    )
    assert done.curated[0].outcome == "good"
    assert done.curated[0].support > 0.9


def test_ids_repeat():
    once, again = (settle(review("c", "ann", "good")).curated[0].id for _ in range(2))
    assert once == again
