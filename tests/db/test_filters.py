"""Kept filters three times: on PostgreSQL, asked of one item, and a second, plain reading of them (domain 9)."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import TestProject

from troth.core.calendar import midnight
from troth.core.configuration import instant
from troth.core.customers import Customer
from troth.core.definitions import SegmentInForce
from troth.core.filters import CustomerFilter, Filter, Kind, ProductFilter
from troth.core.json import decode, text
from troth.core.predicates import predicate
from troth.core.products import Product
from troth.db import segments
from troth.db.database import Connection, Database, Unit
from troth.db.filters import condition
from troth.db.queries import queries

pytestmark = pytest.mark.anyio
examples = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
# In Havana the clocks skip and repeat midnight; 8 March 2026 begins at 01:00, 1 November has 00:30 twice.
ZONES = st.sampled_from(["Europe/Warsaw", "America/Havana", "Asia/Kathmandu"]).map(ZoneInfo)

# Few different values, so that equal ones, letters of both cases, and edges of days and milliseconds meet often.
words = st.text("aAbłŁßİ%_\\.[]^$* \n", max_size=3)
numbers = st.one_of(
    st.integers(-2, 3),
    st.sampled_from(
        [Decimal(one) for one in ("0.1", "0.3", "0.30000000000000004", "1.1", "1.10", "2.0", "1e2", "-0.0")]
    ),
)
scalars = words | numbers | st.booleans()
values = scalars | st.lists(scalars, max_size=3) | st.fixed_dictionaries({"a": scalars})
moments = st.one_of(
    st.integers(-3, 3).map(lambda days: NOW + timedelta(days=days)),
    st.integers(-3, 3).map(lambda days: NOW + timedelta(days=days, milliseconds=1)),
    st.builds(
        lambda day, zone, step: midnight(day, zone) + timedelta(milliseconds=step),
        st.dates(date(2026, 3, 6), date(2026, 3, 18)) | st.dates(date(2026, 10, 31), date(2026, 11, 2)),
        ZONES,
        st.integers(-1, 1),
    ),
)
days = st.dates(date(2026, 3, 6), date(2026, 3, 18)) | st.dates(date(2026, 10, 31), date(2026, 11, 2))
customers = st.builds(
    Customer,
    id=st.just(""),
    source_id=st.none() | words,
    name=st.none() | words,
    description=st.none(),
    email=st.none() | words,
    phone=st.none(),
    birthday=st.none() | days,
    address=st.none() | st.fixed_dictionaries({}, optional={"city": words, "line_1": words}),
    metadata=st.fixed_dictionaries({}, optional={"x": values, "y.z": values}),
    created_at=moments,
    updated_at=st.none() | moments,
)
products = st.builds(
    Product,
    id=st.just(""),
    source_id=st.none() | words,
    name=st.none() | words,
    price=st.none() | st.integers(-1, 3),
    attributes=st.lists(words, max_size=3),
    image_url=st.none(),
    metadata=st.fixed_dictionaries({}, optional={"x": values, "y.z": values}),
    created_at=moments,
    updated_at=st.none() | moments,
)


def operands(kind: Kind, operator: str) -> st.SearchStrategy[Any]:
    if operator in ("$has_value", "$is_unknown"):
        return st.just("")
    if kind.is_time and operator in ("$is", "$before", "$after"):
        return moments.map(lambda one: one.isoformat()) | days.map(date.isoformat)
    if kind.is_time or operator.startswith("$count"):
        return st.integers(0, 3) | st.integers(0, 3).map(str)
    if kind is Kind.NUMBER or operator.startswith(("$more", "$less")):
        return numbers | st.sampled_from(["1", "1.10", "-0.5"])
    return scalars if kind is Kind.METADATA and not operator.endswith(("contain", "contains", "with")) else words


def conditions(kind: Kind) -> st.SearchStrategy[dict[str, Any]]:
    one = {operator: st.lists(operands(kind, operator), min_size=1, max_size=2) for operator in kind.operators}
    return st.lists(st.sampled_from(sorted(one)), min_size=1, max_size=2, unique=True).flatmap(
        lambda chosen: st.fixed_dictionaries(
            {"conditions": st.fixed_dictionaries({name: one[name] for name in chosen})}
        )
    )


def filters(of: type[Filter], *names: str) -> st.SearchStrategy[Any]:
    known = {**of.kinds, "metadata.x": Kind.METADATA, "metadata.y.z": Kind.METADATA}
    return st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True).flatmap(
        lambda chosen: st.fixed_dictionaries(
            {"junction": st.sampled_from(["and", "or"])} | {name: conditions(known[name]) for name in chosen}
        )
    ).map(of.model_validate)  # fmt: skip


CUSTOMER_FIELDS = (
    "source_id", "name", "email", "birthday", "address.city", "address.line_1", "created_at", "updated_at",
    "metadata.x", "metadata.y.z",
)  # fmt: skip
PRODUCT_FIELDS = (
    "source_id", "name", "price", "attributes", "created_at", "updated_at", "metadata.x", "metadata.y.z",
)  # fmt: skip
customer_filters = st.lists(filters(CustomerFilter, *CUSTOMER_FIELDS), min_size=1, max_size=12)
product_filters = st.lists(filters(ProductFilter, *PRODUCT_FIELDS), min_size=1, max_size=12)
many_customers = st.lists(customers, min_size=1, max_size=8)
many_products = st.lists(products, min_size=1, max_size=8)


def alike(one: str, other: str) -> bool:
    return one == other or one in (other.lower(), other.upper())


def is_at(place: int, word: str, inside: str) -> bool:
    part = inside[place : place + len(word)]
    return len(part) == len(word) and all(map(alike, part, word))


def finds(operator: str, word: str, inside: str) -> bool:
    last = len(inside) - len(word)
    places = {"$starts_with": [0], "$ends_with": [last]}.get(operator, range(last + 1))
    return any(place >= 0 and is_at(place, word, inside) for place in places)


def equal(one: Any, other: Any) -> bool:
    # As exact text, so that nothing is compared as it is where it is tested.
    if isinstance(one, int | Decimal) and isinstance(other, int | Decimal):
        return isinstance(one, bool) == isinstance(other, bool) and Decimal(one) - Decimal(other) == 0
    return isinstance(one, str) and isinstance(other, str) and one == other


def in_time(moment: datetime, day: date, operator: str, wanted: Any, zone: ZoneInfo) -> bool:
    """Compare a moment, that lies in a day of the zone or begins it."""
    if operator in ("$is", "$before", "$after"):
        asked = str(wanted)
        mine: Any = moment if "T" in asked else day
        other: Any = instant(asked) if "T" in asked else date.fromisoformat(asked)
        return {"$is": mine == other, "$before": mine < other, "$after": mine > other}[operator]
    span = timedelta(days=int(wanted))
    today = NOW.astimezone(zone).date()
    return {
        "$more_than": moment < NOW - span,
        "$more_than_ago": moment < NOW - span,
        "$less_than": moment > NOW - span,
        "$less_than_ago": NOW - span < moment <= NOW,
        "$more_than_future": moment > NOW + span,
        "$less_than_future": NOW <= moment < NOW + span,
        "$is_days_ago": day == today - span,
        "$is_days_in_future": day == today + span,
    }[operator]


def holds(kind: Kind, operator: str, value: Any, wanted: Any, zone: ZoneInfo) -> bool:
    """Whether a value that is there matches one operand, the operator's denial left aside."""
    if operator in ("$has_value", "$is_unknown"):
        return value != [] if kind is Kind.TEXTS else True
    if operator in ("$contains", "$not_contain", "$starts_with", "$ends_with"):
        return isinstance(value, str) and finds(operator, str(wanted), value)
    if kind is Kind.INSTANT:
        return in_time(value, value.astimezone(zone).date(), operator, wanted, zone)
    if kind is Kind.DAY:
        return in_time(midnight(value, zone), value, operator, wanted, zone)
    if operator in ("$is", "$is_not", "$in", "$not_in"):
        if kind is Kind.NUMBER:
            return equal(value, Decimal(wanted))
        return any(equal(one, wanted) for one in (value if isinstance(value, list) else [value]))
    if kind is Kind.TEXTS:
        value = len(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return False
    difference = Decimal(value) - Decimal(wanted)
    return {
        "$more_than": difference > 0,
        "$count_more": difference > 0,
        "$more_than_equal": difference >= 0,
        "$less_than": difference < 0,
        "$count_less": difference < 0,
        "$less_than_equal": difference <= 0,
        "$count": difference == 0,
    }[operator]


def plainly(asked: Filter, item: Any, zone: ZoneInfo) -> bool:
    fields: dict[str, list[bool]] = {}
    for name, of_field in (asked.__pydantic_extra__ or {}).items():
        kind = asked.kinds.get(name, Kind.METADATA)
        outer, _, inner = name.partition(".")
        value = (getattr(item, outer) or {}).get(inner) if inner else getattr(item, outer)
        for operator, wanted in of_field.conditions.items():
            found = value is not None and any(holds(kind, operator, value, one, zone) for one in wanted)
            denies = operator in ("$is_not", "$not_in", "$not_contain", "$is_unknown")
            fields.setdefault(name, []).append(found is not denies)
    passed = [all(results) for results in fields.values()]
    return all(passed) if asked.junction == "and" else any(passed)


def as_of(zone: ZoneInfo) -> dict[str, Any]:
    return {"now": NOW, "zone": zone}


def as_stored(item: Any) -> dict[str, Any]:
    row: dict[str, Any] = decode(text(item._asdict()))
    return row


@asynccontextmanager
async def filled(database: Database, table: str, items: Sequence[Any], project_id: str) -> AsyncIterator[Connection]:
    """Lend a connection on which the table has the items, and the project a segment, as long as it is lent."""
    rows = [as_stored(one) | {"project_id": project_id} for one in items]
    async with database.connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            await connection.execute(
                f"INSERT INTO {table} SELECT * FROM json_populate_recordset(NULL::{table}, $1::json)", text(rows)
            )
            await connection.execute(
                "INSERT INTO platform_resources (id, project_id, kind, name, configuration, created_at)"
                " VALUES ('seg_1', $1, 'segment', 'Some', '{}', $2)",
                project_id,
                NOW,
            )
            yield connection
        finally:
            await transaction.rollback()


def numbered(prefix: str, items: Sequence[Any]) -> list[Any]:
    return [one._replace(id=f"{prefix}_{number}") for number, one in enumerate(items)]


@settings(max_examples=200)
@given(filters(CustomerFilter, *CUSTOMER_FIELDS), many_customers, ZONES)
def test_a_customer_is_asked_what_a_filter_means(asked: CustomerFilter, made: list[Customer], zone: ZoneInfo) -> None:
    passes = predicate(asked, zone)
    assert [passes(one, NOW) for one in made] == [plainly(asked, one, zone) for one in made]


@settings(max_examples=200)
@given(filters(ProductFilter, *PRODUCT_FIELDS), many_products, ZONES)
def test_a_product_is_asked_what_a_filter_means(asked: ProductFilter, made: list[Product], zone: ZoneInfo) -> None:
    passes = predicate(asked, zone)
    assert [passes(one, NOW) for one in made] == [plainly(asked, one, zone) for one in made]


@examples
@given(customer_filters, many_customers, ZONES)
async def test_segments_hold_whom_their_filters_mean(
    database: Database, project: TestProject, given_filters: list[CustomerFilter], made: list[Customer], zone: ZoneInfo
) -> None:
    people = numbered("cust", made)
    # Who has changed since is left to that change.
    unchanged = {one.id for one in people if (one.updated_at or one.created_at) <= NOW}
    stored: list[str] = []
    async with filled(database, "customers", people, project.id) as connection:
        for asked in given_filters:
            segment = SegmentInForce("seg_1", asked, True, NOW, predicate(asked, zone))
            scope = (connection, project.id, segment)
            expected = [one.id for one in people if plainly(asked, one, zone)]
            strayed = sorted(unchanged & (set(expected) ^ set(stored)))
            assert list(await segments.strayed(*scope, **as_of(zone), after="", limit=9)) == strayed
            assert (
                list(await segments.strayed(*scope, **as_of(zone), after="cust_1", limit=1))
                == [one for one in strayed if one > "cust_1"][:1]
            )
            await segments.make_up(Unit(connection), project.id, "seg_1", asked, **as_of(zone))
            rows = await segments.memberships(connection, [one.id for one in people])
            stored = sorted(one.customer_id for one in rows)
            assert stored == expected


@examples
@given(product_filters, many_products, ZONES)
async def test_collections_hold_what_their_filters_mean(
    database: Database, project: TestProject, given_filters: list[ProductFilter], made: list[Product], zone: ZoneInfo
) -> None:
    goods = [one._replace(source_id=None) for one in numbered("prod", made)]
    async with filled(database, "products", goods, project.id) as connection:
        for asked in given_filters:
            scope: list[object] = [project.id]
            matches = condition(asked, scope, **as_of(zone))
            listed = f"SELECT id FROM ({queries('products').listed}) AS item WHERE {matches} ORDER BY id"
            found = [row["id"] for row in await connection.fetch(listed, *scope)]
            assert found == [one.id for one in goods if plainly(asked, one, zone)]


@pytest.mark.parametrize(
    ("value", "operator", "wanted", "passes"),
    [
        ("1.10", "$is", "1.1", True),
        ("0.30000000000000004", "$is", "0.3", False),
        ("0.1", "$more_than", "0.1", False),
        ("0.1", "$more_than_equal", "0.10", True),
        ("0.3", "$less_than_equal", '"0.3"', True),
        ("0.3", "$less_than", "0.30000000000000004", True),
        ("9007199254740991", "$more_than", "9007199254740990.9", True),
        ("1", "$is", "true", False),
        ("true", "$is", "true", True),
        ("true", "$more_than", "0", False),
        ('"1"', "$is", "1", False),
        ('"2"', "$more_than", "1", False),
        ("[1.10, 2]", "$is", "1.1", True),
        ("[1, 2]", "$more_than", "1", False),
        ('{"a": 1}', "$is", "1", False),
    ],
)
async def test_numbers_are_exact(
    database: Database, project: TestProject, value: str, operator: str, wanted: str, passes: bool
) -> None:
    asked = CustomerFilter.model_validate(
        {"junction": "and", "metadata.x": {"conditions": {operator: [decode(wanted)]}}}
    )
    ada = Customer("cust_0", *(None,) * 7, metadata={"x": decode(value)}, created_at=NOW, updated_at=None)
    assert predicate(asked, UTC)(ada, NOW) is passes
    async with filled(database, "customers", [ada], project.id) as connection:
        await segments.make_up(Unit(connection), project.id, "seg_1", asked, now=NOW, zone=UTC)
        assert bool(await segments.memberships(connection, ["cust_0"])) is passes


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
@pytest.mark.parametrize("wanted", ["0001-01-01", "9999-12-30", "0001-01-01T00:00Z", "9999-12-31T23:00Z"])
@pytest.mark.parametrize("operator", ["$is", "$before", "$after"])
async def test_the_ends_of_time_break_nothing(
    database: Database, project: TestProject, operator: str, wanted: str, zone: str
) -> None:
    condition = {"conditions": {operator: [wanted]}}
    asked = CustomerFilter.model_validate({"junction": "or", "birthday": condition, "created_at": condition})
    ada = Customer("cust_0", *(None,) * 7, metadata={}, created_at=NOW, updated_at=None)._replace(birthday=NOW.date())
    expected = operator == ("$before" if wanted.startswith("9999") else "$after")
    passes = predicate(asked, ZoneInfo(zone))
    assert passes(ada, NOW) is expected
    async with filled(database, "customers", [ada], project.id) as connection:
        segment = SegmentInForce("seg_1", asked, True, NOW, passes)
        found = await segments.strayed(connection, project.id, segment, **as_of(ZoneInfo(zone)), after="", limit=9)
        assert bool(found) is expected
