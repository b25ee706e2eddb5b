"""Orders: their amounts, what changes and what stays, and when they set something off (domain 8, 9)."""

from typing import Any

import pytest
from tests.core.definitions import definitions
from tests.core.shops import NOW, Shop, create, items, update

from troth.core.customers import Upsert
from troth.core.orders import Order, PointsPaid, shown
from troth.core.refusals import Reason, Refusal

LARGEST = 2**53 - 1


def totals(order: Order) -> tuple[int, ...]:
    answer = shown(order)
    names = ("amount", "initial_amount", "total_discount_amount", "total_amount")
    return tuple(answer[name] for name in names)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, (0, 0, 0, 0)),
        ({"items": items(5, 7)}, (12, 12, 0, 12)),
        ({"items": items(5, 7), "amount": 20}, (20, 20, 0, 20)),
        ({"amount": 20, "initial_amount": 25}, (20, 25, 0, 20)),
        ({"amount": 20, "discount_amount": 5}, (20, 20, 5, 15)),
        ({"items": items(5, 7, discount=2), "discount_amount": 3}, (12, 12, 7, 5)),
        ({"items": items(5, 7, discount=6), "discount_amount": 3}, (12, 12, 15, 0)),
        ({"amount": 5, "discount_amount": 9}, (5, 5, 9, 0)),
        ({"amount": 0, "items": items(5)}, (0, 0, 0, 0)),
        ({"amount": None, "initial_amount": None, "items": items(5)}, (5, 5, 0, 5)),
        ({"amount": LARGEST, "discount_amount": LARGEST}, (LARGEST, LARGEST, LARGEST, 0)),
    ],
)
def test_the_amounts_of_an_order(given: dict[str, Any], expected: tuple[int, ...]) -> None:
    assert totals(Shop().one(create(**given))) == expected


@pytest.mark.parametrize(
    ("discount", "items_discount", "expected"),
    [
        (0, 0, (0, 0, 0)),
        (3, 0, (3, 0, 3)),
        (3, 2, (3, 4, 7)),
        (30, 0, (12, 0, 12)),
        (9, 4, (4, 8, 12)),
        (5, 9, (0, 12, 12)),
    ],
)
def test_discounts_are_applied_as_far_as_they_take_something_off(
    discount: int, items_discount: int, expected: tuple[int, int, int]
) -> None:
    given_items = items(5, 7, discount=items_discount)
    answer = shown(Shop().one(create(items=given_items, discount_amount=discount)))
    kinds = ("applied_discount_amount", "items_applied_discount_amount", "total_applied_discount_amount")
    assert tuple(answer[name] for name in kinds) == expected
    assert answer["amount"] - answer["total_applied_discount_amount"] == answer["total_amount"]
    assert (answer["discount_amount"], answer["items_discount_amount"]) == (discount, 2 * items_discount)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"items": items(LARGEST, 1)}, "amount: the sum of the items' amounts must be at most"),
        (
            {"items": items(5, discount=LARGEST), "discount_amount": 1},
            "discount_amount: the sum of all discounts must be",
        ),
    ],
)
def test_sums_are_bounded(given: dict[str, Any], words: str) -> None:
    (answer,) = Shop().put(create(**given))
    assert isinstance(answer, Refusal)
    assert answer.reason is Reason.INVALID_PAYLOAD
    assert answer.details.startswith(words)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, (12, 15, 2, 10)),
        ({"amount": 11}, (11, 15, 2, 9)),
        ({"items": items(4)}, (4, 15, 2, 2)),
        ({"items": items(4), "amount": 6}, (6, 15, 2, 4)),
        ({"items": []}, (0, 15, 2, 0)),
        ({"items": None}, (0, 15, 2, 0)),
        ({"initial_amount": None}, (12, 12, 2, 10)),
        ({"initial_amount": None, "amount": 6}, (6, 6, 2, 4)),
        ({"discount_amount": None}, (12, 15, 0, 12)),
        ({"metadata": {"x": 1}}, (12, 15, 2, 10)),
    ],
)
def test_amounts_stay_unless_they_or_the_items_are_told(changes: dict[str, Any], expected: tuple[int, ...]) -> None:
    shop = Shop()
    order = shop.one(create(items=items(5, 7), initial_amount=15, discount_amount=2))
    assert totals(shop.one(update(order.id, **changes))) == expected


def test_an_amount_that_was_told_is_the_sum_again_where_null_says_so() -> None:
    shop = Shop()
    order = shop.one(create(items=items(5, 7), amount=20))
    assert totals(shop.one(update(order.id, metadata={"x": 1}))) == (20, 20, 0, 20)
    assert totals(shop.one(update(order.id, amount=None))) == (12, 12, 0, 12)


def test_what_changes_nothing_is_no_update() -> None:
    shop = Shop()
    order = shop.one(
        create(source_id="o", items=items(5), metadata={"a": 1}, status="PAID", customer={"source_id": "c"})
    )
    for same in (update("o"), update("o", items=items(5)), update("o", metadata={"a": 1}, status="PAID", amount=5)):
        assert shop.one(same) is order
    changed = shop.one(update("o", metadata={"a": True}))
    assert (changed.updated_at, changed.metadata) == (NOW, {"a": True})


def kinds(shop: Shop) -> list[tuple[str, str]]:
    return [(one.kind.value.removeprefix("customer.order."), one.subject_id) for one in shop.triggers]


PAID, CHANGED = "paid", "changed"
OURS = {"source_id": "c"}


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (["PAID"], [PAID]),
        (["CREATED", "PAID"], [PAID]),
        (["CREATED", "FULFILLED"], []),
        (["CREATED", "FULFILLED", "PAID"], [PAID]),
        (["CANCELED"], []),
        (["CANCELED", "PAID"], [PAID]),
        (["PAID", "PAID", "FULFILLED", "PAID"], [PAID]),
        (["PAID", "CREATED", "PAID"], [PAID]),
        (["PAID", "CANCELED"], [PAID, CHANGED]),
        (["PAID", "FULFILLED", "CANCELED"], [PAID, CHANGED]),
        (["PAID", "CANCELED", "CANCELED", "PAID", "CANCELED"], [PAID, CHANGED]),
    ],
)
@pytest.mark.parametrize("together", [False, True])
def test_an_order_is_paid_once_and_canceled_once(steps: list[str], expected: list[str], *, together: bool) -> None:
    shop = Shop()
    commands = [create(source_id="o", status=status, amount=5, customer={"source_id": "c"}) for status in steps]
    if together:
        shop.put(*commands)
    else:
        for command in commands:
            shop.one(command)
    (order,) = shop.orders.values()
    assert kinds(shop) == [(kind, order.id) for kind in expected]
    assert {one.customer_id for one in shop.triggers} <= set(shop.customers)
    assert [one.payload.get("canceled") for one in shop.triggers] == [
        True if one is CHANGED else None for one in expected
    ]


def test_a_change_after_it_was_paid_tells_what_the_order_is_now() -> None:
    shop = Shop()
    given = {"items": items(5, 7), "discount_amount": 1, "metadata": {"weight": 3}}
    shop.one(create(source_id="o", status="PAID", customer={"source_id": "c"}, **given))
    steps: list[tuple[dict[str, Any], bool]] = [
        ({"items": items(5)}, True),
        ({"status": "FULFILLED"}, False),
        ({"amount": 4}, True),
        ({"metadata": {"weight": 2}}, True),
        ({"created_at": "2020-01-01T00:00:00Z"}, False),
        ({"discount_amount": 2}, True),
        ({"customer": {"source_id": "c", "name": "Ada"}}, False),
        ({"status": "CANCELED", "amount": 3}, True),
        ({"amount": 2}, False),
    ]
    for changes, tells in steps:
        before = len(shop.triggers)
        shop.one(update("o", **changes))
        assert len(shop.triggers) - before == tells, changes
    paid, *changed = (one.payload for one in shop.triggers)
    item = {"product_source_id": "a", "quantity": 1, "metadata": {}}
    assert paid == {
        "order": {
            "amount": 12,
            "initial_amount": 12,
            "total_amount": 11,
            "items": [{**item, "amount": 5, "subtotal_amount": 5}, {**item, "amount": 7, "subtotal_amount": 7}],
            "metadata": {"weight": 3},
        }
    }
    seen = [
        (one["order"]["amount"], one["order"]["total_amount"], one["order"]["metadata"], one["canceled"])
        for one in changed
    ]
    assert seen == [
        (5, 4, {"weight": 3}, False),
        (4, 3, {"weight": 3}, False),
        (4, 3, {"weight": 2}, False),
        (4, 2, {"weight": 2}, False),
        (3, 1, {"weight": 2}, True),
    ]


@pytest.mark.parametrize(
    ("status", "customer", "payers", "changes", "expected"),
    [
        ("CREATED", {}, ["cust_8", "cust_9"], {"amount": 3}, [(CHANGED, "cust_8", False), (CHANGED, "cust_9", False)]),
        ("CREATED", {}, ["cust_9"], {"status": "CANCELED"}, [(CHANGED, "cust_9", True)]),
        ("CREATED", {}, ["cust_9"], {"status": "FULFILLED", "amount": 5}, []),
        ("CANCELED", {}, ["cust_9"], {"status": "CANCELED"}, []),
        ("CANCELED", {}, ["cust_9"], {"status": "CREATED", "amount": 6}, [(CHANGED, "cust_9", False)]),
        ("PAID", OURS, ["cust_1"], {"amount": 3}, [(CHANGED, "cust_1", False)]),
        ("PAID", OURS, ["cust_9"], {"status": "CANCELED"}, [(CHANGED, "cust_1", True), (CHANGED, "cust_9", True)]),
        ("CREATED", OURS, ["cust_1"], {"status": "PAID"}, [(PAID, "cust_1", None)]),
        (
            "CREATED",
            OURS,
            ["cust_1"],
            {"status": "PAID", "amount": 3},
            [(PAID, "cust_1", None), (CHANGED, "cust_1", False)],
        ),
    ],
)
def test_whoever_paid_with_points_is_told_of_every_change_paid_or_not(
    status: str, customer: dict[str, str], payers: list[str], changes: dict[str, Any], expected: list[Any]
) -> None:
    shop = Shop()
    assert isinstance(shop.one(create(source_id="other", customer={"source_id": "c"})), Order)
    order = shop.one(create(source_id="o", status=status, amount=5, customer=customer or None))
    shop.orders[order.id] = order._replace(points_paid=PointsPaid(5, len(payers), tuple(payers)))
    shop.triggers.clear()
    shop.one(update("o", **changes))
    told = zip(kinds(shop), shop.triggers, strict=True)
    assert [(kind, one.customer_id, one.payload.get("canceled")) for (kind, _), one in told] == expected
    assert {one.payload.get("payments") for one in shop.triggers if "canceled" in one.payload} <= {len(payers)}


def test_without_a_customer_nobody_earns() -> None:
    shop = Shop()
    shop.one(create(source_id="o", status="PAID", amount=5))
    claimed = shop.one(update("o", customer={"source_id": "c"}))
    assert claimed.customer_id in shop.customers
    shop.one(update("o", status="PAID"))
    assert shop.triggers == []


def test_an_import_sets_nothing_off_now_or_later() -> None:
    shop = Shop()
    given = {"amount": 5, "customer": {"source_id": "c"}}
    shop.one(create(source_id="new", status="PAID", **given)._replace(imported=True))
    shop.one(create(source_id="old", **given))
    shop.one(create(source_id="old", status="PAID")._replace(imported=True))
    for source_id in ("new", "old"):
        shop.one(update(source_id, status="CREATED"))
        shop.one(update(source_id, status="PAID"))
    assert shop.triggers == []
    shop.one(create(source_id="later", **given)._replace(imported=True))
    later = shop.one(update("later", status="PAID"))
    assert kinds(shop) == [(PAID, later.id)]


def test_what_an_order_earned_is_taken_back_by_an_import_too() -> None:
    shop = Shop()
    order = shop.one(create(source_id="o", status="PAID", amount=5, customer={"source_id": "c"}))
    shop.one(create(source_id="o", status="CANCELED")._replace(imported=True))
    assert kinds(shop) == [(PAID, order.id), (CHANGED, order.id)]


def test_a_paid_order_keeps_its_customer() -> None:
    shop = Shop()
    shop.one(create(source_id="o", customer={"source_id": "a"}))
    order = shop.one(update("o", customer={"source_id": "b"}))
    assert order.customer_id is not None
    assert shop.customers[order.customer_id].source_id == "b"
    shop.one(update("o", status="PAID"))
    for other in (
        {"source_id": "a"},
        {"source_id": "new"},
        {"name": "Nobody"},
        {"id": order.customer_id, "source_id": "a"},
    ):
        (answer,) = shop.put(update("o", customer=other, amount=9))
        assert isinstance(answer, Refusal)
    assert {one.source_id for one in shop.customers.values()} == {"a", "b"}
    assert shop.one(update("o", customer={"id": order.customer_id, "name": "Ada"})).amount == 0
    assert shop.customers[order.customer_id].name == "Ada"


@pytest.mark.parametrize(
    "given",
    [
        {"items": [{"product_id": "prod_9"}]},
        {"id": "ord_9"},
        {"referrer_id": "cust_9"},
        {"metadata": {"size": "large"}},
        {"items": items(LARGEST, 1)},
    ],
)
def test_of_a_refused_order_not_even_the_customer_is_saved(given: dict[str, Any]) -> None:
    shop = Shop(definitions(order={"properties": {"size": {"type": "number"}}}))
    good = create(source_id="good", customer={"source_id": "good"})
    answers = shop.put(
        create(customer={"source_id": "c", "name": "Ada"}, **given), good, create(customer={"source_id": "c"})
    )
    assert [isinstance(one, Refusal) for one in answers] == [True, False, False]
    assert {(one.source_id, one.name) for one in shop.customers.values()} == {("good", None), ("c", None)}


def test_a_schema_that_came_later_binds_what_is_changed() -> None:
    shop = Shop()
    shop.one(create(source_id="o", metadata={"size": "large"}, items=items(5)))
    schema = {"properties": {"size": {"type": "number"}}}
    shop.definitions = definitions(order=schema, order_item=schema)
    shop.one(update("o", amount=7))
    (answer,) = shop.put(update("o", metadata={"colour": "red"}))
    assert isinstance(answer, Refusal)
    assert answer.details == "metadata.size: must be a number"
    assert shop.one(update("o", metadata={"size": None, "colour": "red"})).metadata == {"colour": "red"}


def test_a_command_may_name_an_id_and_give_a_source_id() -> None:
    shop = Shop()
    order, taken = shop.one(create(amount=1)), shop.one(create(source_id="taken"))
    (conflict,) = shop.put(create(id=order.id, source_id="taken"))
    assert isinstance(conflict, Refusal)
    assert (conflict.reason, conflict.resource_id) == (Reason.DUPLICATE_KEY, taken.id)
    assert shop.one(create(id=order.id, source_id="own")).source_id == "own"
    assert shop.one(update(order.id, source_id="own", amount=2)).amount == 2
    (frozen,) = shop.put(update("own", source_id="another"))
    assert isinstance(frozen, Refusal)
    assert frozen.reason is Reason.INVALID_PAYLOAD
    (absent,) = shop.put(update("another", amount=2))
    assert isinstance(absent, Refusal)
    assert (absent.reason, absent.details) == (Reason.NOT_FOUND, "Cannot find order with id another")
    assert shop.put(create(customer={}), create(customer={"id": None}))[0] in shop.orders.values()
    assert isinstance(shop.put(create(referrer={"source_id": "r"}, referrer_id="cust_9"))[0], Order)
    assert [Upsert({}, customer_id="cust_9")] == [create(referrer_id="cust_9").referrer]
