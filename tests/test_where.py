import math
import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import ConfigError
from curate.where.conditions import All, Compare, Either, In, Last, Match, Not
from curate.where.language import Rule, parse

DAY = 86_400.0
ROWS = {
    "source": ["logs", "test-set", None, "logs"],
    "metadata.tier": ["high-risk", "low", "high-risk", None],
    "metadata.safe": ["true", False, None, True],
    "metadata.visits": ["3", 12, "many", None],
    "uncertainty": np.array([0.95, 0.2, np.nan, 0.9]),
    "time": np.array([10 * DAY, 3 * DAY, np.nan, 2.9 * DAY]),
    "prompt": ["I want a REFUND", "hello", "refunds?", None],
}


def rows(text, columns=ROWS):
    return np.flatnonzero(parse(text).holds(columns)).tolist()


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("metadata.tier == 'high-risk'", [0, 2]),
        ("metadata.tier != 'high-risk'", [1]),
        ("not metadata.tier == 'high-risk'", [1, 3]),
        ("metadata.tier == null", [3]),
        ("metadata.tier != null", [0, 1, 2]),
        ("uncertainty > 0.9", [0]),
        ("uncertainty >= 0.9 and source == 'logs'", [0, 3]),
        ("uncertainty < 0.5 or source == null", [1, 2]),
        ("source in ['logs', \"test-set\"]", [0, 1, 3]),
        ("source not in ['logs']", [1]),
        ("metadata.safe == true", [0, 3]),
        ("metadata.visits > 2", [0, 1]),
        ("metadata.visits == '12'", [1]),
        ("metadata.visits in [3, null]", [0, 3]),
        ("time in last 7 days", [0, 1]),
        ("time in last 170 hours", [0, 1]),
        ("time in last 2 weeks", [0, 1, 3]),
        ("time >= '1970-01-11'", [0]),
        ("time < '1970-01-04T00:00:00Z'", [3]),
        ("time > 172800", [0, 1, 3]),
        ("prompt ~ '(?i)refund'", [0, 2]),
        (r"prompt ~ '\brefunds\b'", [2]),
        ("source > 'm'", [1]),
        ("NOT (source == 'logs' AND uncertainty > 0.92) OR `prompt` ~ 'I'", [0, 1, 2, 3]),
    ],
)
def test_a_rule_holds_where_it_says(rule, expected):
    assert rows(rule) == expected


def test_and_binds_closer_than_or_and_not_closest():
    assert rows("source == 'logs' or source == 'test-set' and uncertainty > 0.5") == [0, 3]
    assert rows("not source == 'logs' and uncertainty > 0.1") == [1]


def test_a_rule_names_its_columns():
    assert parse("a == 1 and (b.c in [2] or not `odd name` ~ 'x')").columns == {
        "a",
        "b.c",
        "odd name",
    }


def test_quotes_are_doubled_and_backslashes_kept():
    assert parse("a == 'it''s'").root == Compare("a", "==", "it's")
    assert parse(r'a ~ "\d""x"').root == Match("a", r'\d"x')


def test_arrow_columns_and_lists_say_the_same():
    texts = pa.chunked_array([["a", None], ["b"]])
    for rule in ("s == 'a'", "s != 'a'", "s ~ 'b'", "s == null", "s in ['a', 'b']"):
        assert rows(rule, {"s": texts}) == rows(rule, {"s": ["a", None, "b"]})


def test_half_a_character_is_no_error():
    assert rows("s == 'a' or s ~ 'b'", {"s": ["\ud800", "b\udfff", "a"]}) == [1, 2]


def test_a_rule_on_no_rows_holds_for_none():
    for rule in ("s == 'a'", "s ~ 'a'", "s > 1", "s in last 2 days", "not s in [1, true]"):
        assert rows(rule, {"s": []}) == []


def test_a_hostile_expression_ends():
    assert rows("s ~ '(a+)+$'", {"s": ["a" * 50_000 + "b"]}) == []


def test_an_unknown_column_names_the_nearest():
    with pytest.raises(ConfigError, match="no column 'sauce'; did you mean 'source'"):
        parse("sauce == 'a'").holds(ROWS)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("source == and x", "expected a text in quotes, a number, true, false or null, not 'and'"),
        ("source 'logs'", "expected one of == != < <= > >= ~ in, not in, not \"'logs'\""),
        ("(a == 1", r"expected `\)`, but it ends here"),
        ("a == 1 b", "expected `and`, `or` or the end of the rule, not 'b'"),
        ("== 1", "expected a column, not '=='"),
        ("a in 3", r"expected `\[` or `last`, not '3'"),
        ("a in [1, 2", r"expected `,` or `\]`, but it ends here"),
        ("time in last 7 moons", "expected `hours`, `days` or `weeks`, not 'moons'"),
        ("time in last week", "expected a text in quotes, a number"),
        ("time > 'soon'", "expected a time such as"),
        ("a > null", "expected a number or a text after >, not 'null'"),
        ("a ~ 3", "expected a regular expression in quotes, not '3'"),
        ("a ~ '(b'", r"not a regular expression of RE2 .*missing \)"),
        ("a ~ '(?=b)'", "no look-around"),
        ("a == 'b", r"not \"'\" \(which is never closed\)"),
        ("a = 1", "expected one of == "),
        ("__import__('os')", "expected one of == "),
        ("a == 1e999", "expected a smaller number"),
        ("(" * 60 + "a == 1" + ")" * 60, "nested at most 40 deep"),
        ("a == '" + "x" * 10_000 + "'", "10,000 at most"),
    ],
)
def test_what_is_not_a_rule_is_told_what_was_expected(rule, said):
    with pytest.raises(ConfigError, match=said):
        parse(rule)


def test_the_caret_stands_below_what_was_met():
    with pytest.raises(ConfigError) as caught:
        parse("source == 'a' and\n== 2")
    _, line, caret = str(caught.value).split("\n")
    assert line[caret.index("^") :] == "== 2"


names = st.from_regex(r"[a-z]{1,3}(\.[a-z]{1,2})?", fullmatch=True) | st.text(
    min_size=1, max_size=5
)
numbers = st.floats(allow_nan=False, allow_infinity=False, width=32).map(float)
words = st.text(alphabet="ab'\"\\ é", max_size=4)
values = words | numbers | st.booleans() | st.none()
patterns = st.sampled_from(["a", "^a", "b$", "a.*b", "[ab]+", "(?i)A", "a|b", "x'y"])
tests = st.one_of(
    st.builds(Compare, names, st.sampled_from(["==", "!="]), values),
    st.builds(Compare, names, st.sampled_from(["<", "<=", ">", ">="]), words | numbers),
    st.builds(In, names, st.lists(values, min_size=1, max_size=3).map(tuple), st.booleans()),
    st.builds(Last, names, numbers.map(abs), st.sampled_from(["hours", "days", "weeks"])),
    st.builds(Match, names, patterns),
).filter(lambda test: test.column != "time")
several = st.deferred(lambda: st.lists(conditions, min_size=2, max_size=3).map(tuple))
conditions = st.recursive(
    tests,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(All, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Either, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(conditions)
def test_a_rule_reads_back_as_it_is_written(condition):
    assert parse(str(Rule(condition))) == Rule(condition)


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=40)
    | st.text(alphabet="ab .()[]'\"`=!<>~,07-", max_size=30)
    | st.lists(
        st.sampled_from("a == != > ~ in not and or ( ) [ ] , 'x' 7 last days null".split()),
        max_size=12,
    ).map(" ".join)
)
def test_any_text_is_a_rule_or_a_config_error(text):
    try:
        rule = parse(text)
    except ConfigError:
        return
    assert parse(str(rule)) == rule


cells = st.none() | st.booleans() | words | st.sampled_from([1, 2, 2.5, -1.0, "1", "2.5", math.nan])


@settings(max_examples=200, deadline=None)
@given(conditions, st.data())
def test_all_rows_at_once_hold_as_each_row_read_alone(condition, data):
    rule = Rule(condition)
    table = {
        name: data.draw(st.lists(cells, min_size=4, max_size=4)) for name in sorted(rule.columns)
    }
    newest = {name: max(filter(_there, map(_time, c)), default=0) for name, c in table.items()}
    alone = [_holds(condition, {n: c[i] for n, c in table.items()}, newest) for i in range(4)]
    assert rule.holds(table).tolist() == alone


def _holds(condition, row, newest):
    match condition:
        case Not(part):
            return not _holds(part, row, newest)
        case All(parts):
            return all(_holds(part, row, newest) for part in parts)
        case Either(parts):
            return any(_holds(part, row, newest) for part in parts)
        case Match(column, pattern):
            text = _text(row[column])
            return text is not None and re.search(pattern, text) is not None
        case Last(column, count, unit):
            when = _time(row[column])
            span = count * {"hours": 3600, "days": 86400, "weeks": 604800}[unit]
            return _there(when) and when >= newest[column] - span
        case In(column, values, negated):
            found = any(_same(row[column], value) for value in values)
            return not found and _text(row[column]) is not None if negated else found
        case Compare(column, "==", value):
            return _same(row[column], value)
        case Compare(column, "!=", value):
            there = _text(row[column]) is not None
            return there and (value is None or not _same(row[column], value))
        case Compare(column, op, value):
            cell = _text(row[column]) if isinstance(value, str) else _number(row[column])
            if cell is None or (isinstance(cell, float) and math.isnan(cell)):
                return False
            if isinstance(value, str):
                cell, value = cell.encode(), value.encode()
            return {"<": cell < value, "<=": cell <= value, ">": cell > value}.get(
                op, cell >= value
            )


def _same(cell, value):
    if value is None:
        return _text(cell) is None
    if isinstance(value, bool):
        return cell is value or (isinstance(cell, str) and cell.lower() == str(value).lower())
    return _text(cell) == value if isinstance(value, str) else _number(cell) == value


def _text(cell):
    if cell is None or cell != cell:
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return f"{cell:g}" if isinstance(cell, float | int) else cell


def _number(cell):
    try:
        return math.nan if cell is None or isinstance(cell, bool) else float(cell)
    except ValueError:
        return math.nan


def _time(cell):
    return _number(cell)


def _there(value):
    return not math.isnan(value)
