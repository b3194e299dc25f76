"""A search engine for Argilla that keeps no index: it asks Argilla's own SQLite database.

What Elasticsearch holds as documents, Argilla holds as rows already. So the hooks that
write to an index do nothing, the five that read are SQL, and a search is never behind or
out of step. The meaning of filters, sorts and metrics is that of
`argilla_server.search_engine.commons`.

Runs inside the server's own environment, brought in by `launch.py`. What users type
reaches the database as bound values only.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
from argilla_server.enums import ResponseStatusFilter, SimilarityOrder, SortOrder
from argilla_server.models import Dataset, MetadataProperty, Record, User, VectorSettings
from argilla_server.search_engine.base import (
    AndFilter,
    Filter,
    FilterScope,
    FloatMetadataMetrics,
    IntegerMetadataMetrics,
    MetadataFilterScope,
    MetadataMetrics,
    Order,
    RangeFilter,
    RecordFilterScope,
    ResponseFilterScope,
    SearchEngine,
    SearchResponseItem,
    SearchResponses,
    SuggestionFilterScope,
    TermsFilter,
    TermsMetrics,
    TextQuery,
)
from argilla_server.settings import settings
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import create_async_engine

if TYPE_CHECKING:
    from curate.review.server.text_query import text_score
else:
    from text_query import text_score

__all__ = ["ENGINE_NAME", "SqliteEngine"]

ENGINE_NAME = "sqlite"

_MAX_TERMS = 2**14  # as Elasticsearch's search.max_buckets allows
_DATES = {"inserted_at", "updated_at"}

# Several values of one key are several rows; so is every other JSON list below.
_METADATA_ITEMS = (
    "json_each(records.metadata) AS entry, json_each(records.metadata, entry.fullkey) AS item"
)

# A pool of its own: a request holds one of Argilla's connections while it waits for a search,
# so sharing that pool would let enough requests at once wait for each other.
_database = create_async_engine(settings.database_url, **settings.database_engine_args)


@event.listens_for(_database.sync_engine, "connect")
def _teach(connection: Any, _record: Any) -> None:
    connection.create_function("text_score", 3, text_score, deterministic=True)
    connection.create_function("random_score", 2, _random_score, deterministic=True)
    cursor = connection.cursor()
    cursor.execute("PRAGMA query_only = ON")
    cursor.close()


def _random_score(record_id: str, seed: str) -> float:
    """Return a number in [0, 1) that is the same for the same record and seed."""
    digest = hashlib.blake2b(f"{record_id}{seed}".encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48


@SearchEngine.register(engine_name=ENGINE_NAME)
class SqliteEngine(SearchEngine):
    """Argilla's search over Argilla's own tables."""

    @classmethod
    async def new_instance(cls) -> SqliteEngine:
        """Return an engine; it holds nothing, so one a request costs nothing."""
        return cls()

    async def close(self) -> None:
        """Do nothing: connections go back to their pool after each question."""

    async def ping(self) -> bool:
        """Tell whether the database answers."""
        return await _rows(_Sql(), "SELECT 1") == [(1,)]

    async def info(self) -> dict[str, str]:
        """Say what this engine is."""
        version = await _rows(_Sql(), "SELECT sqlite_version()")
        return {"name": ENGINE_NAME, "version": str(version[0][0])}

    async def create_index(self, dataset: Dataset) -> None:
        """Do nothing: the rows are the index."""

    async def delete_index(self, dataset: Dataset) -> None:
        """Do nothing: the rows go with the dataset."""

    async def configure_metadata_property(
        self, dataset: Dataset, metadata_property: MetadataProperty
    ) -> None:
        """Do nothing: every key of a record's metadata can be asked for."""

    async def configure_index_vectors(self, vector_settings: VectorSettings) -> None:
        """Do nothing: vectors are read from their table."""

    async def index_records(self, dataset: Dataset, records: Iterable[Record]) -> None:
        """Do nothing: the rows are the index."""

    async def partial_record_update(self, record: Record, **update: Any) -> None:
        """Do nothing: the rows are the index."""

    async def delete_records(self, dataset: Dataset, records: Iterable[Record]) -> None:
        """Do nothing: the rows are the index."""

    async def update_record_response(self, response: Any) -> None:
        """Do nothing: the rows are the index."""

    async def delete_record_response(self, response: Any) -> None:
        """Do nothing: the rows are the index."""

    async def update_record_suggestion(self, suggestion: Any) -> None:
        """Do nothing: the rows are the index."""

    async def delete_record_suggestion(self, suggestion: Any) -> None:
        """Do nothing: the rows are the index."""

    async def search(
        self,
        dataset: Dataset,
        query: TextQuery | str | None = None,
        filter: Filter | None = None,
        sort: list[Order] | None = None,
        offset: int = 0,
        limit: int = 100,
        user_id: UUID | None = None,
    ) -> SearchResponses:
        """Return a page of the records that answer the query and pass the filter.

        Without `sort` the best answers come first, and an annotator (`user_id`) gets an
        order of their own that stays the same from one request to the next.
        """
        sql = _Sql()
        score = _score(sql, dataset, query, user_id)
        where = _conditions(sql, dataset, query, filter)
        shown = "NULL" if sort else score
        order = _order(sql, sort) if sort else f"{score} DESC"
        rows = await _rows(
            sql,
            f"SELECT records.id, {shown}, count(*) OVER () FROM records WHERE {where}"
            f" ORDER BY {order}, records.inserted_at, records.rowid"
            f" LIMIT {sql.bind(limit)} OFFSET {sql.bind(offset)}",
        )
        total = rows[0][2] if rows else 0
        if offset and not rows:  # beyond the last page
            total = await _one(sql, f"SELECT count(*) FROM records WHERE {where}")
        return _responses([(row[0], row[1]) for row in rows], total)

    async def similarity_search(
        self,
        dataset: Dataset,
        vector_settings: VectorSettings,
        value: list[float] | None = None,
        record: Record | None = None,
        query: TextQuery | str | None = None,
        filter: Filter | None = None,
        max_results: int = 100,
        order: SimilarityOrder = SimilarityOrder.most_similar,
        threshold: float | None = None,
    ) -> SearchResponses:
        """Return the records whose vectors are nearest to, or farthest from, a vector.

        Scores are Elasticsearch's for cosine: (1 + cosine) / 2, of the negated vector for
        the least similar.
        """
        if bool(value) == bool(record):
            raise ValueError("Must provide either vector value or record")
        wanted = value or (record and record.vector_value_by_vector_settings(vector_settings))
        if not wanted:
            raise ValueError("Cannot find a vector value to apply with provided info")
        sql = _Sql()
        where = _conditions(sql, dataset, query, filter)
        if record:
            where += f" AND records.id <> {sql.bind(record.id.hex)}"
        rows = await _rows(
            sql,
            "SELECT records.id, vectors.value FROM records"
            " JOIN vectors ON vectors.record_id = records.id"
            f" WHERE vectors.vector_settings_id = {sql.bind(vector_settings.id.hex)} AND {where}"
            " ORDER BY records.inserted_at, records.rowid",
        )
        sign = -1.0 if order == SimilarityOrder.least_similar else 1.0
        nearest = await asyncio.to_thread(_nearest, rows, sign * np.array(wanted), max_results)
        kept = [(i, score) for i, score in nearest if threshold is None or score >= threshold]
        return _responses(kept, len(nearest))

    async def compute_metrics_for(self, metadata_property: MetadataProperty) -> MetadataMetrics:
        """Return the counts of each term, or the smallest and largest number, of a property."""
        if metadata_property.is_terms:
            return await _term_metrics(metadata_property)
        sql = _Sql()
        source = _property_values(sql, metadata_property)
        [(low, high)] = await _rows(sql, f"SELECT min(item.value), max(item.value) {source}")
        kind = IntegerMetadataMetrics if metadata_property.is_integer else FloatMetadataMetrics
        return kind(min=low, max=high)

    async def get_dataset_progress(self, dataset: Dataset) -> dict[str, int]:
        """Return how many records there are, in all and in each status."""
        if dataset.is_draft:
            return {}
        sql = _Sql()
        rows = await _rows(
            sql,
            "SELECT status, count(*) FROM records"
            f" WHERE dataset_id = {sql.bind(dataset.id.hex)} GROUP BY status",
        )
        return _counts(rows)

    async def get_dataset_user_progress(self, dataset: Dataset, user: User) -> dict[str, int]:
        """Return how many of a dataset's records a user has answered, in each status."""
        if dataset.is_draft:
            return {}
        sql = _Sql()
        rows = await _rows(
            sql,
            "SELECT responses.status, count(*) FROM responses"
            " JOIN records ON records.id = responses.record_id"
            f" WHERE records.dataset_id = {sql.bind(dataset.id.hex)}"
            f" AND responses.user_id = {sql.bind(user.id.hex)} GROUP BY responses.status",
        )
        return _counts(rows)


@dataclass
class _Sql:
    """The values bound to one statement; `bind` returns the placeholder to write."""

    values: dict[str, Any] = field(default_factory=dict)

    def bind(self, value: Any) -> str:
        name = f"v{len(self.values)}"
        self.values[name] = value
        return f":{name}"

    def bind_all(self, values: Iterable[Any]) -> str:
        return ", ".join(self.bind(value) for value in values)


async def _rows(sql: _Sql, statement: str) -> list[tuple[Any, ...]]:
    async with _database.connect() as connection:
        result = await connection.execute(text(statement), sql.values)
        return [tuple(row) for row in result.fetchall()]


async def _one(sql: _Sql, statement: str) -> Any:
    return (await _rows(sql, statement))[0][0]


async def _term_metrics(metadata_property: MetadataProperty) -> TermsMetrics:
    sql = _Sql()
    rows = await _rows(
        sql,
        f"SELECT item.value, count(DISTINCT records.id) {_property_values(sql, metadata_property)}"
        f" GROUP BY item.value ORDER BY 2 DESC, 1 LIMIT {sql.bind(_MAX_TERMS)}",
    )
    values = [TermsMetrics.TermCount(term=str(term), count=count) for term, count in rows]
    return TermsMetrics(total=sum(value.count for value in values), values=values)


def _property_values(sql: _Sql, metadata_property: MetadataProperty) -> str:
    return (
        f"FROM records, {_METADATA_ITEMS}"
        f" WHERE records.dataset_id = {sql.bind(metadata_property.dataset_id.hex)}"
        f" AND entry.key = {sql.bind(metadata_property.name)} AND item.value IS NOT NULL"
    )


def _responses(found: Sequence[tuple[str, float | None]], total: int) -> SearchResponses:
    items = [SearchResponseItem(record_id=UUID(i), score=score) for i, score in found]
    return SearchResponses(items=items, total=total)


def _counts(rows: list[tuple[Any, ...]]) -> dict[str, int]:
    return {"total": sum(count for _, count in rows), **dict(rows)}


def _conditions(
    sql: _Sql, dataset: Dataset, query: TextQuery | str | None, filter: Filter | None
) -> str:
    parts = [f"records.dataset_id = {sql.bind(dataset.id.hex)}"]
    if filter:
        parts.append(_condition(sql, filter))
    if query is not None:
        parts.append(f"{_text_score(sql, dataset, query)} > 0")
    return " AND ".join(parts)


def _score(sql: _Sql, dataset: Dataset, query: TextQuery | str | None, user_id: UUID | None) -> str:
    parts = []
    if query is not None:
        parts.append(_text_score(sql, dataset, query))
    if user_id:
        parts.append(f"random_score(records.id, {sql.bind(str(user_id))})")
    return " * ".join(parts) or "1.0"


def _text_score(sql: _Sql, dataset: Dataset, query: TextQuery | str) -> str:
    query = TextQuery(q=query) if isinstance(query, str) else query
    names = [query.field] if query.field else [f.name for f in dataset.fields if not f.is_image]
    return f"text_score(records.fields, {sql.bind(query.q)}, {sql.bind(json.dumps(names))})"


def _condition(sql: _Sql, filter: Filter) -> str:
    if isinstance(filter, AndFilter):
        return " AND ".join(f"({_condition(sql, part)})" for part in filter.filters) or "TRUE"
    if _is_status(filter.scope):
        return _status_condition(sql, filter)
    test = _is_one_of if isinstance(filter, TermsFilter) else _is_within
    return f"EXISTS (SELECT 1 FROM ({_values(sql, filter.scope)}) WHERE {test(sql, filter)})"


def _is_status(scope: FilterScope) -> bool:
    return isinstance(scope, ResponseFilterScope) and not scope.question


def _status_condition(sql: _Sql, filter: TermsFilter) -> str:
    """Ask for records answered so; `pending` means not answered, by the user or by anyone."""
    if filter.scope.property != "status" or not isinstance(filter, TermsFilter):
        raise ValueError(f"Cannot process filter scope {filter.scope}")
    answers = _values(sql, filter.scope)
    others = [value for value in filter.values if value != ResponseStatusFilter.pending]
    parts = []
    if len(others) < len(filter.values):
        parts.append(f"NOT EXISTS ({answers})")
    if others:
        parts.append(f"EXISTS (SELECT 1 FROM ({answers}) WHERE value IN ({sql.bind_all(others)}))")
    return " OR ".join(parts)


def _is_one_of(sql: _Sql, filter: TermsFilter) -> str:
    """Compare as text and, since a rating's value is a number, also as a number."""
    stored = [_stored(filter.scope, value) for value in filter.values]
    numbers = [number for number in map(_number, filter.values) if number is not None]
    return f"value IN ({sql.bind_all([*stored, *numbers])})"


def _is_within(sql: _Sql, filter: RangeFilter) -> str:
    kinds = "'text'" if _is_date(filter.scope) else "'integer', 'real'"
    parts = [f"typeof(value) IN ({kinds})"]
    for sign, bound in ((">=", filter.ge), ("<=", filter.le)):
        if bound is not None:
            parts.append(f"value {sign} {sql.bind(_bound(filter.scope, bound))}")
    return " AND ".join(parts)


def _bound(scope: FilterScope, bound: float | str) -> Any:
    if _is_date(scope):
        return _stored(scope, bound)
    return float(bound)


def _is_date(scope: FilterScope) -> bool:
    return isinstance(scope, RecordFilterScope) and scope.property in _DATES


def _stored(scope: FilterScope, value: float | str) -> Any:
    """Write a record's id or date as SQLAlchemy stores it in SQLite."""
    if not isinstance(scope, RecordFilterScope):
        return value
    if scope.property == "id":
        return str(value).replace("-", "")
    if scope.property in _DATES:
        return _moment(value).strftime("%Y-%m-%d %H:%M:%S.%f")
    return value


def _moment(value: float | str) -> datetime:
    """Read what Elasticsearch reads as a date: ISO 8601, or milliseconds since 1970."""
    number = _number(value)
    if number is not None:
        return datetime.fromtimestamp(number / 1000, UTC)
    moment = datetime.fromisoformat(str(value))
    return moment.astimezone(UTC) if moment.tzinfo else moment


def _number(value: float | str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def _values(sql: _Sql, scope: FilterScope) -> str:
    """Return a query for the values that one record has in a scope, one a row."""
    if isinstance(scope, RecordFilterScope):
        return f"SELECT records.{_column(scope.property)} AS value"
    if isinstance(scope, MetadataFilterScope):
        name = sql.bind(scope.metadata_property)
        return f"SELECT item.value FROM {_METADATA_ITEMS} WHERE entry.key = {name}"
    if isinstance(scope, SuggestionFilterScope):
        return _suggestion_values(sql, scope)
    return _response_values(sql, scope)


def _column(name: str) -> str:
    """Return a column's name, checked, since names cannot be bound."""
    if name not in {"id", "external_id", "status", *_DATES}:
        raise ValueError(f"Cannot process record property {name!r}")
    return str(name)


def _suggestion_values(sql: _Sql, scope: SuggestionFilterScope) -> str:
    chosen = (
        " JOIN questions ON questions.id = suggestions.question_id"
        f" AND questions.name = {sql.bind(scope.question)}"
    )
    here = "WHERE suggestions.record_id = records.id"
    if scope.property in {"agent", "type"}:
        return f"SELECT suggestions.{scope.property} AS value FROM suggestions{chosen} {here}"
    column = "score" if scope.property == "score" else "value"
    return (
        f"SELECT item.value FROM suggestions{chosen},"
        f" json_each(suggestions.{column}) AS item {here}"
    )


def _response_values(sql: _Sql, scope: ResponseFilterScope) -> str:
    here = "WHERE responses.record_id = records.id"
    if scope.user:
        here += f" AND responses.user_id = {sql.bind(scope.user.id.hex)}"
    if not scope.question:
        return f"SELECT responses.status AS value FROM responses {here}"
    return (
        'SELECT item.value FROM responses, json_each(responses."values") AS entry,'
        f" json_each(entry.value, '$.value') AS item {here}"
        f" AND entry.key = {sql.bind(scope.question)}"
    )


def _order(sql: _Sql, sort: list[Order]) -> str:
    return ", ".join(f"({_sort_key(sql, order)}) {_direction(order)} NULLS LAST" for order in sort)


def _direction(order: Order) -> str:
    return "DESC" if order.order == SortOrder.desc else "ASC"


def _sort_key(sql: _Sql, order: Order) -> str:
    """Reduce several values to one: the mean of responses, else the end that sorts first."""
    end = "max" if order.order == SortOrder.desc else "min"
    key = f"{end}(value)"
    if isinstance(order.scope, ResponseFilterScope):
        key = f"CASE typeof({key}) WHEN 'text' THEN {key} ELSE avg(value) END"
    return f"SELECT {key} FROM ({_values(sql, order.scope)})"


def _nearest(
    rows: list[tuple[Any, ...]], wanted: np.ndarray[Any, Any], k: int
) -> list[tuple[str, float]]:
    """Return the ids and scores of the `k` rows nearest by cosine, best first."""
    if not rows:
        return []
    vectors = np.array(json.loads(f"[{','.join(value for _, value in rows)}]"), dtype=np.float64)
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(wanted)
    cosine = np.divide(vectors @ wanted, lengths, out=np.zeros(len(rows)), where=lengths > 0)
    best = np.argsort(-cosine, kind="stable")[:k]
    return [(rows[i][0], float((1 + cosine[i]) / 2)) for i in best]
