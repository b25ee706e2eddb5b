"""Make the codes of new cards, in the background (domain 6)."""

import secrets
from collections.abc import Iterator
from datetime import datetime
from typing import Final

import structlog
from prometheus_client import Counter

from troth.actions.engine import Engine
from troth.actions.progress import Progress
from troth.actions.project_time import project_nows
from troth.core.activities import Activity
from troth.core.card_codes import MISSES_BEFORE_FAILURE, random_code
from troth.core.cards import shown
from troth.core.json import text
from troth.core.retries import pause_after
from troth.db import card_codes
from troth.db.card_codes import Outcome, Waiting
from troth.db.database import Unit

CARDS_AT_ONCE: Final = 200
INTERNAL: Final = text({"channel": "INTERNAL"})

made = Counter("troth_card_codes_made_total", "Card codes made.")
failed = Counter("troth_card_code_failures_total", "Cards that found no free code in 20 tries.")

log = structlog.get_logger()


def due_at_once(engine: Engine) -> datetime:
    """Return when the code of a card is due that need not wait: now, by the wall clock, which its retries go by too."""
    return engine.clock.now()


async def make_card_codes(engine: Engine, project_id: str | None = None) -> Progress:
    """Give codes to up to `CARDS_AT_ONCE` cards that are due, of a project if one is given.

    A card that meets only taken codes is put off, longer each time, and its failure is shown as an activity, in the
    log and as a metric.
    """

    async def attempt(unit: Unit) -> list[Outcome]:
        now = engine.clock.now()
        due = await card_codes.claim(unit, now, CARDS_AT_ONCE, project_id)
        times = await project_nows(engine, unit.connection, (waiting.project_id for waiting in due))
        codes = await _free_codes(unit, due)
        groups: dict[str, str] = {}
        outcomes = []
        for waiting in due:
            code = codes.get(waiting.card.id)
            kind = "succeeded" if code else "failed"
            outcomes.append(
                Outcome(
                    waiting,
                    code,
                    None if code else now + pause_after(waiting.failures + 1),
                    Activity(
                        engine.identifiers.fresh("lacrd"),
                        waiting.card.id,
                        f"vl.card.code_generation.{kind}",
                        text({"card": shown(waiting.card._replace(code=code))}),
                    ),
                    groups.setdefault(waiting.member_id, engine.identifiers.fresh("lgrp")),
                    times[waiting.project_id],
                )
            )
        if outcomes:
            await card_codes.save(unit, outcomes, INTERNAL)
        return outcomes

    outcomes = await engine.database.transact(attempt)
    for outcome in outcomes:
        if outcome.code is None:
            failed.inc()
            log.warning(
                "card_code.failed",
                project_id=outcome.waiting.project_id,
                card_id=outcome.waiting.card.id,
                card_definition_id=outcome.waiting.card.card_definition_id,
                failures=outcome.waiting.failures + 1,
                next_try_at=outcome.due_at,
            )
        else:
            made.inc()
    return Progress(len(outcomes), len(outcomes) == CARDS_AT_ONCE)


async def _free_codes(unit: Unit, due: list[Waiting]) -> dict[str, str]:
    codes: dict[str, str] = {}
    entropy = random_bytes()
    remaining = due
    for _ in range(MISSES_BEFORE_FAILURE):
        if not remaining:
            break
        wanted = [(waiting, random_code(waiting.code_config, entropy)) for waiting in remaining]
        taken = await card_codes.take(unit, wanted)
        codes |= {waiting.card.id: code for waiting, code in wanted if waiting.card.id in taken}
        remaining = [waiting for waiting in remaining if waiting.card.id not in taken]
    return codes


def random_bytes() -> Iterator[int]:
    """Yield bytes of a cryptographic source for ever."""
    while True:
        yield from secrets.token_bytes(4096)
