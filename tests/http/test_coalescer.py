"""Requests that arrive together: who shares a batch, who waits for whom, and who is harmed by whom."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from troth.core.refusals import Reason, Refusal
from troth.http.coalescer import Coalescer

pytestmark = pytest.mark.anyio

SOON_SECONDS = 10.0

Tasks = list[asyncio.Task[int]]


class Action:
    """Doubles numbers, once it is let; refuses even numbers below zero, and breaks at odd ones."""

    def __init__(self, *, is_open: bool = True) -> None:
        self.begun: asyncio.Queue[tuple[str, list[int]]] = asyncio.Queue()
        self.at_once = 0
        self.most_at_once = 0
        self.broken: Exception | None = None
        self._gate = asyncio.Event()
        if is_open:
            self._gate.set()

    async def __call__(self, project_id: str, numbers: Sequence[int]) -> list[int | Refusal]:
        self.begun.put_nowait((project_id, list(numbers)))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await self._gate.wait()
        self.at_once -= 1
        if self.broken:
            raise self.broken
        if any(number < 0 and number % 2 for number in numbers):
            raise ZeroDivisionError(f"one of {numbers}")
        return [Refusal(Reason.NOT_FOUND, str(number)) if number < 0 else number * 2 for number in numbers]

    def open(self) -> None:
        self._gate.set()

    async def next_begun(self) -> tuple[str, list[int]]:
        """Wait for a batch to begin, and return it."""
        return await asyncio.wait_for(self.begun.get(), SOON_SECONDS)

    @property
    def batches(self) -> list[tuple[str, list[int]]]:
        """The batches begun since the last look."""
        return [self.begun.get_nowait() for _ in range(self.begun.qsize())]


def submit(coalescer: Coalescer[int, int], project_id: str, numbers: Sequence[int]) -> Tasks:
    return [asyncio.create_task(coalescer.submit(project_id, number)) for number in numbers]


async def outcomes(tasks: Tasks) -> list[Any]:
    """Return the answers, and in the place of what was raised a refusal's reason or an error's kind."""
    async with asyncio.timeout(SOON_SECONDS):
        answers = await asyncio.gather(*tasks, return_exceptions=True)
    return [
        one.reason if isinstance(one, Refusal) else type(one) if isinstance(one, BaseException) else one
        for one in answers
    ]


async def test_a_lone_request_starts_at_once_and_others_go_when_it_is_done() -> None:
    action = Action(is_open=False)
    coalescer = Coalescer[int, int](action, writers=1)
    first = submit(coalescer, "p", [1])
    assert await action.next_begun() == ("p", [1])
    later = submit(coalescer, "p", [2, 3, 4])
    action.open()
    assert await outcomes([*first, *later]) == [2, 4, 6, 8]
    assert action.batches == [("p", [2, 3, 4])]
    assert await outcomes(submit(coalescer, "p", [5])) == [10]
    assert action.batches == [("p", [5])]


async def test_a_batch_has_a_largest_size_and_keeps_the_order() -> None:
    action = Action()
    coalescer = Coalescer[int, int](action, writers=1, largest_batch=4)
    assert await outcomes(submit(coalescer, "p", range(10))) == [number * 2 for number in range(10)]
    assert [numbers for _, numbers in action.batches] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


async def test_projects_take_turns() -> None:
    action = Action(is_open=False)
    coalescer = Coalescer[int, int](action, writers=1, largest_batch=2)
    tasks = submit(coalescer, "busy", range(6))
    await action.next_begun()
    tasks += submit(coalescer, "quiet", [1]) + submit(coalescer, "third", [1, 2, 3])
    action.open()
    await outcomes(tasks)
    assert [project for project, _ in action.batches] == ["busy", "quiet", "third", "busy", "third"]


@pytest.mark.parametrize("writers", [1, 2, 3])
async def test_no_more_batches_than_writers_are_under_way(writers: int) -> None:
    action = Action(is_open=False)
    coalescer = Coalescer[int, int](action, writers=writers, largest_batch=2)
    tasks = [task for project in "abcde" for task in submit(coalescer, project, range(5))]
    for _ in range(writers):
        await action.next_begun()
    action.open()
    assert await outcomes(tasks) == [0, 2, 4, 6, 8] * 5
    assert action.most_at_once == writers


async def test_a_full_queue_refuses_until_there_is_room() -> None:
    action = Action(is_open=False)
    coalescer = Coalescer[int, int](action, writers=1, largest_batch=3, longest_queue=5)
    under_way = submit(coalescer, "p", [0])
    await action.next_begun()
    waiting = submit(coalescer, "p", [1, 2, 3]) + submit(coalescer, "q", [4, 5])
    refused = submit(coalescer, "p", [6]) + submit(coalescer, "r", [7])
    assert await outcomes(refused) == [Reason.OVERLOADED] * 2
    action.open()
    assert await outcomes(under_way + waiting) == [0, 2, 4, 6, 8, 10]
    assert action.batches == [("p", [1, 2, 3]), ("q", [4, 5])]
    assert await outcomes(submit(coalescer, "p", range(5))) == [0, 2, 4, 6, 8]


@pytest.mark.parametrize(
    "numbers",
    [[-1], [-1, 2], [2, -1], [*range(31), -1], [-1, *range(31)], [1, -2, -1, 4, -2, 5, -3, 6], [-1, -3, -5, -7], [-2]],
)
async def test_who_breaks_a_batch_harms_only_itself(numbers: list[int]) -> None:
    action = Action()
    coalescer = Coalescer[int, int](action, writers=1)
    expected = [
        number * 2 if number >= 0 else ZeroDivisionError if number % 2 else Reason.NOT_FOUND for number in numbers
    ]
    assert await outcomes(submit(coalescer, "p", numbers)) == expected
    breaking = sum(number < 0 and number % 2 for number in numbers)
    assert len(action.batches) <= 1 + 2 * breaking * len(numbers).bit_length()
    assert await outcomes(submit(coalescer, "p", [7])) == [14]


async def test_a_batch_refused_as_a_whole_is_refused_to_all_and_not_tried_again() -> None:
    action = Action()
    action.broken = Refusal(Reason.OVERLOADED, "the database is away")
    coalescer = Coalescer[int, int](action)
    assert await outcomes(submit(coalescer, "p", [1, 2, 3])) == [Reason.OVERLOADED] * 3
    assert action.batches == [("p", [1, 2, 3])]
    action.broken = None
    assert await outcomes(submit(coalescer, "p", [1])) == [2]


async def test_a_request_that_is_given_up_takes_no_other_with_it() -> None:
    action = Action(is_open=False)
    coalescer = Coalescer[int, int](action, writers=1)
    under_way = submit(coalescer, "p", [1, 2])
    await action.next_begun()
    waiting = submit(coalescer, "p", [3, -1, 4])
    await asyncio.wait(waiting, timeout=0)
    for task in (under_way[0], *waiting[:2]):
        task.cancel()
    action.open()
    assert await outcomes([*under_way, *waiting]) == [asyncio.CancelledError, 4, *[asyncio.CancelledError] * 2, 8]
    assert await outcomes(submit(coalescer, "p", [5])) == [10]


async def test_who_is_alone_shares_no_batch_and_does_its_own_work() -> None:
    action, doers = Action(), []

    async def noticed(project_id: str, numbers: Sequence[int]) -> list[int | Refusal]:
        doers.append(asyncio.current_task())
        return await action(project_id, numbers)

    coalescer = Coalescer[int, int](noticed, writers=1, longest_queue=0, is_alone=lambda: True)
    tasks = submit(coalescer, "p", [1, 2, -2, -1])
    assert await outcomes(tasks) == [2, 4, Reason.NOT_FOUND, ZeroDivisionError]
    assert action.batches == [("p", [1]), ("p", [2]), ("p", [-2]), ("p", [-1])]
    assert doers == tasks
