from curate.checks import CHECKS, Context, rows_of
from curate.checks.labels.cycles import CHECK


def test_the_check_stands_in_the_catalogue():
    assert CHECKS.get("preference-cycles") is CHECK


def test_a_circle_is_one_finding_with_the_row_to_ask_again():
    rows = rows_of(["q"] * 4, ["A", "B", "C", "A"], ["B", "C", "A", "D"])
    (finding,) = CHECK.run(rows, Context()).findings
    assert sorted((*finding.rows, *finding.against)) == [0, 1, 2]
    assert len(finding.rows) == 1
    assert "circle of 3 (rows:1, rows:2, rows:3)" in finding.message
    assert "asking 1 row again" in finding.message


def test_opposites_are_told_as_such_whatever_their_white_space():
    rows = rows_of(["q", "q"], ["yes, it  is", "no"], ["no", "yes, it is\n"])
    (finding,) = CHECK.run(rows, Context()).findings
    assert "rows:1 and rows:2 say the opposite" in finding.message


def test_the_same_answers_to_two_prompts_are_no_circle():
    rows = rows_of(["p", "q"], ["A", "B"], ["B", "A"])
    assert CHECK.run(rows, Context()).findings == ()


def test_rows_without_a_rejected_answer_are_skipped():
    assert "rejected" in CHECK.run(rows_of(["p"], ["A"]), Context()).skipped
    assert CHECK.run(rows_of([]), Context()).skipped


def test_incomplete_preferences_are_not_looked_at():
    rows = rows_of(["p", "p"], ["A", None], ["B", "A"])
    found = CHECK.run(rows, Context())
    assert found.looked_at == 1 and not found.findings
