"""Pages for the report's tests: one of real answers, one made of a single hostile text."""

from __future__ import annotations

import numpy as np

from curate.report import (
    Agreement,
    Annotator,
    Committee,
    Completion,
    Composition,
    ExportFile,
    Foretold,
    Grown,
    Map,
    Measure,
    Member,
    Mix,
    NewLogs,
    Page,
    Progress,
    QueueRow,
    Reason,
    RoundRow,
    Scores,
    Share,
    Span,
    Step,
    Truth,
)

NAN = float("nan")
TOPICS = ("apples", "trains", "wages", "paint")


def full_page(n: int = 200, k: int = 40) -> Page:
    """A round that is over: n answers on offer, k queued, the last tenth of them at random."""
    rng = np.random.default_rng(1)
    need, tokens = rng.random(n), rng.integers(20, 400, n).astype(float)
    novelty = np.where(rng.random(n) < 0.1, np.nan, rng.random(n))
    order = np.argsort(-need, kind="stable")[:k]
    queued = np.zeros(n, bool)
    queued[order] = True
    prompts = [f"How many {TOPICS[i % 4]} are left of {i}?" for i in range(n)]
    columns = {"need": need, "novelty": novelty, "tokens": tokens, "twice": 2 * tokens}
    rows = tuple(_row(o, int(i), k, columns, prompts[int(i)]) for o, i in enumerate(order))
    return Page(
        title="Left-over apples",
        task="rewrite",
        generated_from={"seed": "7", "configuration": "b7c3"},
        flow=(
            Step(stage="ingest", count_in=n + 3, count_out=n, reasons=(("not JSON", 3),)),
            Step(stage="select", count_in=n, count_out=k, note="hybrid"),
        ),
        queue=rows,
        scores=Scores(columns=columns, queued=queued, docs={"need": "How much it needs a person."}),
        map=Map(
            xy=rng.normal(size=(n, 2)),
            labels=prompts,
            queued=order,
            reviewed=np.flatnonzero(~queued)[:7],
        ),
        committee=Committee(
            members=(
                Member(name="large", answers=n, reliability=0.93, accuracy=0.9, redundancy=0.4),
                Member(name="small", answers=n - 3, reliability=0.61, accuracy=0.6),
            ),
            effective=1.4,
            correlation=np.array([[1.0, 0.4], [0.4, 1.0]]),
            warnings=("need follows answer_tokens: rank correlation +0.62",),
        ),
        composition=Composition(
            measures=(
                Measure(name="Coverage", queue=0.8, random=0.7, pool=1.0, percent=True),
                Measure(name="Vendi score", queue=31.5, random=NAN),
            ),
            mixes=(Mix(column="source", rows=(("web", 0.75, 0.5), ("phone", 0.25, 0.5))),),
        ),
        agreement=Agreement(
            alpha=0.81,
            interval=(0.7, 0.9),
            level="nominal",
            n_items=8,
            annotators=(
                Annotator(name="ada", answers=30, agreement=0.9, median_minutes=1.5),
                Annotator(name="zoë", answers=3, agreement=NAN),
            ),
        ),
        outcomes={"rewritten": 30, "good": 10},
        exports=(ExportFile(path="exports/trl/train.jsonl", rows=36, sha256="9f86d081" * 8),),
        truth=Truth(queue=(33, 36), random=(1, 4), pool=(40, n)),
        progress=full_progress(),
    )


def full_progress() -> Progress:
    """Three rounds that found less and less, and logs that came since."""
    found = zip((0.9, 0.6, 0.3), (0.2, 0.15, 0.1), (100, 130, 160), strict=True)
    rows = tuple(
        RoundRow(
            number=n,
            queued=40,
            answered=38,
            chosen=Span(value=chosen, low=chosen, high=chosen, n=30),
            chance=Span(value=chance, low=chance / 2, high=2 * chance, n=8),
            lift=Span(value=chosen / chance, low=chosen / chance / 2, high=float("inf"), n=38),
            per_hundred=80.0 - 20 * n,
            minutes=float(minutes),
            minutes_an_item=minutes / 38,
            money=12.5 * n,
            alpha=Span(value=0.8, low=0.7, high=0.9, n=8),
            missing=(("no answer yet", 2),),
        )
        for n, (chosen, chance, minutes) in enumerate(found, start=1)
    )
    return Progress(
        state="go on",
        reason="choosing beats chance: 3.0 [2.0, 4.0] times chance",
        rounds=rows,
        sentences=("selection found 4.0 times [2.9, 5.2] what chance would have found", "More."),
        reasons=(
            Reason(state="go on", text="choosing beats chance: 3.0 [2.0, 4.0] times chance"),
            Reason(state="stop", text="little is left"),
            Reason(state="cannot tell", text="what an hour brings is not known"),
        ),
        shares=(
            Share(column="", name="needs a rewrite", span=Span(value=0.2, low=0.1, high=0.3, n=24)),
            Share(column="model", name="small", span=Span(), rows=100),
        ),
        foretold=tuple(
            Foretold(
                round=n,
                by=by,
                on="by lot",
                truth="answers",
                auroc=Span(value=area, low=area - 0.2, high=min(1.0, area + 0.1), n=8),
                brier=0.1,
            )
            for n in (1, 2, 3)
            for by, area in (("uncertainty", 0.7), ("learned", 0.7 + n / 20))
        ),
        new_logs=NewLogs(
            state="reopen",
            n_new=60,
            reasons=("a classifier tells new prompts from old ones",),
            n_old=200,
            auroc=Span(value=0.8, low=0.75, high=0.85),
            p_value=0.005,
            psi=0.3,
            psi_by_chance=0.02,
            far=Span(value=0.2, low=0.1, high=0.3, n=60),
            clusters=(
                Grown(
                    old=0.1,
                    new=Span(value=0.4, low=0.3, high=0.5),
                    words=("wages", "paint"),
                    examples=("How many wages are left?",),
                ),
            ),
        ),
    )


def _row(order: int, i: int, k: int, columns: dict[str, np.ndarray], prompt: str) -> QueueRow:
    random, fixed = order >= k - k // 10, order % 4
    return QueueRow(
        order=order + 1,
        item_id=f"c{i:024d}",
        part="random" if random else "active",
        probability=0.02 if random else NAN,
        reason="drawn at random" if random else "most of the committee contradicts it",
        scores={name: float(values[i]) for name, values in columns.items()},
        prompt=prompt,
        completions=(
            Completion(model="small", text=f"There are {i} left.", answer=str(i)),
            Completion(model="large", text=f"Only {i + 1}.", asked=False, answer=str(i + 1)),
            Completion(model="huge", text=f"{i + 1}, I think.", asked=False, answer=str(i + 1)),
        ),
        status="answered",
        outcome="rewritten" if fixed else "good",
        rewritten=f"There are {i + 1} left." if fixed else "",
    )


def page_of(text: str) -> Page:
    """A page that shows one text wherever a project's data can put one."""
    answers = (
        Completion(model=text, text=text, answer=text),
        Completion(model=text, text=text, asked=False, answer=text),
    )
    row = QueueRow(
        order=1,
        item_id=text,
        part="active",
        probability=NAN,
        reason=text,
        scores={text: 0.5},
        prompt=text,
        completions=answers,
        status="answered",
        outcome=text,
        rewritten=text,
    )
    return Page(
        title=text,
        task="rewrite",
        generated_from={text: text},
        flow=(Step(stage=text, count_in=2, count_out=1, note=text, reasons=((text, 1),)),),
        queue=(row,),
        scores=Scores(
            columns={text: np.array([0.5, 1.0])},
            queued=np.array([True, False]),
            docs={text: text},
        ),
        map=Map(xy=np.eye(2), labels=[text, text], queued=np.array([0])),
        committee=Committee(
            members=tuple(Member(name=text, answers=2, reliability=0.9) for _ in range(2)),
            effective=2.0,
            correlation=np.eye(2),
            warnings=(text,),
        ),
        composition=Composition(
            measures=(Measure(name=text, queue=1.0, random=0.5, note=text),),
            mixes=(Mix(column=text, rows=((text, 0.5, 0.5),)),),
        ),
        agreement=Agreement(
            alpha=0.5,
            interval=(0.4, 0.6),
            level=text,
            n_items=1,
            annotators=(Annotator(name=text, answers=1, agreement=1.0),),
        ),
        outcomes={text: 1},
        exports=(ExportFile(path=text, rows=1, sha256=text),),
        progress=progress_of(text),
    )


def progress_of(text: str) -> Progress:
    """Rounds that show one text wherever a project's data can put one."""
    some = Span(value=0.5, low=0.4, high=0.6, n=9)
    row = RoundRow(
        number=1,
        queued=1,
        answered=1,
        chosen=some,
        chance=some,
        lift=some,
        per_hundred=50.0,
        missing=((text, 1),),
    )
    grown = Grown(old=0.1, new=some, words=(text,), examples=(text,))
    return Progress(
        state="cannot tell",
        reason=text,
        rounds=(row,),
        sentences=(text, text),
        reasons=(Reason(state="go on", text=text),),
        shares=(Share(column=text, name=text, span=some),),
        foretold=(Foretold(round=1, by=text, on="test", truth=text, auroc=some),),
        new_logs=NewLogs(state="watch", n_new=3, reasons=(text,), clusters=(grown,)),
    )
