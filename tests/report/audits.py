"""Audits for the tests of their page: a full one, and one that shows a text wherever it can."""

import numpy as np

from curate.checks.check import Check, Context, Family, Found
from curate.checks.rows import Rows, rows_of
from curate.records import Evidence, Finding, Severity
from curate.report.audit import AuditFile, AuditPage
from tests.report.pages import full_page, progress_of

QUESTIONS = (
    "How many trains leave the station before noon on a weekday?",
    "Which sauce goes with roasted carrots, garlic and butter?",
    "How is a Python list sorted by its second column?",
)
SECRET = "maria.keller@example.org"


def check_of(name: str, *, family: Family = "quality", severity: Severity = "warning") -> Check:
    """A check that was run elsewhere."""

    def run(rows: Rows, context: Context) -> Found:
        return Found(check=name)

    return Check(
        name=name,
        family=family,
        about=f"Rows with {name}.",
        severity=severity,
        threshold=0.8,
        means="similarity, at or above",
        run=run,
    )


CHECKS = (
    check_of("near-duplicates", family="duplicates"),
    check_of("contamination", family="contamination", severity="error"),
    check_of("doubtful-preferences", family="labels"),
    check_of("length-bias", family="bias", severity="info"),
    check_of("refusals"),
    check_of("personal-data", family="personal", severity="error"),
    check_of("mojibake"),
    check_of("drift", family="coverage"),
)


def full_rows(n: int = 120) -> Rows:
    """`n` rows in three topics; every fourth is a preference; row 7 holds a secret."""
    prompts = [f"{QUESTIONS[i % 3]} Case {i}." for i in range(n)]
    prompts[7] = f"Write to {SECRET} that trains leave late. Case 7."
    return rows_of(
        prompts,
        [f"The answer to case {i} is {i + 1} in all." for i in range(n)],
        [f"Nobody knows case {i}." if i % 4 == 0 else None for i in range(n)],
        name="train.jsonl",
        split=["train" if i % 5 else "test" for i in range(n)],
        model=["small" if i % 2 else "large" for i in range(n)],
    )


def full_found(n: int = 120) -> list[Found]:
    """Something of each kind: copies, leaks, doubts, figures, secrets, nothing, not looked at."""
    at = QUESTIONS[0].index("trains")
    copies = [
        Finding(
            check="near-duplicates",
            severity="warning",
            message=f"row {i + 1} nearly repeats row {i - 2}",
            rows=(i,),
            against=(i - 3,),
            score=i / n,
        )
        for i in range(3, 63)
    ]
    leak = Finding(
        check="contamination",
        severity="error",
        message="two rows hold a question of bench.jsonl",
        rows=(0, 3),
        score=1.0,
        evidence=(
            Evidence(
                row=0,
                field="prompt",
                spans=((at, at + 6),),
                note="word for word",
                beside="Do trains \U0001f682 leave?",
                beside_name="bench.jsonl:12",
                beside_spans=((3, 9),),
            ),
        ),
    )
    doubt = Finding(
        check="doubtful-preferences",
        severity="warning",
        message="the rejected answer is likely the better one",
        rows=(8,),
        score=0.9,
        evidence=(Evidence(row=8, field="rejected", note="likely better"),),
    )
    whole = Finding(check="length-bias", severity="info", message="the longer one wins")
    secret = Finding(
        check="personal-data",
        severity="error",
        message=f"row 8 holds an address, {SECRET}",
        rows=(7,),
        evidence=(Evidence(row=7, field="prompt", spans=((9, 9 + len(SECRET)),), secret=True),),
    )
    figures = {
        "rate": 0.71,
        "interval": [0.67, 0.75],
        "lengths": {"edges": [0, 10, 20, 40], "chosen": [1, 5, 2], "rejected": [4, 2, 0]},
        "by_split": {"train": {"n": 96, "rate": 0.7}, "test": {"n": 24, "rate": 0.75}},
        "largest": [["small", 60], ["large", 60]],
        "named": [SECRET],
    }
    refusal = Finding(check="refusals", severity="warning", message="it refuses", rows=(9,))
    return [
        Found(check="near-duplicates", findings=tuple(copies), looked_at=n),
        Found(check="contamination", findings=(leak,), looked_at=n),
        Found(check="doubtful-preferences", findings=(doubt,), looked_at=n // 4),
        Found(check="length-bias", findings=(whole,), looked_at=n // 4, figures=figures),
        Found(check="refusals", findings=(refusal,), looked_at=n),
        Found(check="personal-data", findings=(secret,), looked_at=n),
        Found(check="mojibake", looked_at=n, figures={"share": 0.0}),
        Found(check="drift", skipped="holds rows against an earlier version: name it"),
    ]


def full_audit(n: int = 120) -> AuditPage:
    """A page with every part filled."""
    rng = np.random.default_rng(3)
    middles = np.array([[-0.8, 0.0], [0.8, 0.2], [0.0, 0.7]])[np.arange(n) % 3]
    filled = full_page()
    return AuditPage(
        title="train.jsonl",
        rows=full_rows(n),
        found=full_found(n),
        checks=CHECKS,
        generated_from={"seed": "7"},
        files=(AuditFile(name="train.jsonl", rows=n, rejected=1, reasons=(("not JSON", 1),)),),
        bar="no errors",
        over={"contamination": "2 of 120 rows, over 0"},
        xy=middles + rng.normal(0, 0.05, (n, 2)),
        agreement=filled.agreement,
        progress=filled.progress,
    )


def audit_of(text: str) -> AuditPage:
    """A page that shows one text wherever data, files or options can put one."""
    n = 80
    rows = rows_of(
        [
            f"{text} {'trains leaving station' if i % 2 else 'sauce garlic butter'}"
            for i in range(n)
        ],
        [text] * n,
        [text] * n,
        name=text,
        metadata=[text] * n,
        **{key: [text, f"{text}2"] * (n // 2) for key in ("split", "source", "model", "annotator")},
    )
    finding = Finding(
        check="refusals",
        severity="error",
        message=text,
        rows=(0,),
        against=(1,),
        score=1.0,
        evidence=(
            Evidence(
                row=0,
                field="answer",
                spans=((0, len(text)),),
                note=text,
                beside=text,
                beside_name=text,
                beside_spans=((0, 1),),
            ),
            Evidence(row=0, field="row", note=text),
        ),
    )
    figures = {
        text: text,
        "table": [[text, 1], [text, 2]],
        "records": [{text: text, "n": 1}],
        "words": [text, text, text],
        "inside": {text: {"edges": [0, 1, 2], text: [1, 2]}, "b": {text: [text]}},
    }
    return AuditPage(
        title=text,
        rows=rows,
        found=[
            Found(check="refusals", findings=(finding,), looked_at=n, figures=figures),
            Found(check="mojibake", looked_at=n, figures=figures),
            Found(check="drift", skipped=text),
        ],
        checks=[check_of("refusals"), check_of("mojibake"), check_of("drift")],
        generated_from={text: text},
        files=(AuditFile(name=text, rows=n, rejected=1, reasons=((text, 1),)),),
        bar=text,
        over={"refusals": text, text: text},
        xy=np.random.default_rng(0).normal(0, 1, (n, 2)) + (np.arange(n) % 2)[:, None] * 8,
        progress=progress_of(text),
        all_findings=text,
    )
