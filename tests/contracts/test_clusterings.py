"""What every way to tell which answers say the same keeps to."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curate.config import AnswerConfig, MemberConfig, ScoreConfig
from curate.score import score
from tests.score.entailed import Asked, tiny_cross_encoder
from tests.score.tables import table

WORDS = ("north", "south", "east", "west")
ASKED = MemberConfig(model="m", base_url="http://127.0.0.1:9/v1")
WAYS = {
    "pattern": AnswerConfig(extract="pattern", pattern=r"is (\w+)"),
    "boxed": AnswerConfig(extract="boxed"),
    "option": AnswerConfig(extract="option"),
    "number": AnswerConfig(extract="number"),
    "text": AnswerConfig(extract="text"),
    "embedding": AnswerConfig(extract="embedding", similarity=0.9),
    "entailment": AnswerConfig(extract="entailment", entailment=ASKED),
    "nli": AnswerConfig(extract="nli", nli="to be filled in"),
}
WORDINGS = {
    "pattern": ["It is {word}.", "is {word}"],
    "boxed": [r"\boxed{{{word}}}", r"So \boxed{{{word}}}"],
    "option": ["({letter})", "Answer: {letter}"],
    "number": ["{n}", "The answer is {n}."],
    "text": ["{word}", "Answer: {word}."],
}


def worded(way, which, how):
    forms = WORDINGS.get(way, WORDINGS["text"])
    form = forms[how % len(forms)]
    return form.format(word=WORDS[which], letter="ABCD"[which], n=which + 1)


def by_letters(texts):
    """Vectors that are the same for texts with the same word in it."""
    found = [[float(word in text) for word in WORDS] for text in texts]
    return np.array(found, dtype=np.float32).reshape(-1, len(WORDS))


def same_word(first, second):
    return "yes" if first.strip(".") == second.strip(".") else "no"


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    labels = ("contradiction", "neutral", "entailment")
    return str(tiny_cross_encoder(tmp_path_factory.mktemp("nli") / "tiny", labels))


@pytest.fixture(params=WAYS)
def way(request):
    return request.param


@pytest.fixture
def groups_of(way, encoder):
    config = WAYS[way].model_copy(update={"nli": encoder} if way == "nli" else {})

    def grouped(texts):
        rows = [("q", f"m{n}", text) for n, text in enumerate(texts)]
        found = score(
            *table(rows),
            config=ScoreConfig(answer=config),
            embed=by_letters,
            ask=Asked(same_word),
        )
        assert set(found["answer_source"].to_pylist()) <= {way}
        return found["answer_group"].to_pylist()

    return grouped


def partition(groups):
    named = {g for g in groups if g is not None}
    return {frozenset(n for n, g in enumerate(groups) if g == name) for name in named}


drawn = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1)), min_size=1, max_size=6)
few = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@few
@given(answers=drawn, random=st.randoms(use_true_random=False))
def test_the_order_of_answers_does_not_matter(way, groups_of, answers, random):
    texts = [worded(way, which, how) for which, how in answers]
    shuffle = random.sample(range(len(texts)), len(texts))
    shuffled = groups_of([texts[n] for n in shuffle])
    back = {frozenset(shuffle[n] for n in group) for group in partition(shuffled)}
    assert back == partition(groups_of(texts))


@few
@given(answers=drawn)
def test_the_same_answers_are_grouped_the_same_again(way, groups_of, answers):
    texts = [worded(way, which, how) for which, how in answers]
    assert groups_of(texts) == groups_of(texts)


@few
@given(answers=drawn)
def test_groups_are_numbered_in_the_order_met(way, groups_of, answers):
    groups = [g for g in groups_of([worded(way, *answer) for answer in answers]) if g is not None]
    assert list(dict.fromkeys(groups)) == list(range(len(set(groups))))


def test_identical_answers_are_one(way, groups_of):
    assert groups_of([worded(way, 2, 0)] * 4) == [0, 0, 0, 0]


def test_two_wordings_of_one_answer_are_one(way, groups_of):
    assert groups_of([worded(way, 1, 0), worded(way, 1, 1)]) == [0, 0]


def test_an_empty_answer_is_in_no_group(way, groups_of):
    assert groups_of([worded(way, 0, 0), "", "  \n"]) == [0, None, None]
    assert groups_of(["", ""]) == [None, None]


def test_a_lone_answer_is_a_group_of_its_own(way, groups_of):
    assert groups_of([worded(way, 3, 0)]) == [0]


def test_no_answers_have_no_groups(way, groups_of):
    assert groups_of([]) == []


def test_different_answers_are_different_groups(way, groups_of):
    groups = groups_of([worded(way, which, 0) for which in (0, 1, 0, 3)])
    if way == "nli":  # its weights are drawn at random: what is the same is all that it can tell
        assert groups[0] == groups[2] == 0
    else:
        assert groups == [0, 1, 0, 2]
