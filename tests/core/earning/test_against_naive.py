"""Conditions agree with a naive reading of them, whatever is asked about whatever order."""

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.core.earning.facts import scene
from tests.core.earning.naive import group_holds
from tests.core.strategies import groups

from troth.core.conditions import RulesGroup
from troth.core.earning.conditions import Conditions
from troth.core.earning.facts import CustomerFacts, Line, MemberFacts, Order, OrderPaid

VALUE = st.sampled_from([0, 1, 2, 3, "1", "02", "x", Decimal("0.5"), Decimal("2.0"), "0.50"])
NUMBER = VALUE.filter(lambda one: one != "x")
AMOUNT = st.sampled_from([0, 1, 2, 3, Decimal("0.5"), Decimal("1.10")])
ITEM = st.sampled_from(["prod_1", "prod_2", "sku_1", "sku_2", "pc_1", "pc_2", "S-1"]) | st.sampled_from(
    [
        {"id": "prod_1"},
        {"id": "sku_1", "object": "sku"},
        {"id": "prod_1", "object": "sku"},
        {"source_id": "S-1"},
        {"source_id": "S-1", "type": "product"},
        {"id": "pc_1", "object": "products_collection"},
    ]
)
METADATA_VALUE = VALUE | st.none() | st.booleans() | st.lists(VALUE | st.booleans(), max_size=3)
METADATA = st.dictionaries(st.sampled_from(["a", "b"]), METADATA_VALUE)
EQUAL = ["$is", "$is_not", "$in", "$not_in"]
COMPARED = ["$less_than", "$less_than_or_equal", "$more_than", "$more_than_or_equal"]

LINE = st.builds(
    Line,
    st.sampled_from([None, "prod_1", "prod_2", "prod_3"]),
    st.sampled_from([None, "S-1", "P-2"]),
    st.sampled_from([None, "sku_1", "sku_2"]),
    st.sampled_from([None, "S-1", "S-2"]),
    AMOUNT,
    st.none() | AMOUNT,
    AMOUNT,
    AMOUNT,
    METADATA,
    st.frozensets(st.sampled_from(["pc_1", "pc_2"])),
)
ORDER = st.builds(Order, AMOUNT, AMOUNT, AMOUNT, st.lists(LINE, max_size=5).map(tuple), METADATA)


def asking(
    names: list[str], operators: list[str], value: st.SearchStrategy[Any], *, narrowed: bool
) -> st.SearchStrategy[dict[str, Any]]:
    values = st.lists(value, min_size=1, max_size=2)
    beside = {"$dow": st.sampled_from([[0], [1, 2], [0, 3]])}
    if narrowed:
        beside["$from"] = st.lists(st.sampled_from(["pc_1", "pc_2", "prod_1"]), min_size=1, max_size=2)
    conditions = st.builds(
        lambda main, more: {**main, **more},
        st.dictionaries(st.sampled_from(operators), values, min_size=1, max_size=2),
        st.fixed_dictionaries({}, optional=beside),
    )
    return st.fixed_dictionaries(
        {"name": st.sampled_from(names), "property": st.sampled_from(["a", "b"]), "conditions": conditions}
    )


def of_items(*names: str) -> list[str]:
    return [f"order.items.{name}" for name in names]


# Equality of metadata knows texts and flags; everything else is a number.
METADATA_ASKED = asking(["customer.metadata", "order.metadata"], EQUAL, VALUE | st.booleans(), narrowed=False) | asking(
    ["order.metadata"], COMPARED, NUMBER, narrowed=False
)
PER_LINE = asking(
    of_items("price", "quantity", "aggregated_amount", "aggregated_quantity"),
    EQUAL + COMPARED,
    NUMBER,
    narrowed=True,
) | asking(of_items("metadata"), EQUAL, VALUE | st.booleans(), narrowed=True)
MATCHING = st.builds(
    lambda rule, nested: {**rule, **nested},
    asking(of_items("any", "every", "none", "cheapest", "most_expensive"), EQUAL, ITEM, narrowed=True),
    st.fixed_dictionaries({}, optional={"rules": groups(PER_LINE)}),
)
ONLY_NESTED = st.fixed_dictionaries(
    {"name": st.sampled_from(of_items("any", "every", "none", "cheapest")), "rules": groups(PER_LINE)}
)
RULE = st.one_of(
    METADATA_ASKED,
    PER_LINE,
    MATCHING,
    ONLY_NESTED,
    asking(["order.amount", "order.initial_amount", "order.total_amount"], EQUAL + COMPARED, NUMBER, narrowed=False),
    asking(of_items("count", "price_any", "price_each"), EQUAL + COMPARED, NUMBER, narrowed=True),
    asking(["customer.segment"], EQUAL, st.sampled_from(["seg_1", "seg_2"]), narrowed=False),
)


@given(groups(RULE), ORDER, st.frozensets(st.sampled_from(["seg_1", "seg_2"])))
def test_conditions(written: dict[str, Any], order: Order, segments: frozenset[str]) -> None:
    group = RulesGroup.model_validate(written)
    metadata = dict(order.metadata or {})
    about = scene(OrderPaid(order), customer=CustomerFacts(metadata, segments))
    refused = Conditions(group).refused(about, MemberFacts())
    assert (not refused) is group_holds(group, order, metadata, segments, day=0)
    for one in refused:
        alone = RulesGroup.model_validate({**written, "logic": one.number.partition(".")[0]})
        assert not group_holds(alone, order, metadata, segments, day=0)
