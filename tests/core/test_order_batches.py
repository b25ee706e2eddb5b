"""Batches of orders: any split of the same commands gives the same (domain 9)."""

from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.core.shops import Shop, create, items, update

from troth.core.orders import Order, Put
from troth.core.refusals import Refusal

SOURCES = st.sampled_from(["a", "b", "c"])
PEOPLE = st.none() | st.fixed_dictionaries({"source_id": SOURCES}, optional={"name": st.sampled_from(["x", "y"])})
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "source_id": SOURCES,
        "status": st.sampled_from(["CREATED", "PAID", "CANCELED", "FULFILLED"]),
        "amount": st.integers(0, 3),
        "items": st.lists(st.integers(0, 3), max_size=2).map(lambda amounts: items(*amounts)),
        "customer": PEOPLE,
        "referrer_id": st.sampled_from(["cust_x"]),
        "metadata": st.dictionaries(st.sampled_from("xy"), st.integers(0, 1) | st.none(), max_size=1),
    },
)
COMMANDS = st.builds(lambda given: create(**given), BODIES) | st.builds(
    lambda reference, given: update(reference, **given), st.sampled_from(["a", "b", "c", "nothing"]), BODIES
)


def parts(commands: Sequence[Put], cuts: Sequence[bool]) -> Iterator[list[Put]]:
    part: list[Put] = []
    for command, cut in zip(commands, cuts, strict=False):
        part.append(command)
        if cut:
            yield part
            part = []
    yield part


def told(shop: Shop, answers: Sequence[Order | Refusal]) -> list[Any]:
    """Return answers without ids, which depend on how often a batch was thought over."""
    found: list[Any] = []
    for one in answers:
        if isinstance(one, Refusal):
            found.append((one.reason, one.details.partition(":")[0]))
        else:
            owner = shop.customers[one.customer_id].source_id if one.customer_id else None
            found.append(one._replace(id="", customer_id=owner))
    return found


@given(st.lists(COMMANDS, max_size=8), st.lists(st.booleans(), min_size=8, max_size=8))
def test_any_split_of_commands_into_batches_gives_the_same(commands: list[Put], cuts: list[bool]) -> None:
    alone, batched = Shop(), Shop()
    one_by_one = [answer for command in commands for answer in alone.put(command)]
    in_parts = [answer for part in parts(commands, cuts) for answer in batched.put(*part)]
    assert told(alone, one_by_one) == told(batched, in_parts)
    assert [(one.kind, one.payload) for one in alone.triggers] == [(one.kind, one.payload) for one in batched.triggers]
    assert sorted((one.source_id or "", one.name or "") for one in alone.customers.values()) == sorted(
        (one.source_id or "", one.name or "") for one in batched.customers.values()
    )
