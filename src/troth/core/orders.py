"""Orders: what customers buy, what it costs, and when that is a trigger (domain 8, 9).

An order is named by its own id or by its source id. What a request does not give stays as it is. Metadata are merged
property by property. Amounts are integers in minor units.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from troth.core.configuration import LARGEST_INTEGER, timestamp
from troth.core.customers import Customer, CustomerFacts, Upsert, Upserts, decide_upserts
from troth.core.definitions import Definitions, shown_instant
from troth.core.json import text
from troth.core.metadata import merged, same
from troth.core.order_items import Goods, OrderItem, evaluated, priced
from troth.core.products import source_id_taken
from troth.core.refusals import Reason, Refusal, not_found
from troth.core.schemas import Schema, misfit
from troth.core.triggers import Trigger, order_changed, order_paid

OrderStatus = Literal["CREATED", "PAID", "CANCELED", "FULFILLED"]
Line = Mapping[str, Any]
"""An item as it is kept and shown; see `order_items.priced`."""


class PointsPaid(NamedTuple):
    """What members have paid of an order with points.

    `amount`, in minor units, is what was not returned of it; `payments_count` also counts the payments that were
    returned; `payer_ids` are the customers who made them.
    """

    amount: int = 0
    payments_count: int = 0
    payer_ids: tuple[str, ...] = ()


class Order(NamedTuple):
    """An order as it stands; `updated_at` is None until the first change.

    `amount` is before all discounts, `initial_amount` None where it is the same, `discount_amount` the order's own
    discount. `paid_at` is when it became PAID for the first time, `canceled_at` when it was first CANCELED after that;
    payments with points are counted beside them.
    """

    id: str
    source_id: str | None
    status: OrderStatus
    customer_id: str | None
    referrer_id: str | None
    amount: int
    initial_amount: int | None
    discount_amount: int
    items: Sequence[Line]
    metadata: Mapping[str, Any]
    paid_at: datetime | None
    canceled_at: datetime | None
    created_at: datetime
    updated_at: datetime | None
    points_paid: PointsPaid = PointsPaid()


class Put(NamedTuple):
    """The command to create an order or to change it with `changes`, properties by their names.

    `existing` names one that must exist, by its id or its source id. Otherwise `order_id` names one that must exist,
    and `source_id` is given to it unless it has one; `source_id` alone names one that is created unless it exists.
    `customer` and `referrer` are created or updated with it. What is `imported` is the past: it sets off no earning.
    """

    changes: Mapping[str, Any]
    items: Sequence[OrderItem] | None = None
    customer: Upsert | None = None
    referrer: Upsert | None = None
    order_id: str | None = None
    source_id: str | None = None
    existing: str | None = None
    imported: bool = False


class People(NamedTuple):
    """What came of the customer and the referrer that a command names; None where it names none."""

    customer: Customer | Refusal | None = None
    referrer: Customer | Refusal | None = None


class Puts(NamedTuple):
    """What came of a batch: an answer for each command, and what is to be saved, all of it or nothing.

    `taken` are the source ids that come into use, each with its order's id, sorted; `created_ids` are those of the new
    orders; `triggers` stand in the order of the commands.
    """

    answers: tuple[Order | Refusal, ...]
    saved: tuple[Order, ...]
    taken: tuple[tuple[str, str], ...]
    created_ids: frozenset[str]
    triggers: tuple[Trigger, ...]


class OrderFacts(NamedTuple):
    """What is known before a batch: the orders that commands name, the products and SKUs that items name."""

    found: Sequence[Order]
    goods: Goods


def decide(
    commands: Sequence[Put],
    facts: OrderFacts,
    customers: CustomerFacts,
    definitions: Definitions,
    now: datetime,
    fresh: Callable[[str], str],
) -> tuple[Upserts, Puts]:
    """Decide commands in their order, together with the customers that they create or update.

    Of a command that is refused, nothing is saved: not its customer either.
    """
    refused: dict[int, Refusal] = {}
    while True:
        asked = [
            (place, person)
            for place, command in enumerate(commands)
            if place not in refused
            for person in (command.customer, command.referrer)
            if person is not None
        ]
        upserts = decide_upserts([person for _, person in asked], customers, definitions, now, fresh)
        answers = iter(upserts.answers)
        people = [
            refused.get(place) or People(command.customer and next(answers), command.referrer and next(answers))
            for place, command in enumerate(commands)
        ]
        puts = decide_puts(commands, people, facts, definitions.schemas, now, fresh)
        late = {place for place, _ in asked if isinstance(puts.answers[place], Refusal)}
        if not late:
            return upserts, puts
        refused |= {place: one for place, one in enumerate(puts.answers) if place in late and isinstance(one, Refusal)}


def decide_puts(
    commands: Sequence[Put],
    people: Sequence[People | Refusal],
    facts: OrderFacts,
    schemas: Mapping[str, Schema],
    now: datetime,
    fresh: Callable[[str], str],
) -> Puts:
    """Decide commands in their order, each on what those before it left.

    `people` has for each command whom it is about, or why it is refused whatever else is known. An order that becomes
    PAID for the first time is a trigger, unless it is imported; it is never again. From then on, each change of what
    earning looks at is one, until it has been CANCELED once (domain 8); and for those who paid it with points, each
    change and cancellation, paid or not (domain 12).
    """
    known = {order.id: order for order in facts.found}
    sources = {order.source_id: order.id for order in facts.found if order.source_id is not None}
    before = frozenset(sources)
    saved: set[str] = set()
    answers: list[Order | Refusal] = []
    triggers: list[Trigger] = []
    for command, persons in zip(commands, people, strict=True):
        try:
            present = _named(command, known, sources)
            after = _changed(command, present, persons, facts.goods, schemas, now, fresh)
        except Refusal as refusal:
            answers.append(refusal)
            continue
        stored = known.get(after.id)
        if stored is not None:
            after = stored if text(stored._asdict()) == text(after._asdict()) else after._replace(updated_at=now)
        answers.append(after)
        if after is stored:
            continue
        triggers += _triggers(stored, after, imported=command.imported)
        known[after.id] = after
        saved.add(after.id)
        if after.source_id is not None:
            sources[after.source_id] = after.id
    return Puts(
        tuple(answers),
        tuple(known[order_id] for order_id in sorted(saved)),
        tuple(sorted((source_id, owner) for source_id, owner in sources.items() if source_id not in before)),
        frozenset(saved - {order.id for order in facts.found}),
        tuple(triggers),
    )


def _named(command: Put, known: Mapping[str, Order], sources: Mapping[str, str]) -> Order | None:
    """Return the order that a command names, with the source id that it is given; None if it is to be created."""
    owner = None if command.source_id is None else sources.get(command.source_id)
    order_id = command.order_id
    if command.existing is not None:
        order_id = command.existing if command.existing in known else sources.get(command.existing, command.existing)
    if order_id is None:
        return known[owner] if owner else None
    order = known.get(order_id)
    if order is None:
        raise not_found("order", order_id)
    if command.source_id is None or owner == order.id:
        return order
    if order.source_id is not None:
        raise Refusal(
            Reason.INVALID_PAYLOAD,
            f"source_id: the order has another one, which cannot be changed: {order.source_id}",
            resource_id=order.id,
            resource_type="order",
        )
    if owner is not None:
        raise source_id_taken("order", command.source_id, owner)
    return order._replace(source_id=command.source_id)


def _changed(
    command: Put,
    present: Order | None,
    people: People | Refusal,
    goods: Goods,
    schemas: Mapping[str, Schema],
    now: datetime,
    fresh: Callable[[str], str],
) -> Order:
    """Return what a command makes of an order, of none a new one."""
    if isinstance(people, Refusal):
        raise people
    order = present or _blank(fresh("ord"), command.source_id, now)
    changes = command.changes
    items = order.items
    if command.items is not None:
        schema = schemas.get("order_item")
        items = tuple(priced(item, goods, schema, place) for place, item in enumerate(command.items))
    metadata = order.metadata
    if "metadata" in changes:
        metadata = merged(metadata, changes["metadata"])
    if (present is None or "metadata" in changes) and (wrong := misfit(schemas.get("order"), metadata)):
        raise wrong
    status: OrderStatus = changes.get("status") or order.status
    paid_at = order.paid_at or (now if status == "PAID" else None)
    canceled_at = order.canceled_at or (now if status == "CANCELED" and paid_at else None)
    return order._replace(
        status=status,
        customer_id=_customer_id(order, people.customer),
        referrer_id=order.referrer_id if people.referrer is None else _found(people.referrer).id,
        **_amounts(command, order, items),
        items=items,
        metadata=metadata,
        paid_at=paid_at,
        canceled_at=canceled_at,
        created_at=changes.get("created_at") or order.created_at,
    )


def _blank(order_id: str, source_id: str | None, now: datetime) -> Order:
    return Order(
        id=order_id,
        source_id=source_id,
        status="CREATED",
        customer_id=None,
        referrer_id=None,
        amount=0,
        initial_amount=None,
        discount_amount=0,
        items=(),
        metadata={},
        paid_at=None,
        canceled_at=None,
        created_at=now,
        updated_at=None,
    )


def _found(person: Customer | Refusal) -> Customer:
    if isinstance(person, Refusal):
        raise person
    return person


def _customer_id(order: Order, customer: Customer | Refusal | None) -> str | None:
    """Return whose order it is: once it was paid, another customer's earning is not at stake."""
    if customer is None:
        return order.customer_id
    customer_id = _found(customer).id
    if order.paid_at is not None and order.customer_id not in (None, customer_id):
        raise Refusal(
            Reason.INVALID_PAYLOAD,
            f"customer: the order has been paid by another one, {order.customer_id}, and stays with it",
            resource_id=order.id,
            resource_type="order",
        )
    return customer_id


def _amounts(command: Put, order: Order, items: Sequence[Line]) -> dict[str, Any]:
    """Return the amounts: as told; the sum of the items where they are told and it is not; else as they were."""
    changes = command.changes
    amount = changes.get("amount")
    if amount is None:
        is_open = command.items is not None or "amount" in changes
        amount = sum(line["amount"] for line in items) if is_open else order.amount
    discount = (changes.get("discount_amount") or 0) if "discount_amount" in changes else order.discount_amount
    items_discount = sum(line["discount_amount"] for line in items)
    for name, words, total in (
        ("amount", "the sum of the items' amounts", amount),
        ("discount_amount", "the sum of all discounts", discount + items_discount),
    ):
        if total > LARGEST_INTEGER:
            raise Refusal(Reason.INVALID_PAYLOAD, f"{name}: {words} must be at most {LARGEST_INTEGER}")
    return {
        "amount": amount,
        "initial_amount": changes.get("initial_amount", order.initial_amount),
        "discount_amount": discount,
    }


def _triggers(before: Order | None, after: Order, *, imported: bool) -> Iterator[Trigger]:
    """Yield what a change sets off: earning, and for all whom the order has had points from or to their return."""
    order, paid = evaluated_order(after), after.points_paid
    concerned = set(paid.payer_ids)
    if after.customer_id is not None and after.paid_at is not None:
        if before is None or before.paid_at is None:
            if not imported:
                yield order_paid(after.customer_id, after.id, order)
        elif before.canceled_at is None:
            concerned.add(after.customer_id)
    if before is None or not concerned:
        return
    is_canceled = after.status == "CANCELED" != before.status
    if is_canceled or not same(evaluated_order(before), order):
        for customer_id in sorted(concerned):
            yield order_changed(
                customer_id, after.id, order, is_canceled=is_canceled, payments_count=paid.payments_count
            )


def total_amount(order: Order) -> int:
    """Return what is to be paid: the amount after all discounts, at least 0 (domain 8)."""
    items_discount: int = sum(line["discount_amount"] for line in order.items)
    return max(order.amount - order.discount_amount - items_discount, 0)


def evaluated_order(order: Order) -> dict[str, Any]:
    """Return what earning rules look at of an order; see `order_items.evaluated` for its items."""
    return {
        "amount": order.amount,
        "initial_amount": order.amount if order.initial_amount is None else order.initial_amount,
        "total_amount": total_amount(order),
        "items": [evaluated(line) for line in order.items],
        "metadata": order.metadata,
    }


def shown(order: Order) -> dict[str, Any]:
    """Return the order as answers show it (contract: OrderCalculated).

    Discounts are shown as they were given, and as far as they were `applied`: never beyond the amount. Troth has no
    redemptions.
    """
    items_discount = sum(line["discount_amount"] for line in order.items)
    total = total_amount(order)
    applied = order.amount - total
    items_applied = min(sum(line["applied_discount_amount"] for line in order.items), applied)
    return {
        "id": order.id,
        "source_id": order.source_id,
        "status": order.status,
        "amount": order.amount,
        "initial_amount": order.amount if order.initial_amount is None else order.initial_amount,
        "discount_amount": order.discount_amount,
        "items_discount_amount": items_discount,
        "total_discount_amount": order.discount_amount + items_discount,
        "total_amount": total,
        "applied_discount_amount": applied - items_applied,
        "items_applied_discount_amount": items_applied,
        "total_applied_discount_amount": applied,
        "items": order.items,
        "metadata": order.metadata,
        "customer_id": order.customer_id,
        "referrer_id": order.referrer_id,
        **{
            role: {"id": person_id, "object": "customer"}
            for role, person_id in (("customer", order.customer_id), ("referrer", order.referrer_id))
            if person_id is not None
        },
        "redemptions": {},
        "created_at": timestamp(order.created_at),
        "updated_at": shown_instant(order.updated_at),
        "object": "order",
    }
