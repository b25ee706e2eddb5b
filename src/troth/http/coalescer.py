"""Turns requests that arrive together into batches (architecture: a batch is the natural unit).

There is no timer: a batch is whatever queued while the batches before it were under way, so a lone request starts at
once and load makes its own batches.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from troth.core.refusals import Reason, Refusal

Command = TypeVar("Command")
Answer = TypeVar("Answer")
Action = Callable[[str, Sequence[Command]], Awaitable[Sequence[Answer | Refusal]]]
Waiting = tuple[Command, asyncio.Future[Answer]]

LARGEST_BATCH: Final = 64
WRITERS: Final = 2
LONGEST_QUEUE: Final = 4096


class Coalescer(Generic[Command, Answer]):
    """Hands one action the commands that wait, at most `largest_batch` at a time, from at most `writers` tasks.

    A batch is of one project; projects take turns, so that a busy one does not keep the others waiting. A batch that
    breaks is split in two and tried again, so that a command which breaks it harms only itself; one that is refused as
    a whole, because the database is away, is refused to all.
    """

    def __init__(
        self,
        action: Action[Command, Answer],
        *,
        largest_batch: int = LARGEST_BATCH,
        writers: int = WRITERS,
        longest_queue: int = LONGEST_QUEUE,
    ) -> None:
        self._action = action
        self._largest_batch = largest_batch
        self._free_writers = writers
        self._longest_queue = longest_queue
        self._queued = 0
        self._queues: OrderedDict[str, deque[Waiting[Command, Answer]]] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    async def submit(self, project_id: str, command: Command) -> Answer:
        """Return the command's own answer, or raise its own refusal.

        Refused with `OVERLOADED` when `longest_queue` commands wait already.
        """
        if self._queued >= self._longest_queue:
            raise Refusal(Reason.OVERLOADED, f"{self._queued} requests are waiting; try again later")
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        queue = self._queues.get(project_id)
        if queue is None:
            queue = self._queues[project_id] = deque()
        queue.append((command, answer))
        self._queued += 1
        if self._free_writers:
            self._free_writers -= 1
            task = asyncio.create_task(self._write())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await answer

    async def _write(self) -> None:
        try:
            while self._queues:
                project_id, queue = self._queues.popitem(last=False)
                batch = [queue.popleft() for _ in range(min(self._largest_batch, len(queue)))]
                self._queued -= len(batch)
                if queue:
                    self._queues[project_id] = queue
                await self._run(project_id, batch)
        finally:
            self._free_writers += 1

    async def _run(self, project_id: str, batch: Sequence[Waiting[Command, Answer]]) -> None:
        try:
            answers = await self._action(project_id, [command for command, _ in batch])
        except Exception as error:
            if len(batch) == 1 or isinstance(error, Refusal):
                for _, future in batch:
                    _refuse(future, error)
                return
            middle = len(batch) // 2
            await self._run(project_id, batch[:middle])
            await self._run(project_id, batch[middle:])
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if isinstance(answer, Refusal):
                _refuse(future, answer)
            elif not future.done():
                future.set_result(answer)


def _refuse(future: asyncio.Future[Answer], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
