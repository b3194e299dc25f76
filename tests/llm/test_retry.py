import math
import random
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.llm.retry import FIRST_BOUND, LAST_BOUND, Backoff, is_passing, retry_after

NOW = 1_700_000_000.0
quick = settings(max_examples=200, deadline=None)


@quick
@given(st.integers(0, 10**9))
def test_retry_after_is_read_in_seconds(seconds):
    assert retry_after({"Retry-After": f" {seconds} "}, date=NOW) == seconds


@quick
@given(st.integers(-(10**6), 10**9))
def test_retry_after_is_read_as_a_date_and_never_lies_in_the_past(ahead):
    date = format_datetime(datetime.fromtimestamp(NOW + ahead, tz=UTC), usegmt=True)
    assert retry_after({"Retry-After": date}, date=NOW) == max(0, ahead)


@pytest.mark.parametrize(
    "date",
    [
        "Tue, 14 Nov 2023 22:14:20 GMT",
        "Tuesday, 14-Nov-23 22:14:20 GMT",
        "Tue Nov 14 22:14:20 2023",
        "Tue, 14 Nov 2023 23:14:20 +0100",
    ],
)
def test_every_form_of_an_http_date_is_read(date):
    # 1,700,000,000 s after the epoch is 22:13:20 UTC, a minute before
    assert retry_after({"Retry-After": date}, date=NOW) == 60.0


@quick
@given(st.text())
def test_whatever_retry_after_holds_is_a_wait_or_nothing(text):
    found = retry_after({"Retry-After": text}, date=NOW)
    assert found is None or (found >= 0 and math.isfinite(found))


@pytest.mark.parametrize("text", ["", "soon", "-5", "1e9", "0x10", "٣", "nan", "inf", "1_000"])
def test_what_is_no_wait_is_not_taken_for_one(text):
    assert retry_after({"Retry-After": text}, date=NOW) is None


def test_the_finer_header_goes_first():
    assert retry_after({"retry-after-ms": "250", "Retry-After": "1"}, date=NOW) == 0.25


@quick
@given(st.integers(1, 10_000), st.integers(0, 2**32))
def test_backoff_stays_within_a_bound_that_doubles(failures, seed):
    bound = min(LAST_BOUND, FIRST_BOUND * 2 ** min(failures - 1, 20))
    assert 0 <= Backoff(random.Random(seed)).pause(failures) <= bound


@quick
@given(st.integers(1, 100), st.floats(0, 1e6), st.integers(0, 2**32))
def test_a_wait_is_never_shorter_than_asked_for_and_at_most_a_second_longer(failures, asked, seed):
    pause = Backoff(random.Random(seed)).pause(failures, asked)
    assert asked <= pause <= asked + 1


def test_backoff_fills_its_whole_range():
    backoff = Backoff(random.Random(1))
    pauses = [backoff.pause(4) for _ in range(1000)]
    # the fourth wait lies between 0 and 0.5 x 2^3 = 4 s, evenly: the mean is 2
    assert min(pauses) < 0.1 and max(pauses) > 3.9
    assert sum(pauses) / 1000 == pytest.approx(2, abs=0.2)


def test_only_failures_that_pass_are_tried_again():
    again = [status for status in range(300, 600) if is_passing(status)]
    assert again == [408, 409, 425, 429, *range(500, 600)]
