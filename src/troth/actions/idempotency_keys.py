"""Do a request with an idempotency key once, however often and wherever it arrives (domain 17)."""

from collections.abc import Awaitable, Callable
from typing import Final

from troth.actions.engine import Engine
from troth.actions.progress import Progress
from troth.core.idempotency_keys import KEPT_FOR, Given, Keyed
from troth.core.refusals import Reason, Refusal
from troth.db import idempotency_keys
from troth.db.database import Unit

IDEMPOTENCY_KEYS: Final = "idempotency_keys"
FORGET_AT_ONCE: Final = 1000
FORGET_EVERY_SECONDS: Final = 60.0


async def once(engine: Engine, request: Keyed, answer: Callable[[], Awaitable[Given]]) -> tuple[Given, bool]:
    """Return what a request is answered, and whether that was answered before.

    `answer` is called for the first request with its key, and again where its unit of work is run again; whatever it
    changes is committed with the key and the answer. The key stays free where it raises or changes nothing. Raises a
    refusal with `IDEMPOTENCY_KEY_REUSED` where the key came with another body.
    """

    async def attempt(unit: Unit) -> tuple[Given, bool]:
        now = engine.clock.now()
        if not await idempotency_keys.take(unit, request, now, now - KEPT_FOR):
            body_digest, given = await idempotency_keys.given(unit, request)
            if body_digest != request.body_digest:
                raise Refusal(
                    Reason.IDEMPOTENCY_KEY_REUSED,
                    "Idempotency-Key: was sent with another body; each request has its own",
                )
            return given, True
        made = await answer()
        if unit.proof is None:
            await idempotency_keys.free(unit, request)
        else:
            await idempotency_keys.keep(unit, request, made)
        return made, False

    return await engine.database.enclose(attempt)


async def forget_expired(engine: Engine) -> Progress:
    """Delete up to `FORGET_AT_ONCE` keys whose answers are not given again any more."""
    before = engine.clock.now() - KEPT_FOR

    async def attempt(unit: Unit) -> int:
        return await idempotency_keys.forget(unit, before, FORGET_AT_ONCE)

    count = await engine.database.transact(attempt)
    return Progress(count, count == FORGET_AT_ONCE, FORGET_EVERY_SECONDS)
