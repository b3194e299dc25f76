"""What is asked of an audit is refused at once where it cannot be done, and says what to do."""

import json

import pytest

from curate.audit import BROKE
from curate.checks import CHECKS, Found
from curate.errors import ConfigError, InputError
from curate.pipeline.audit import _could_look, audit
from curate.pipeline.audit_again import page_again
from curate.pipeline.audit_options import AuditOptions, options


@pytest.fixture
def train(tmp_path):
    path = tmp_path / "train.jsonl"
    rows = [{"prompt": f"What is {n}?", "completion": f"It is {n}."} for n in range(4)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"only": ("exact-duplicates",), "skip": ("duplicates",)}, "leave no check"),
        ({"thresholds": {"format": 0.5}}, "this check has none to move"),
        ({"languages": ("english",)}, "--language english: not one"),
        ({"fail_on": ("duplicates",), "skip": ("duplicates",)}, "--fail-on duplicates: left out"),
        ({"fail_on": ("contamination",)}, "name their files with --against"),
        ({"redact": "mask"}, "name OUT"),
        ({"desk": "no-marks.json"}, "a number of rows, or the marks"),
    ],
)
def test_what_cannot_be_asked_says_why(train, tmp_path, asked, said):
    with pytest.raises(ConfigError, match=said):
        audit([train], AuditOptions(embed=False, out=tmp_path / "out", **asked))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("asked", [{"fix": "train.jsonl"}, {"out": "train.jsonl"}])
def test_a_place_that_is_taken_is_refused_before_anything_is_looked_at(train, tmp_path, asked):
    places = {"out": tmp_path / "out"} | {name: tmp_path / path for name, path in asked.items()}
    before = train.read_bytes()
    with pytest.raises(ConfigError, match=r"train\.jsonl"):
        audit([train], AuditOptions(embed=False, **places))
    assert train.read_bytes() == before
    assert not (tmp_path / "out").exists()


def test_a_threshold_that_is_no_number_is_refused():
    for text in ("nan", "inf", "much"):
        with pytest.raises(ConfigError, match="not a number"):
            options(["train.jsonl"], thresholds=[f"near-duplicates={text}"])


@pytest.mark.parametrize("bar", ["secrets", "personal", "error"])
def test_a_check_that_broke_is_no_pass(bar):
    from curate.audit import parse_bar

    checks = [CHECKS.get("secrets"), CHECKS.get("format")]
    found = [
        Found(check="secrets", skipped=f"{BROKE} (OSError: x)"),
        Found(check="format", looked_at=4),
    ]
    with pytest.raises(ConfigError, match=f"--fail-on {bar}: secrets could not look"):
        _could_look([parse_bar(bar)], checks, found)
    _could_look([parse_bar("format")], checks, found)


def test_a_severity_of_which_no_check_could_look_is_no_fault_of_the_asker(train, tmp_path):
    asked = AuditOptions(embed=False, out=tmp_path / "out", only=("preference-cycles",))
    assert not audit([train], asked).data["above_the_bar"]


def test_a_page_is_not_made_again_of_what_is_no_audit_or_was_changed(train, tmp_path):
    out = tmp_path / "out"
    audit([train], AuditOptions(embed=False, out=out, only=("echoes",)))
    page = (out / "audit.html").read_bytes()
    page_again(out)
    assert (out / "audit.html").read_bytes() == page
    train.write_text(train.read_text() + "\n")
    with pytest.raises(InputError, match="changed since it was audited"):
        page_again(out)
    for text in ("{half", "[]", "{}"):
        (out / "summary.json").write_text(text)
        with pytest.raises(InputError, match="of an audit; make it with"):
            page_again(out)


def test_a_row_that_is_quoted_steers_no_terminal(tmp_path):
    path = tmp_path / "train.jsonl"
    looped = "\x1b[31mred as the evening sky \x1b[0m" * 40
    path.write_text(json.dumps({"prompt": "Say it", "completion": looped}) + "\n")
    said = audit([path], AuditOptions(embed=False, out=tmp_path / "out")).as_text()
    assert "evening" in said
    assert "\x1b" not in said
