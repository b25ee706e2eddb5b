"""Create, change and settle segments, and tell which a customer is in (domain 9)."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import Final

from troth.actions import platform_resources
from troth.actions.definitions import plain
from troth.actions.engine import Engine
from troth.actions.progress import Progress
from troth.actions.project_time import project_now, read_project_time
from troth.actions.triggers import TRIGGERS
from troth.core.clock import next_midnight
from troth.core.customers import Customer
from troth.core.definitions import Definitions, SegmentInForce
from troth.core.filters import CustomerFilter
from troth.core.platform_resources import PlatformResource
from troth.core.refusals import not_found
from troth.core.segments import Attendance, Crossings, Membership, SegmentConfiguration, check_static, revised
from troth.core.triggers import segment_crossed, segment_entered
from troth.db import customers, definitions, segments, triggers
from troth.db import platform_resources as stored_resources
from troth.db.database import Connection, Unit

CUSTOMERS_AT_ONCE: Final = 500
"""How many customers are taken into segments and out of them in one transaction of the daily work."""

CUSTOMERS_FOUND_AT_ONCE: Final = 10_000


async def create_segment(
    engine: Engine,
    project_id: str,
    name: str,
    configuration: SegmentConfiguration,
    customer_ids: Collection[str],
) -> PlatformResource:
    """Create a segment with the customers that are listed or that its filter finds; nobody enters it by that.

    Raises a refusal with `NOT_FOUND` for a listed customer.
    """

    async def fill(unit: Unit, segment: PlatformResource) -> None:
        if configuration.filter is not None:
            await _make_up(engine, unit, project_id, segment, configuration.filter, segment.created_at)
        elif customer_ids:
            await _locked(unit, project_id, customer_ids)
            listed = {Membership(one, segment.id) for one in customer_ids}
            await segments.save(unit, listed, (), segment.created_at)

    return await platform_resources.create(engine, project_id, "segment", name, configuration.stored(), then=fill)


async def update_segment(
    engine: Engine,
    project_id: str,
    segment_id: str,
    *,
    name: str | None,
    type_: str | None,
    asked: CustomerFilter | None,
) -> PlatformResource:
    """Change a segment's name, type or filter, None being what stays; nobody enters it by a new filter.

    Raises a refusal with `NOT_FOUND`, or with `INVALID_PAYLOAD` for what does not go with its type.
    """

    async def attempt(unit: Unit) -> PlatformResource:
        await definitions.change(unit, project_id)
        present = await platform_resources.found(unit.connection, project_id, "segment", segment_id)
        before = SegmentConfiguration.model_validate(present.configuration)
        after = revised(before, type_, asked)
        desired = replace(present, name=name or present.name, configuration=plain(after))
        if (desired.name, after) == (present.name, before):
            return present
        now = await project_now(engine, unit.connection, project_id)
        desired = replace(desired, updated_at=now)
        await stored_resources.save(unit, project_id, desired)
        if after.filter is not None and after.filter != before.filter:
            await _make_up(engine, unit, project_id, desired, after.filter, now)
        return desired

    changed = await engine.database.transact(attempt)
    engine.wake(TRIGGERS)
    return changed


async def add_customers(
    engine: Engine, project_id: str, segment_id: str, customer_ids: Collection[str]
) -> PlatformResource:
    """Put customers into a static segment; each that was not in it enters it, which is a trigger (domain 8).

    Raises a refusal with `NOT_FOUND` for the segment or a customer, with `INVALID_PAYLOAD` where a filter decides.
    """

    async def attempt(unit: Unit) -> tuple[PlatformResource, int]:
        segment = await platform_resources.found(unit.connection, project_id, "segment", segment_id)
        check_static(segment)
        await _locked(unit, project_id, customer_ids)
        now = await project_now(engine, unit.connection, project_id)
        listed = {Membership(one, segment.id) for one in customer_ids}
        entered = tuple(sorted(await segments.save(unit, listed, (), now)))
        known = await _definitions(engine, unit.connection, project_id)
        return segment, await _tell(unit, project_id, Crossings(entered, (), entered), known, now)

    segment, recorded = await engine.database.transact(attempt)
    if recorded:
        engine.wake(TRIGGERS)
    return segment


async def remove_customers(engine: Engine, project_id: str, segment_id: str, customer_ids: Collection[str]) -> None:
    """Take customers out of a static segment, where they are in it.

    Raises a refusal with `NOT_FOUND` for the segment or a customer, with `INVALID_PAYLOAD` where a filter decides.
    """

    async def attempt(unit: Unit) -> int:
        segment = await platform_resources.found(unit.connection, project_id, "segment", segment_id)
        check_static(segment)
        await _locked(unit, project_id, customer_ids)
        left = tuple(sorted({Membership(one, segment.id) for one in customer_ids}))
        now = await project_now(engine, unit.connection, project_id)
        await segments.save(unit, (), left, now)
        known = await _definitions(engine, unit.connection, project_id)
        return await _tell(unit, project_id, Crossings((), left, ()), known, now)

    if await engine.database.transact(attempt):
        engine.wake(TRIGGERS)


async def list_segments_of(engine: Engine, project_id: str, reference: str) -> Sequence[PlatformResource]:
    """Return the segments that a customer is in, the oldest first.

    `reference` is the customer's id or its source id. Raises a refusal with `NOT_FOUND`.
    """

    async def look(connection: Connection) -> list[PlatformResource]:
        customer = await customers.find(connection, project_id, reference)
        if customer is None:
            raise not_found("customer", reference)
        return await segments.of_customer(connection, project_id, customer.id)

    return await engine.database.read(look)


async def next_due(_: Engine, connection: Connection, project_id: str) -> datetime | None:
    """Return the midnight at which time next may take customers into segments or out of them, None if it never does."""
    return await segments.settlement_due(connection, project_id)


async def settle_due(engine: Engine, project_id: str, until: datetime) -> Progress:
    """Settle the segments whose filters follow time as of the midnight that is due, if one is by `until`.

    Part of the daily work. It may be killed, done again or done by several workers at once: whoever has crossed does
    not cross again. Those who enter a segment that fires have their trigger at that midnight.
    """

    async def look(connection: Connection) -> tuple[datetime | None, Definitions]:
        due_at = await segments.settlement_due(connection, project_id)
        return due_at, await _definitions(engine, connection, project_id)

    due_at, known = await engine.database.read(look)
    if due_at is None or due_at > until:
        return Progress(0, more=False)
    crossed = 0
    for segment in known.segments:
        if segment.filter.follows_time and segment.since <= due_at:
            crossed += await _settle(engine, project_id, segment, due_at, known.zone)
    following = next_midnight(due_at, known.zone)
    await engine.database.transact(lambda unit: segments.put_off_settlement(unit, project_id, due_at, following))
    if crossed:
        engine.wake(TRIGGERS)
    return Progress(max(crossed, 1), more=False)


async def _settle(engine: Engine, project_id: str, segment: SegmentInForce, now: datetime, zone: tzinfo) -> int:
    """Find the customers who do not stand where a filter has them, all at once, and let each follow by itself."""
    crossed, after = 0, ""

    async def look(connection: Connection) -> Sequence[str]:
        return await segments.strayed(
            connection, project_id, segment, now=now, zone=zone, after=after, limit=CUSTOMERS_FOUND_AT_ONCE
        )

    while ids := await engine.database.read(look):
        for first in range(0, len(ids), CUSTOMERS_AT_ONCE):
            some = ids[first : first + CUSTOMERS_AT_ONCE]
            crossed += await _follow(engine, project_id, segment.id, some, now)
        after = ids[-1]
    return crossed


async def _follow(engine: Engine, project_id: str, segment_id: str, customer_ids: Sequence[str], now: datetime) -> int:
    """Let customers be where a segment has them as of `now`; return how many crossed.

    What has changed since `now`, a customer or the segment, is passed over: it was followed as of then.
    """

    async def attempt(unit: Unit) -> int:
        _, found = await customers.lock_several(unit, project_id, customer_ids)
        known = await _definitions(engine, unit.connection, project_id)
        followed = [one for one in known.segments if one.id == segment_id and one.since <= now]
        unchanged = [one for one in found if (one.updated_at or one.created_at) <= now]
        attendance = Attendance(followed, await memberships_of(unit, unchanged))
        for customer in unchanged:
            attendance.follow(customer, now)
        crossings = attendance.crossings()
        await save_crossings(unit, project_id, crossings, known, now)
        return len(crossings.joined) + len(crossings.left)

    return await engine.database.transact(attempt)


async def make_up_all(unit: Unit, project_id: str, now: datetime, due_at: datetime) -> None:
    """Let every segment hold whom its filter finds in a new time zone, and time have its say next at `due_at`.

    Nobody enters a segment by that.
    """
    # Not from what the process keeps: that must not learn of a zone that may never be committed.
    known = await definitions.load(unit.connection, project_id)
    for segment in known.segments:
        await segments.make_up(unit, project_id, segment.id, segment.filter, now=now, zone=known.zone)
        await triggers.record_crossings_of(unit, project_id, segment.id, now)
    await segments.move_settlement(unit, project_id, due_at)


async def memberships_of(unit: Unit, found: Sequence[Customer]) -> Sequence[Membership]:
    """Return which segments locked customers are in."""
    # A statement of its own, after the customers are locked: it sees what others did before they let them go.
    return await segments.memberships(unit.connection, [one.id for one in found]) if found else ()


async def save_crossings(unit: Unit, project_id: str, crossings: Crossings, known: Definitions, now: datetime) -> None:
    """Save who came into segments and who went, with the triggers that follow from it (domain 8 and 10)."""
    await segments.save(unit, crossings.joined, crossings.left, now)
    await _tell(unit, project_id, crossings, known, now)


async def _tell(unit: Unit, project_id: str, crossings: Crossings, known: Definitions, now: datetime) -> int:
    """Record a trigger for every entering that fires, and for every crossing that may move tiers; return how many."""
    crossed = (one for one in (*crossings.joined, *crossings.left) if one.segment_id in known.tier_segment_ids)
    happened = [segment_entered(*one) for one in crossings.entered] + [segment_crossed(*one) for one in crossed]
    return await triggers.record(unit, project_id, happened, now)


async def _make_up(
    engine: Engine, unit: Unit, project_id: str, segment: PlatformResource, asked: CustomerFilter, now: datetime
) -> None:
    """Let a segment hold whom its filter finds; where that changes with time, it is settled from next midnight on."""
    zone = (await read_project_time(engine, unit.connection, project_id)).zone
    await segments.make_up(unit, project_id, segment.id, asked, now=now, zone=zone)
    await triggers.record_crossings_of(unit, project_id, segment.id, now)
    if asked.follows_time:
        await segments.begin_settling(unit, project_id, next_midnight(now, zone))


async def _definitions(engine: Engine, connection: Connection, project_id: str) -> Definitions:
    return await engine.definitions.at(connection, project_id, await definitions.version(connection, project_id))


async def _locked(unit: Unit, project_id: str, customer_ids: Collection[str]) -> None:
    """Lock customers. Raises a refusal with `NOT_FOUND` for one that the project does not have."""
    _, found = await customers.lock_several(unit, project_id, customer_ids)
    if absent := set(customer_ids) - {one.id for one in found}:
        raise not_found("customer", min(absent))
