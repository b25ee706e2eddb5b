"""A machine works on the cards of a member over the API; the auditor says what they must show (domain 7, 16, 17)."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
import uvloop
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.conftest import client_of, make_project, migrated_database
from tests.core.auditor import AuditedCard, Auditor, Entry
from tests.core.ledger.clerk import entry_of
from tests.core.ledger.wallets import EVENT, LENGTHS, OTHER_EVENT, WALLETS, ZONES, after, dates_of, wallet_of
from tests.http.cards import new_cards, set_clock
from tests.http.definitions import refused
from tests.http.platform import created
from tests.postings import check_postings
from tests.reliability.stack import FULL_SIZE, size

from troth.actions.daily import Advance, advance
from troth.actions.earning import evaluate
from troth.actions.engine import Engine
from troth.actions.settling import settle_due
from troth.actions.triggers import Round
from troth.clocks import WallClock
from troth.core.cards import Counters
from troth.core.configuration import timestamp
from troth.db.database import Database
from troth.http.app import application, document
from troth.http.door import Door
from troth.hub.app import pages
from troth.identifiers import Identifiers

START = datetime(2027, 1, 30, 11, tzinfo=UTC)
NAMES = st.sampled_from(["a", "b"])
PLACES = st.integers(0, 9)
WAYS = st.sampled_from(["unseen", "unseen", "settled", "moved"])
LATEST = datetime(2036, 1, 1, tzinfo=UTC)
"""Clocks are moved no further over the API."""


@dataclass
class Api:
    """The API on a loop of its own, which runs while the machine waits for an answer."""

    runner: asyncio.Runner
    engine: Engine
    door: Door


@pytest.fixture(scope="module")
def api(server_url: str) -> Iterator[Api]:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        stack = AsyncExitStack()

        async def opened() -> Api:
            url = await stack.enter_async_context(migrated_database(server_url))
            database = await Database.open(url, WallClock(), connections=8)
            stack.push_async_callback(database.close)
            engine = Engine(database, WallClock(), Identifiers(WallClock()))
            return Api(runner, engine, application(engine, pages(document)))

        made = runner.run(opened())
        try:
            yield made
        finally:
            runner.run(stack.aclose())


class PointsMachine(RuleBasedStateMachine):
    """One member with two cards. Whatever is asked for is also told to the auditor, and both are compared."""

    def __init__(self, api: Api) -> None:
        super().__init__()
        self.api = api
        self.is_active = True
        self.unlisted = False
        self.keys = self.orders = 0

    def run(self, doing: Any) -> Any:
        return self.api.runner.run(doing)

    @initialize(zone=st.sampled_from(ZONES), wallets=st.tuples(WALLETS, WALLETS))
    def begin(self, zone: str, wallets: tuple[dict[str, Any], dict[str, Any]]) -> None:
        given = dict(zip("ab", map(wallet_of, wallets), strict=True))
        self.auditor = Auditor(ZoneInfo(zone), START, **given)
        self.run(self._begin(zone, wallets))

    async def _begin(self, zone: str, wallets: tuple[dict[str, Any], ...]) -> None:
        engine = self.api.engine
        self.project = await make_project(engine, time_zone=zone, sandbox=True)
        await set_clock(engine, self.project, timestamp(START))
        self.client = client_of(self.api.door, self.project.headers)
        schema, _ = [await created(self.client, "event-schemas", name=one, properties={}) for one in ("visit", "call")]
        given = [json.loads(json.dumps(one).replace(EVENT, schema["id"])) for one in wallets]
        self.cards = dict(zip("ab", await new_cards(self.client, *given, earnings=_earnings), strict=True))
        self.customer_id = (await self.client.get(self.cards["a"].member_path)).json()["customer_id"]

    @rule(name=NAMES, points=st.integers(-30, 30), copies=st.integers(0, 3))
    def adjust(self, name: str, points: int, copies: int) -> None:
        """Adjust a card, without a key or with one and some copies of the request beside it."""
        answers = self.run(self._sent(f"{self.cards[name].path}/points", {"points": points}, copies))
        if not self.is_active:
            for answer in answers:
                refused(answer, 423, "non_active_member")
            return
        if points == 0:
            assert {(one.status_code, one.json()["status"]) for one in answers} == {(200, "NO_CHANGE")}
            return
        made = self.auditor.credit(name, points) if points > 0 else self.auditor.debit(name, -points)
        self._answered(answers, made)

    async def _sent(self, path: str, body: Any, copies: int, times: int = 1) -> list[httpx.Response]:
        """Send a request with a key and copies of it, or else without a key."""
        self.keys += 1
        headers = {"Idempotency-Key": str(self.keys)} if copies else {}
        requests = (self.client.post(path, json=body, headers=headers) for _ in range(copies or times))
        return await asyncio.gather(*requests)

    def _answered(self, answers: list[httpx.Response], expected: Entry) -> None:
        assert {one.status_code for one in answers} == {200}, answers[0].text
        assert len({one.content for one in answers}) == 1
        assert entry_of(answers[0].json()["transaction"]) == expected

    @rule(name=NAMES, points=st.integers(1, 30), copies=st.integers(1, 2), then=st.none() | LENGTHS)
    def order(self, name: str, points: int, copies: int, then: str | None) -> None:
        """Pay an order, once for good, which earns its amount; its work is done at once or while the clock goes on."""
        self.orders += 1
        body = {
            "source_id": f"order {self.orders}", "status": "PAID", "items": [],
            "amount": points, "metadata": {"card": name}, "customer": {"id": self.customer_id},
        }  # fmt: skip
        answers = self.run(self._sent("/v1/orders", body, 0, times=copies))
        assert {answer.status_code for answer in answers} == {200}, answers[0].text
        if self.is_active:
            self.auditor.earn(name, points)
        to = after(self.auditor.now, then or "0 hours", self.auditor.zone, dates_of(self.auditor))
        if then is None or to >= LATEST:
            self.run(self._evaluate())
            return
        self.leave_nothing_behind()
        self.auditor.advance(to)
        self.run(self._move(to))

    def leave_nothing_behind(self) -> None:
        """Tell the auditor what a clock that moves works off before it goes on, besides triggers."""

    @rule(name=st.sampled_from(["visit", "call"]))
    def event(self, name: str) -> None:
        """Let the customer do something that some of the wallets wait for."""
        body = {"event": name, "customer": {"id": self.customer_id}}
        (answer,) = self.run(self._sent("/v1/events", body, 0))
        assert answer.status_code == 200, answer.text
        self.run(self._evaluate())
        if self.is_active:
            self.auditor.custom_event(EVENT if name == "visit" else OTHER_EVENT)

    async def _evaluate(self) -> None:
        round_ = Round(evaluate)
        while (await round_.work_off(self.api.engine)).more:
            pass

    @rule(name=NAMES, verb=st.sampled_from(["activate", "cancel"]), place=PLACES, copies=st.integers(0, 2))
    def end_pending(self, name: str, verb: str, place: int, copies: int) -> None:
        """Activate or cancel pending points, and then in vain once more."""
        waiting = sorted(self.auditor.cards[name].pending, key=lambda one: (one.date, one.number))
        if not waiting:
            return
        listed = self.run(self._pending(name))
        chosen = place % len(waiting)
        path = f"{self.cards[name].path}/pending-points/{listed[chosen]['id']}/{verb}"
        act = self.auditor.activate if verb == "activate" else self.auditor.cancel
        self._answered(self.run(self._sent(path, None, copies)), act(name, waiting[chosen]))
        (again,) = self.run(self._sent(path, None, 0))
        refused(again, 423, "invalid_pending_points_bucket_status")

    async def _pending(self, name: str) -> list[dict[str, Any]]:
        """Return the pending buckets by date, then by age."""
        return sorted(await self.cards[name].listed("pending-points"), key=lambda one: (one["date"], one["id"]))

    @rule(name=NAMES, place=PLACES, copies=st.integers(0, 2))
    def expire(self, name: str, place: int, copies: int) -> None:
        """Expire a bucket before its time, and then in vain once more."""
        dated = sorted(
            (one for one in self.auditor.cards[name].buckets if one.date), key=lambda one: (one.date, one.points)
        )
        if not dated:
            return
        listed = sorted(self.run(self.cards[name].listed("expiring-points")), key=_by_date_and_points)
        chosen = place % len(dated)
        if len({(one.date, one.points) for one in dated}) < len(dated):
            return  # two that look alike differ in the month that they were earned in, which is not shown
        path = f"{self.cards[name].path}/expiring-points/{listed[chosen]['id']}/expire"
        self._answered(self.run(self._sent(path, None, copies)), self.auditor.expire(name, dated[chosen]))
        (again,) = self.run(self._sent(path, None, 0))
        refused(again, 423, "invalid_points_bucket_status")

    @rule(move=st.sampled_from(["deactivate", "activate"]))
    def change_status(self, move: str) -> None:
        (answer,) = self.run(self._sent(f"{self.cards['a'].member_path}/{move}", None, 0))
        assert answer.status_code == (200 if self.is_active == (move == "deactivate") else 400), answer.text
        self.is_active = move == "activate"

    @rule(length=LENGTHS, way=WAYS, listed=st.booleans())
    def advance(self, length: str, way: str, listed: bool) -> None:
        """Let time pass, and nobody look; or the night's work be done late; or each midnight's when it comes."""
        to = after(self.auditor.now, length, self.auditor.zone, dates_of(self.auditor))
        is_moved = way == "moved" and to < LATEST
        if is_moved:
            self.leave_nothing_behind()
        self.auditor.advance(to)
        if is_moved:
            self.run(self._move(to))
        else:
            self.run(set_clock(self.api.engine, self.project, timestamp(to)))
        if way == "settled":
            before = self.run(self._shown())
            self.run(self._settle())
            assert self.run(self._shown()) == before
        self.unlisted = not listed

    async def _move(self, to: datetime) -> None:
        """Move the clock while a worker evaluates what is there to be evaluated."""
        answer, _ = await asyncio.gather(self.client.put("/v1/clock", json={"now": timestamp(to)}), self._evaluate())
        assert answer.status_code in {200, 202}, answer.text
        while (await advance(self.api.engine, self.project.id)) is not Advance.OVER:
            pass

    async def _settle(self) -> None:
        while (await settle_due(self.api.engine, self.project.id, self.auditor.now)).more:
            pass

    @precondition(lambda self: hasattr(self, "cards"))
    @invariant()
    def cards_are_as_the_auditor_says(self) -> None:
        shown = self.run(self._shown())
        for name, card in self.cards.items():
            _check_card(shown[card.id], self.auditor.cards[name])
        if self.unlisted:
            self.unlisted = False
            return
        for name in self.cards:
            self._check_lists(name)

    async def _shown(self) -> dict[str, Any]:
        answer = await self.client.get(self.cards["a"].member_path)
        assert answer.status_code == 200, answer.text
        return {one["card"]["id"]: one["card"] for one in answer.json()["cards"]}

    def _check_lists(self, name: str) -> None:
        card, expected = self.cards[name], self.auditor.cards[name]
        pending = self.run(self._pending(name))
        assert [(one["date"], one["type"], one["points"]["total"]) for one in pending] == [
            (one.date.isoformat(), one.type, one.points)
            for one in sorted(expected.pending, key=lambda one: (one.date, one.number))
        ]
        dated = self.run(card.listed("expiring-points"))
        assert [one["expiration_date"] for one in dated] == sorted(one["expiration_date"] for one in dated)
        assert sorted((*_by_date_and_points(one), one["expiration_type"]) for one in dated) == sorted(
            (one.date.isoformat(), one.points, one.expiration.type) for one in expected.buckets if one.date
        )
        history = [entry_of(one) for one in self.run(card.listed("transactions"))]
        assert [one.instant for one in history] == sorted((one.instant for one in history), reverse=True)
        assert sorted(history, key=_in_time) == sorted(expected.entries, key=_in_time)

    def teardown(self) -> None:
        if hasattr(self, "cards"):
            self.unlisted = False
            self.cards_are_as_the_auditor_says()
            self.run(self._end())

    async def _end(self) -> None:
        async with self.api.engine.database.connection() as connection:
            assert await check_postings(connection, self.project.id) == len(self.cards)
        await self.client.aclose()


def _earnings(wallet_ids: list[str]) -> list[dict[str, Any]]:
    """Let an order earn its amount on the card that its metadata names."""
    return [_earning(name, one) for name, one in zip("ab", wallet_ids, strict=True)]


def _earning(name: str, wallet_id: str) -> dict[str, Any]:
    effect = {
        "card_definition_id": wallet_id, "calculation_type": "POST_DISCOUNT_ORDER_AMOUNT",
        "order": {"total_amount": {"every": 1, "value": 1}},
    }  # fmt: skip
    named = {"name": "order.metadata", "property": "card", "conditions": {"$is": [name]}}
    return {
        "effects": [{"type": "POINTS_PROPORTIONAL", "points_proportional": effect}],
        "rules": {"1": named, "logic": "1"},
    }


def _by_date_and_points(bucket: dict[str, Any]) -> tuple[str, int]:
    return bucket["expiration_date"], bucket["points"]["total"]


def _in_time(entry: Entry) -> tuple[datetime, str, int, date, str]:
    return entry.instant, entry.type, entry.points, entry.date or date.max, entry.status


def _check_card(shown: dict[str, Any], expected: AuditedCard) -> None:
    assert shown["balance"] == {"points": expected.balance, "pending_points": expected.pending_balance}
    lifetime = shown["lifetime_bucket"]
    assert lifetime["points"] == {name: expected.counters[name] for name in Counters._fields[:12]}
    assert lifetime["pending_points"] == {
        name: expected.counters[f"pending_{name}"] for name in ("total", "activated", "canceled")
    }
    expiration, activation = expected.next_expiration, expected.next_activation
    assert shown["next_expiration"] == (
        {"points": expiration[1], "date": expiration[0].isoformat()} if expiration else None
    )
    when = "cancel_date" if activation and activation[1] == "EVENT_BASED" else "date"
    assert shown["next_activation"] == (
        {"points": activation[2], "type": activation[1], when: activation[0].isoformat()} if activation else None
    )


@pytest.mark.parametrize("turn", range(size(1, 20)))
def test_cards_are_what_the_auditor_says_whatever_happens_and_whoever_looks(api: Api, turn: int) -> None:
    machine: Callable[[], PointsMachine] = partial(PointsMachine, api)
    large_enough = settings(
        max_examples=size(12, 30),
        stateful_step_count=size(20, 40),
        deadline=None,
        derandomize=not FULL_SIZE,  # the same stories every time, new ones at full size
        phases=[Phase.generate],  # a shorter story would take longer to find than a test may take
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=large_enough)
