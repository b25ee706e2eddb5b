"""Turns requests that arrive together into batches (architecture: a batch is the natural unit).

There is no timer: a batch is whatever queued while the batches before it were under way, so a lone request starts at
once and load makes its own batches.
"""

import asyncio
from collections import OrderedDict, defaultdict, deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeAlias, TypeVar

from troth.core.batches import BUSY, Busy
from troth.core.refusals import Reason, Refusal

Command = TypeVar("Command")
Answer = TypeVar("Answer")
Action: TypeAlias = Callable[[str, Sequence[Command]], Awaitable[Sequence[Answer | Refusal | Busy]]]

LARGEST_BATCH: Final = 64
WRITERS: Final = 2
LONGEST_QUEUE: Final = 4096

ROUNDS: Final = 3
"""How often a command is put off because another process has locked its member, before it waits for the lock."""


@dataclass(slots=True, eq=False)
class _Waiting(Generic[Command, Answer]):
    command: Command
    future: asyncio.Future[Answer]
    rounds: int = 0


class Coalescer(Generic[Command, Answer]):
    """Hands one action the commands that wait, at most `largest_batch` at a time, from at most `writers` tasks.

    A batch is of one project; projects take turns, so that a busy one does not keep the others waiting. A batch that
    breaks is split in two and tried again, so that a command which breaks it harms only itself; one that is refused as
    a whole, because the database is away, is refused to all.

    With a `key`, commands of the same key are never in two batches at once. One that is answered `BUSY`, because
    another process works on its key, goes with a later batch; after `ROUNDS` of them `patient`, an action that waits,
    is handed all of its key that have waited as long.

    Where `is_alone` says so of the caller, its command is a batch of one, done at once and by its own task: it is part
    of a unit of work that nobody else shares.
    """

    def __init__(
        self,
        action: Action[Command, Answer],
        *,
        key: Callable[[Command], Hashable] | None = None,
        patient: Action[Command, Answer] | None = None,
        largest_batch: int = LARGEST_BATCH,
        writers: int = WRITERS,
        longest_queue: int = LONGEST_QUEUE,
        is_alone: Callable[[], bool] = lambda: False,
    ) -> None:
        self._action = action
        self._key = key
        self._patient = patient or action
        self._largest_batch = largest_batch
        self._free_writers = writers
        self._longest_queue = longest_queue
        self._is_alone = is_alone
        self._queued = 0
        self._queues: OrderedDict[str, deque[_Waiting[Command, Answer]]] = OrderedDict()
        self._under_way: set[Hashable] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def submit(self, project_id: str, command: Command) -> Answer:
        """Return the command's own answer, or raise its own refusal.

        Refused with `OVERLOADED` when `longest_queue` commands wait already.
        """
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        if self._is_alone():
            await self._run(self._patient, project_id, [_Waiting(command, answer)])
            return await answer
        if self._queued >= self._longest_queue:
            raise Refusal(Reason.OVERLOADED, f"{self._queued} requests are waiting; try again later")
        queue = self._queues.get(project_id)
        if queue is None:
            queue = self._queues[project_id] = deque()
        queue.append(_Waiting(command, answer))
        self._queued += 1
        if self._free_writers:
            self._free_writers -= 1
            task = asyncio.create_task(self._write())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await answer

    async def _write(self) -> None:
        try:
            while (following := self._next()) is not None:
                project_id, batch = following
                keys = {self._key(one.command) for one in batch} if self._key else set()
                self._under_way |= keys
                try:
                    await self._run(self._action, project_id, batch)
                finally:
                    self._under_way -= keys
        finally:
            self._free_writers += 1

    def _next(self) -> tuple[str, list[_Waiting[Command, Answer]]] | None:
        """Take the next batch; None if nothing waits but what another writer has under way, which then takes it."""
        for _ in range(len(self._queues)):
            project_id, queue = self._queues.popitem(last=False)
            batch = self._take(queue)
            self._queued -= len(batch)
            if queue:
                self._queues[project_id] = queue
            if batch:
                return project_id, batch
        return None

    def _take(self, queue: deque[_Waiting[Command, Answer]]) -> list[_Waiting[Command, Answer]]:
        if self._key is None or not self._under_way:
            return [queue.popleft() for _ in range(min(self._largest_batch, len(queue)))]
        batch: list[_Waiting[Command, Answer]] = []
        passed: list[_Waiting[Command, Answer]] = []
        while queue and len(batch) < self._largest_batch:
            one = queue.popleft()
            (passed if self._key(one.command) in self._under_way else batch).append(one)
        queue.extendleft(reversed(passed))
        return batch

    async def _run(
        self, action: Action[Command, Answer], project_id: str, batch: Sequence[_Waiting[Command, Answer]]
    ) -> None:
        try:
            answers = await action(project_id, [one.command for one in batch])
        except Exception as error:
            if len(batch) == 1 or isinstance(error, Refusal):
                for one in batch:
                    _refuse(one.future, error)
                return
            middle = len(batch) // 2
            await self._run(action, project_id, batch[:middle])
            await self._run(action, project_id, batch[middle:])
            return
        busy = []
        for one, answer in zip(batch, answers, strict=True):
            if answer is BUSY:
                busy.append(one)
            elif isinstance(answer, Refusal):
                _refuse(one.future, answer)
            elif not one.future.done():
                one.future.set_result(answer)
        if busy:
            await self._put_off(project_id, busy)

    async def _put_off(self, project_id: str, busy: Sequence[_Waiting[Command, Answer]]) -> None:
        again: list[_Waiting[Command, Answer]] = []
        due: dict[Hashable, list[_Waiting[Command, Answer]]] = defaultdict(list)
        for one in busy:
            one.rounds += 1
            if one.rounds < ROUNDS:
                again.append(one)
            else:
                due[self._key(one.command) if self._key else None].append(one)
        if again:
            self._queues.setdefault(project_id, deque()).extendleft(reversed(again))
            self._queued += len(again)
        for of_key in due.values():
            await self._run(self._patient, project_id, of_key)


def _refuse(future: asyncio.Future[Answer], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
