"""What may stand in a member's `params`."""

import datetime

import pytest

from curate.config import MemberConfig
from curate.errors import ConfigError
from curate.llm.params import check_params


@pytest.mark.parametrize(
    "key", ["api_key", "headers", "extra_headers", "extra_query", "extra_body", "timeout"]
)
def test_what_is_no_part_of_the_body_is_refused_without_its_value(key):
    member = MemberConfig(model="m", params={key: {"Authorization": "hush"}})
    with pytest.raises(ConfigError, match=rf"`here`: m: `params.{key}`: ") as refused:
        check_params(member, "here", elsewhere={})
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize("value", [datetime.date(2024, 1, 1), float("nan"), {1: 1, "b": 2}])
def test_what_json_cannot_hold_is_refused(value):
    member = MemberConfig(model="m", params={"metadata": {"inner": value}})
    with pytest.raises(ConfigError, match=r"`params.metadata` cannot be written as JSON"):
        check_params(member, "here", elsewhere={})


def test_what_yaml_makes_of_a_token_s_number_can_be_sent():
    check_params(MemberConfig(model="m", params={"logit_bias": {50256: -100}}), "x", elsewhere={})
