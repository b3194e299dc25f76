import json

import pytest

from curate.config import MemberConfig
from curate.llm.refusals import Refusal, advice, refusal_from, refused_parameter, scrubbed

MEMBER = MemberConfig(model="m", api_key_env="SOME_KEY")
SENT = {"logprobs": True, "top_logprobs": 5, "seed": 1, "response_format": {}, "n": 3}


def refusal(status, said, **more):
    return Refusal(status=status, said=said, **more)


@pytest.mark.parametrize(
    ("said", "parameter"),
    [
        ("Unrecognized request argument supplied: top_logprobs", "top_logprobs"),
        ("Unsupported parameter: 'logprobs' is not supported with this model.", "logprobs"),
        ("property 'logprobs' is unsupported, did you mean 'stop'?", "logprobs"),
        ("body.seed: Extra inputs are not permitted", "seed"),
        ("response_format is not supported by this model", "response_format"),
        ("'n' : number must be at most 1", "n"),
        ("logits processors are not supported", None),
        ("Your prompt about a seed was too long", None),
        ("maximum context length is 4096 tokens", None),
    ],
)
def test_a_parameter_that_is_refused_is_found(said, parameter):
    assert refused_parameter(refusal(400, said), SENT) == parameter


def test_the_error_s_own_word_for_the_parameter_counts():
    assert refused_parameter(refusal(422, "no", parameter="seed"), SENT) == "seed"


def test_what_was_not_sent_is_not_refused():
    assert refused_parameter(refusal(400, "Unsupported parameter: logprobs"), {"seed": 1}) is None


def test_other_statuses_are_about_no_parameter():
    assert refused_parameter(refusal(500, "Unsupported parameter: logprobs"), SENT) is None


@pytest.mark.parametrize(
    ("status", "said", "what"),
    [
        (401, "bad key", "the key in SOME_KEY is refused"),
        (403, "not your project", "the key in SOME_KEY is refused"),
        (404, "The model `m` does not exist", "there is no model 'm'"),
        (400, "model 'm' not found", "there is no model 'm'"),
        (404, "Not Found", "no chat completions are served there"),
        (301, "sent on", "no chat completions are served there"),
        (402, "pay", "no credit left"),
        (429, "insufficient_quota", "no credit left"),
    ],
)
def test_a_no_to_every_call_says_what_to_do(status, said, what):
    assert what in advice(refusal(status, said), MEMBER, answered=False)


@pytest.mark.parametrize(
    ("status", "said", "answered"),
    [
        (400, "too long", False),
        (403, "flagged by moderation", False),
        (403, "not this one", True),
        (404, "no such image", True),
        (422, "no", False),
        (429, "slow down", False),
        (500, "oops", False),
    ],
)
def test_a_no_to_one_call_ends_nothing(status, said, answered):
    assert advice(refusal(status, said), MEMBER, answered=answered) is None


def test_a_key_that_is_refused_later_ends_the_run_as_well():
    assert "refused" in advice(refusal(401, "expired"), MEMBER, answered=True)


def test_a_server_without_a_key_that_wants_one_says_so():
    found = advice(refusal(401, "no"), MEMBER, answered=False, with_key=False)
    assert found is not None and "wants a key" in found


@pytest.mark.parametrize(
    "text",
    [
        "Incorrect API key: sk-secret-1234567",
        "got sk-secret-1234567, want another",
        "Incorrect API key provided: sk-se****4567.",
        "header was Authorization: Bearer sk-secret-1234567",
        "api_key=sk-secret-1234567",
    ],
)
def test_the_key_shows_nowhere(text):
    hidden = scrubbed(text, "sk-secret-1234567")
    assert "secret" not in hidden and "4567" not in hidden and "sk-se" not in hidden


def test_a_refusal_holds_code_and_parameter():
    error = {"message": "no", "code": "c", "type": "t", "param": "seed"}
    found = refusal_from(400, json.dumps({"error": error}).encode(), key=None)
    assert found == Refusal(status=400, said="no", code="c t", parameter="seed")
    assert str(found) == "HTTP 400: no"


def test_a_refusal_of_any_bytes_is_one():
    assert str(refusal_from(500, b"\xff\x00", key=None)).startswith("HTTP 500: ")
    assert str(refusal_from(500, b"", key=None)) == "HTTP 500"
