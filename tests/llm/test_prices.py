"""What tokens cost, and where nobody said."""

import math
from pathlib import Path

import pytest
import yaml

from curate.config import MemberConfig, SpendConfig
from curate.llm import prices as module
from curate.llm.prices import Price, Prices

HOSTED = "https://api.openai.com/v1"


def test_the_users_price_goes_before_the_table():
    own = Prices(SpendConfig(prices={"gpt-4o": {"prompt": 1, "completion": 2}}))
    assert own.of("gpt-4o", HOSTED) == Price(prompt=1, completion=2)
    assert own.of("gpt-4o", HOSTED, batch=True) == Price(prompt=1, completion=2)
    assert own.of("gpt-4o", "http://127.0.0.1:8000/v1") == Price(prompt=1, completion=2)


def test_a_dated_name_has_the_price_of_the_name_unless_it_stands_there_itself():
    listed = Prices()
    assert listed.of("gpt-4o-mini-2024-07-18", HOSTED) == listed.of("gpt-4o-mini", HOSTED)
    assert listed.of("claude-sonnet-4-20250514", HOSTED) == listed.of("claude-sonnet-4", HOSTED)
    assert listed.of("gpt-4o-2024-05-13", HOSTED) != listed.of("gpt-4o", HOSTED)


def test_a_batch_costs_half():
    full, half = (Prices().of("gpt-4o-mini", HOSTED, batch=b) for b in (False, True))
    assert half == Price(prompt=full.prompt / 2, completion=full.completion / 2)
    batch = MemberConfig(model="gpt-4o-mini", client="openai-batch")
    assert Prices().of_member(batch) == half


@pytest.mark.parametrize(
    "address", ["http://localhost:1/v1", "http://127.0.0.2:1", "http://[::1]:1/v1", "vllm:"]
)
def test_a_model_on_this_machine_costs_nothing(address):
    assert Prices().of("gpt-4o", address) == Price(prompt=0, completion=0)


def test_the_offline_engine_costs_nothing():
    assert Prices().of_member(MemberConfig(model="m", client="vllm")).money(10, 10) == 0


@pytest.mark.parametrize("address", [HOSTED, "http://10.0.0.1/v1", "http://127.0.0.1.evil.example"])
def test_an_unknown_model_elsewhere_has_no_price(address):
    assert Prices().of("nobody-knows", address) is None


def test_the_table_is_in_dollars_and_left_aside_for_another_currency():
    assert Prices(SpendConfig(currency="EUR")).of("gpt-4o", HOSTED) is None


def test_every_row_of_the_table_is_a_price():
    text = Path(module.__file__).with_suffix(".yaml").read_text(encoding="utf-8")
    table = yaml.safe_load(text)
    assert Prices().as_of == table["as_of"]
    for model in table["prices"]:
        price = Prices().of(model, HOSTED)
        assert 0 < price.prompt < price.completion < math.inf
