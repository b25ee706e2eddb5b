"""Commands that share a key: never in two batches at once, put off while others hold it, and at last waited for."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.core.batches import BUSY, Busy
from troth.core.refusals import Reason, Refusal
from troth.http.coalescer import ROUNDS, Coalescer

pytestmark = pytest.mark.anyio

SOON_SECONDS = 10.0


class Command(NamedTuple):
    """Something about a key; `number` tells commands of one key apart."""

    key: str
    number: int


class Action:
    """Does commands and keeps a record; `busy` tells how often each key is still held elsewhere."""

    def __init__(self, **busy: int) -> None:
        self.busy = Counter(busy)
        self.batches: list[list[Command]] = []
        self.patient_batches: list[list[Command]] = []
        self.done: dict[str, list[int]] = defaultdict(list)
        self.under_way: Counter[str] = Counter()
        self.broken: set[Command] = set()
        self.gate = asyncio.Event()
        self.gate.set()
        self.begun = asyncio.Semaphore(0)

    async def __call__(self, project_id: str, commands: Sequence[Command]) -> list[Command | Busy | Refusal]:
        self.batches.append(list(commands))
        async with self._alone(commands):
            held = {key for key in {one.key for one in commands} if self.busy[key] > 0}
            self.busy.subtract(held)
            return [BUSY if one.key in held else self._do(one) for one in commands]

    async def patient(self, project_id: str, commands: Sequence[Command]) -> list[Command | Busy | Refusal]:
        self.patient_batches.append(list(commands))
        async with self._alone(commands):
            return [self._do(one) for one in commands]

    def _alone(self, commands: Sequence[Command]) -> "_Alone":
        return _Alone(self, {one.key for one in commands})

    def _do(self, one: Command) -> Command | Refusal:
        if one in self.broken:
            raise ZeroDivisionError(one)
        self.done[one.key].append(one.number)
        return one if one.number >= 0 else Refusal(Reason.NOT_FOUND, one.key)

    async def next_begun(self) -> None:
        await asyncio.wait_for(self.begun.acquire(), SOON_SECONDS)


class _Alone:
    """Checks that no other batch is about any of the same keys meanwhile."""

    def __init__(self, action: Action, keys: set[str]) -> None:
        self._action, self._keys = action, keys

    async def __aenter__(self) -> None:
        self._action.under_way.update(self._keys)
        assert max(self._action.under_way.values()) == 1, self._action.under_way
        self._action.begun.release()
        await asyncio.sleep(0)
        await self._action.gate.wait()

    async def __aexit__(self, *_: object) -> None:
        self._action.under_way.subtract(self._keys)


def commands(words: str) -> list[Command]:
    """Return the commands that are written as key and number, such as `a1`."""
    return [Command(word[0], int(word[1:])) for word in words.split()]


def lane(action: Action, *, writers: int = 2, largest_batch: int = 64) -> Coalescer[Command, Command]:
    return Coalescer[Command, Command](
        action, key=lambda one: one.key, patient=action.patient, writers=writers, largest_batch=largest_batch
    )


def submit(coalescer: Coalescer[Command, Command], *commands: Command) -> list[asyncio.Task[Command]]:
    return [asyncio.create_task(coalescer.submit("p", one)) for one in commands]


async def outcomes(tasks: Sequence[asyncio.Task[Command]]) -> list[object]:
    async with asyncio.timeout(SOON_SECONDS):
        answers = await asyncio.gather(*tasks, return_exceptions=True)
    return [
        one.reason if isinstance(one, Refusal) else type(one) if isinstance(one, BaseException) else one
        for one in answers
    ]


async def test_what_is_under_way_is_passed_over_and_the_rest_is_not() -> None:
    action = Action()
    action.gate.clear()
    coalescer = lane(action)
    first = submit(coalescer, Command("a", 1))
    await action.next_begun()
    rest = submit(coalescer, *commands("a2 b1 a3 b2"))
    await action.next_begun()
    assert action.batches == [commands("a1"), commands("b1 b2")]
    action.gate.set()
    assert await outcomes([*first, *rest]) == commands("a1 a2 b1 a3 b2")
    assert action.batches[2:] == [commands("a2 a3")]


async def test_a_writer_that_finds_only_what_is_under_way_leaves_it_to_the_other() -> None:
    action = Action()
    action.gate.clear()
    coalescer = lane(action)
    tasks = submit(coalescer, Command("a", 1))
    await action.next_begun()
    tasks += submit(coalescer, *commands("a2 a3"))
    for _ in range(3):
        await asyncio.sleep(0)
    action.gate.set()
    assert await outcomes(tasks) == commands("a1 a2 a3")
    assert action.batches == [commands("a1"), commands("a2 a3")]
    assert await outcomes(submit(coalescer, *commands("a4 b1"))) == commands("a4 b1")


async def test_a_command_that_is_busy_goes_with_the_next_batch_ahead_of_later_ones() -> None:
    action = Action(a=1)
    coalescer = lane(action, writers=1, largest_batch=3)
    assert await outcomes(submit(coalescer, *commands("a1 b1 a2 c1 a3"))) == commands("a1 b1 a2 c1 a3")
    assert action.batches == [commands("a1 b1 a2"), commands("a1 a2 c1"), commands("a3")]
    assert (action.done, action.patient_batches) == ({"a": [1, 2, 3], "b": [1], "c": [1]}, [])


async def test_after_three_rounds_a_key_is_waited_for_alone() -> None:
    action = Action(a=ROUNDS, b=ROUNDS)
    coalescer = lane(action, writers=1)
    assert await outcomes(submit(coalescer, *commands("a1 b1 a2 c1"))) == commands("a1 b1 a2 c1")
    assert action.batches == [commands("a1 b1 a2 c1"), *[commands("a1 b1 a2")] * (ROUNDS - 1)]
    assert action.patient_batches == [commands("a1 a2"), commands("b1")]


async def test_who_came_later_has_rounds_of_its_own() -> None:
    action = Action(a=ROUNDS)
    action.gate.clear()
    coalescer = lane(action, writers=1)
    first = submit(coalescer, Command("a", 1))
    await action.next_begun()
    later = submit(coalescer, Command("a", 2))
    action.gate.set()
    assert await outcomes([*first, *later]) == commands("a1 a2")
    assert action.patient_batches == [commands("a1")]
    assert action.batches[-1] == commands("a2")
    assert action.done == {"a": [1, 2]}


async def test_what_is_refused_or_breaks_while_it_is_waited_for_harms_only_itself() -> None:
    action = Action(a=ROUNDS)
    action.broken = {Command("a", 2)}
    tasks = submit(lane(action, writers=1), *commands("a1 a2 a-3 a4"))
    assert await outcomes(tasks) == [Command("a", 1), ZeroDivisionError, Reason.NOT_FOUND, Command("a", 4)]


async def test_keys_of_a_batch_that_broke_are_free_again() -> None:
    action = Action()
    action.broken = {Command("a", 1)}
    coalescer = lane(action, writers=1)
    assert await outcomes(submit(coalescer, *commands("a1 b1"))) == [ZeroDivisionError, Command("b", 1)]
    assert await outcomes(submit(coalescer, *commands("a2"))) == commands("a2")


KEYS = st.sampled_from("abcd")


@given(
    st.lists(st.tuples(KEYS, st.integers(0, 3)), min_size=1, max_size=40),
    st.dictionaries(KEYS, st.integers(1, 2 * ROUNDS)),
    st.integers(1, 3),
    st.integers(1, 8),
)
async def test_every_command_is_done_once_and_in_the_order_of_its_key(
    asked: list[tuple[str, int]], busy: dict[str, int], writers: int, largest_batch: int
) -> None:
    action = Action(**busy)
    coalescer = lane(action, writers=writers, largest_batch=largest_batch)
    tasks: list[asyncio.Task[Command]] = []
    expected: list[Command] = []
    for number, (key, pauses) in enumerate(asked):
        expected.append(Command(key, number))
        tasks += submit(coalescer, expected[-1])
        for _ in range(pauses):
            await asyncio.sleep(0)
    assert await outcomes(tasks) == expected
    in_order: dict[str, list[int]] = defaultdict(list)
    for key, number in expected:
        in_order[key].append(number)
    assert action.done == in_order
    assert max(map(len, action.batches)) <= largest_batch
    for batch in action.patient_batches:
        assert len({one.key for one in batch}) == 1
