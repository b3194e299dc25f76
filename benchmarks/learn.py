"""The heads beside their peers: seconds to refit, calibration, and what answers teach of scores.

`python -m benchmarks.learn [--json FILE]`; real data from CURATE_DATA, all-MiniLM vectors from the
cache of `benchmarks.vectors`. Speed is CPU seconds, at the same objective (printed as quality, per
answer). Calibration and usefulness are judged on prompts (or debates) that nothing was fitted on.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.table import Row, data_file, finish, json_path, race
from benchmarks.vectors import embedded
from curate import learn

__all__ = ["main"]

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]
UKP = "B_D_ukpconvarg_pairs_5votes.jsonl.gz"
TRUTHFUL = "E_truthfulqa_human_truth_info_labels.jsonl.gz"
CLINC = "G_clinc150_imbalanced.jsonl.gz"
COMMITTEES = {
    "GSM8K x 12": ("A_C_committee_gsm8k_12models.jsonl.gz", "Qwen2-7B-Instruct"),
    "CRUXEval x 10": ("A_C_committee_cruxeval_10models.jsonl.gz", "Qwen2-7B-Instruct"),
}
N, N_BEFORE, N_COLUMNS = 5_000, 4_800, 20


def main() -> None:
    """Run every part whose data is there and print one table."""
    path = json_path()
    rows = [*_yes_or_no(), *_preferences(), *_classes(), *_truthful(), *_debates()]
    for name, (file, model) in COMMITTEES.items():
        rows += _committee(name, file, model)
    finish(rows, path)


def _yes_or_no() -> Iterator[Row]:
    """Refit on whether answers to TruthfulQA are true."""
    lines = [row for row in _lines(TRUTHFUL) if row["truthful"] is not None]
    if not lines:
        return
    picks = np.random.default_rng(0).permutation(len(lines))[:N]
    features = _with_columns(embedded([lines[i]["response"] for i in picks]))
    labels = np.array([lines[i]["truthful"] for i in picks], dtype=np.int64)
    head = learn.LogisticHead().fit(features[:N_BEFORE], labels[:N_BEFORE])
    refit = partial(learn.LogisticHead().fit, features, labels, start=head)
    yield _raced("logistic", refit, partial(_scikit, features, labels, refit().precision), 0.1)
    fixed = learn.LogisticHead(precision=refit().precision)
    again = partial(fixed.fit, features, labels, start=head)
    yield _raced(
        "logistic, precision given", again, partial(_scikit, features, labels, head.precision), 0.1
    )


def _classes() -> Iterator[Row]:
    """Refit on 150 intents."""
    lines = [row for row in _lines(CLINC) if not row["oos"]]
    if not lines:
        return
    names = {label: i for i, label in enumerate(sorted({row["label"] for row in lines}))}
    picks = np.random.default_rng(0).permutation(len(lines))[:N]
    features = embedded([lines[i]["text"] for i in picks]).astype(np.float64)
    labels = np.array([names[lines[i]["label"]] for i in picks])
    plain = learn.LogisticHead(len(names))
    head = plain.fit(features[:N_BEFORE], labels[:N_BEFORE])
    refit = partial(plain.fit, features, labels, start=head)
    peer = partial(_scikit, features, labels, refit().precision)
    yield _raced(f"softmax, {len(names)} classes", refit, peer, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Weights with all that the objective is made of."""

    features: Floats
    labels: Ints
    weights: Floats
    bias: Floats
    precision: float

    def objective(self, of_bias: float) -> float:
        """Return the penalised loss an answer, at the features' own mean."""
        from scipy.special import logsumexp

        logits = (self.features - self.features.mean(axis=0)) @ self.weights + self.bias
        if logits.shape[1] == 1:
            logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
        loss = logsumexp(logits, axis=1) - logits[np.arange(len(logits)), self.labels]
        prior = self.precision * (self.weights**2).sum() + of_bias * (self.bias**2).sum()
        return float(loss.sum() + prior / 2) / len(logits)


def _scikit(features: Floats, labels: Ints, precision: float, of_bias: float) -> Fit:
    """Fit scikit-learn's at our objective: the bias is a constant column of its own precision."""
    from sklearn.linear_model import LogisticRegression

    size = float(np.sqrt(precision / of_bias))
    design = np.column_stack([features - features.mean(axis=0), np.full(len(features), size)])
    peer = LogisticRegression(C=1 / precision, fit_intercept=False, max_iter=5000)
    weights = peer.fit(design, labels).coef_.T
    return Fit(
        features=features,
        labels=labels,
        weights=weights[:-1],
        bias=weights[-1] * size,
        precision=precision,
    )


def _raced(
    name: str,
    refit: Callable[[], learn.LogisticHead],
    peer: Callable[[float], Fit],
    of_bias: float,
) -> Row:
    import time

    ours_s, peer_s, ratio = race(refit, lambda: peer(of_bias), 3, time.process_time)
    head, fit = refit(), peer(of_bias)
    at_mean = head.logits(fit.features.mean(axis=0)[None, :])[0]
    d = fit.features.shape[1]
    ours = Fit(
        features=fit.features,
        labels=fit.labels,
        weights=head.weights.reshape(d, -1),
        bias=at_mean[1:] if head.n_classes == 2 else at_mean,
        precision=fit.precision,
    )
    return Row(
        step=f"{name}: refit warm, {len(fit.labels):,} x {d} (CPU s)",
        ours=ours_s,
        peer=peer_s,
        ratio=ratio,
        quality_ours=ours.objective(of_bias),
        quality_peer=fit.objective(of_bias),
        target="< 1 s" if head.n_classes == 2 else "",
        met=ours_s < 1 if head.n_classes == 2 else None,
        note="scikit-learn (lbfgs, precision given); quality: objective an answer; ours "
        "finds the precision and the covariance too",
    )


def _preferences() -> Iterator[Row]:
    """Refit on UKP's votes."""
    import time

    pairs = _Pairs.read()
    if pairs is None:
        return
    picks = np.random.default_rng(0).permutation(len(pairs.shares))[:N]
    both = _with_columns(np.concatenate([pairs.a[picks], pairs.b[picks]]))
    a, b, shares = both[:N], both[N:], pairs.shares[picks]
    for ties in (False, True):
        plain = learn.BradleyTerryHead(ties=ties)
        head = plain.fit(a[:N_BEFORE], b[:N_BEFORE], shares[:N_BEFORE])
        refit = partial(plain.fit, a, b, shares, start=head)
        peer = partial(_scipy, a - b, shares[:, 0] + shares[:, 2] / 2, refit().precision)
        ours_s, peer_s, ratio = race(refit, peer, 3, time.process_time)
        objective = partial(_gaps_loss, a - b, shares[:, 0] + shares[:, 2] / 2, refit().precision)
        yield Row(
            step=f"Bradley-Terry{' with ties' * ties}: refit warm, {N:,} x {a.shape[1]} (CPU s)",
            ours=ours_s,
            peer=peer_s,
            ratio=ratio,
            quality_ours=float("nan") if ties else objective(refit().weights)[0] / N,
            quality_peer=objective(peer())[0] / N,
            target="< 1 s",
            met=ours_s < 1,
            note="scipy L-BFGS-B without ties, precision given; quality: objective a comparison",
        )


def _scipy(gaps: Floats, share: Floats, precision: float) -> Floats:
    from scipy.optimize import minimize

    start = np.zeros(gaps.shape[1])
    found = minimize(
        lambda w: _gaps_loss(gaps, share, precision, w),
        start,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 5000, "gtol": 1e-4},
    )
    return np.asarray(found.x)


def _gaps_loss(
    gaps: Floats, share: Floats, precision: float, weights: Floats
) -> tuple[float, Floats]:
    logit = gaps @ weights
    p = 1 / (1 + np.exp(-logit))
    loss = (np.logaddexp(0, logit) - share * logit).sum() + precision * (weights @ weights) / 2
    return float(loss), gaps.T @ (p - share) + precision * weights


def _truthful() -> Iterator[Row]:
    """Judge chances that answers are true, on questions that nothing was fitted on."""
    lines = [row for row in _lines(TRUTHFUL) if row["truthful"] is not None]
    if not lines:
        return
    of = _thirds([row["instruction"] for row in lines])
    vectors = embedded([row["response"] for row in lines])
    labels = np.array([row["truthful"] for row in lines], dtype=np.int64)
    parts = [np.flatnonzero(of == k)[: 2000 if k < 2 else None] for k in range(3)]
    head = learn.LogisticHead().fit(vectors[parts[0]], labels[parts[0]])
    yield from _calibrated(
        "TruthfulQA answers", head.logits, head.probabilities, vectors, labels, parts
    )


def _committee(name: str, file: str, model: str) -> Iterator[Row]:
    """Learn from a third of the prompts where the committee's scores find wrong answers."""
    from benchmarks.committee import PATTERN, load
    from curate.config import AnswerConfig, ScoreConfig
    from curate.score import score

    path = data_file(file)
    if path is None:
        return
    data = load(path)
    how = ScoreConfig(target=[model], answer=AnswerConfig(pattern=PATTERN))
    table = score(data.records, data.candidates, config=how)
    mine = table["is_target"].to_numpy()
    numbers = [
        n
        for n, kind in zip(table.column_names, table.schema.types, strict=True)
        if kind == "double"
    ]
    columns = {n: table[n].to_numpy()[mine] for n in [*numbers, "answer_characters"]}
    wrong = (~data.correct[mine]).astype(np.int64)
    questions = [row["question"] for row in _lines(file)]
    vectors = embedded(questions)
    for default in ("contradiction_weighted", "lexical_outlier"):
        yield _useful(name, columns, wrong, default)
    rows = learn.features([vectors], columns)
    of = _thirds(questions)
    parts = [np.flatnonzero(of == k) for k in range(3)]
    head = learn.LogisticHead().fit(rows[parts[0]], wrong[parts[0]])
    yield from _calibrated(f"{name}, wrong", head.logits, head.probabilities, rows, wrong, parts)


def _useful(name: str, columns: dict[str, Floats], wrong: Ints, default: str) -> Row:
    """Say which scores told wrong answers, and whether a mix does better on unseen ones."""
    asked = np.where(np.random.default_rng(1).random(len(wrong)) < 300 / len(wrong), wrong, np.nan)
    found = learn.usefulness(columns, asked, default=default)
    print(f"\n{name}, about 300 answers at random:", *found.sentences, sep="\n  ")
    own = found.columns[default]
    return Row(
        step=f"{name}: AUROC of the learned mix on unseen answers, default {default}",
        ours=found.mix.value,
        peer=own.value,
        ratio=found.mix.value / own.value,
        quality_ours=found.gain.low,
        quality_peer=found.gain.high,
        note=f"peer: the default; quality: interval of the gain; "
        f"{'the mix takes over' if found.better else 'the default stays'}",
    )


def _debates() -> Iterator[Row]:
    """Judge preferences on debates that nothing was fitted on."""
    pairs = _Pairs.read()
    if pairs is None:
        return
    train, test = np.flatnonzero(~pairs.held_out), np.flatnonzero(pairs.held_out)
    aside = np.isin(pairs.topic[train], np.unique(pairs.topic[train])[:2])
    fit_on, calibrate_on = train[~aside], train[aside]
    for beside, votes in ((None, 5.0), (None, 1.0), (pairs.length[:, None], 1.0)):
        head = learn.BradleyTerryHead(ties=False).fit(
            pairs.a[fit_on],
            pairs.b[fit_on],
            pairs.shares[fit_on],
            weights=np.full(len(fit_on), votes),
            nuisance=None if beside is None else beside[fit_on],
        )
        chances = head.probabilities(pairs.a, pairs.b)
        mend = learn.Temperature().fit(np.log(chances[calibrate_on]), pairs.won()[calibrate_on])
        name = f"UKP debates, a pair counts {votes:g}"
        name += "" if beside is None else ", length accounted for"
        yield from _mended(name, chances[test], mend(np.log(chances[test])), pairs.won()[test])
        first = (chances[test, 0] > 0.5) == (pairs.shares[test, 0] > pairs.shares[test, 1])
        longer = (pairs.length[test] > 0) == (pairs.shares[test, 0] > pairs.shares[test, 1])
        yield Row(
            step=f"{name}: share of pairs told right",
            ours=float(first.mean()),
            peer=float(longer.mean()),
            ratio=float(first.mean() / longer.mean()),
            note="peer: the longer one wins",
        )


def _calibrated(
    name: str,
    logits: Callable[[Floats], Floats],
    chances: Callable[[Floats], Floats],
    rows: Floats,
    labels: Ints,
    parts: list[Ints],
) -> Iterator[Row]:
    """Compare the mode's chances with moderated, then temperature and isotonic ones."""
    _, aside, test = parts
    mode = learn.Temperature(1.0)(logits(rows[test]))
    said = chances(rows[test])
    shares = np.eye(2)[labels[test]]
    yield from _mended(f"{name}: the posterior's mean", mode, said, shares)
    known = np.log(chances(rows[aside]))
    mend = learn.Temperature().fit(known, labels[aside])
    yield from _mended(f"{name}: temperature {mend.value:.2f}", said, mend(np.log(said)), shares)
    rise = learn.Isotonic().fit(chances(rows[aside])[:, 1], labels[aside])(said[:, 1])
    yield from _mended(f"{name}: isotonic", said, np.stack([1 - rise, rise], axis=1), shares)


def _mended(name: str, before: Floats, after: Floats, shares: Floats) -> Iterator[Row]:
    old, new = (learn.reliability(chances[:, 1], shares[:, 1]) for chances in (before, after))
    yield Row(
        step=f"{name}: calibration error",
        ours=new.ece,
        peer=old.ece,
        ratio=old.ece / new.ece,
        quality_ours=new.log_loss,
        quality_peer=old.log_loss,
        note=f"peer: before ({'mode' if 'posterior' in name else 'posterior mean'}); quality: "
        f"log loss; {new.n} answers",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pairs:
    a: Floats
    b: Floats
    shares: Floats
    """Of votes for a, b, tie, shape (n, 3)."""
    length: Floats
    """Log length of a over b."""
    topic: npt.NDArray[np.str_]
    held_out: npt.NDArray[np.bool_]

    @classmethod
    def read(cls) -> _Pairs | None:
        lines = list(_lines(UKP))
        if not lines:
            return None
        texts = {row[side] for row in lines for side in ("response_a", "response_b")}
        at = {text: i for i, text in enumerate(sorted(texts))}
        vectors = embedded(list(at)).astype(np.float64)
        votes = [[vote["vote"] for vote in row["votes"]] for row in lines]
        counts = np.array([[said.count(v) for v in ("a", "b", "tie")] for said in votes])
        sizes = [[len(row[side]) for side in ("response_a", "response_b")] for row in lines]
        return cls(
            a=vectors[[at[row["response_a"]] for row in lines]],
            b=vectors[[at[row["response_b"]] for row in lines]],
            shares=counts / counts.sum(axis=1, keepdims=True),
            length=np.log(np.array(sizes)) @ np.array([1.0, -1.0]),
            topic=np.array([row["topic"] for row in lines]),
            held_out=np.array([row["split"] == "test" for row in lines]),
        )

    def won(self) -> Floats:
        """Return the shares of a and b, a tie being half a vote for each."""
        return self.shares[:, :2] + self.shares[:, 2:] / 2


def _with_columns(vectors: Floats) -> Floats:
    """Put columns of noise beside vectors, as many as scores would be."""
    noise = np.random.default_rng(2).standard_normal((len(vectors), N_COLUMNS)) / 20
    return np.concatenate([vectors.astype(np.float64), noise], axis=1)


def _thirds(groups: list[str]) -> Ints:
    """Part rows into three, whole groups each."""
    number = np.unique(groups, return_inverse=True)[1]
    return np.random.default_rng(3).permutation(int(number.max()) + 1)[number] % 3


def _lines(name: str) -> Iterator[dict[str, Any]]:
    path = data_file(name)
    if path is not None:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            yield from map(json.loads, lines)


if __name__ == "__main__":
    main()
