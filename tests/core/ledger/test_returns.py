"""Points that were locked or spent come back where they were, beside the auditor (domain 7 and 11)."""

from datetime import UTC, datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from tests.core.auditor import Auditor, Part
from tests.core.ledger.clerk import Clerk, audited, postings_add_up
from tests.core.ledger.wallets import DATES, LENGTHS, PERIOD, ROUNDINGS, ZONES, after, dates_of, wallet_of
from tests.core.strategies import chosen

from troth.core.ledger.booking import Booked
from troth.core.ledger.postings import Kind
from troth.core.ledger.returns import released, returned, spent
from troth.core.ledger.transactions import TransactionStatus, TransactionType

START = datetime(2027, 1, 30, 11, tzinfo=UTC)
DATED = st.one_of(
    chosen("NO_EXPIRATION"),
    chosen("ROLLING_EXPIRATION", rolling_expiration=st.fixed_dictionaries({"period": PERIOD, "rounding": ROUNDINGS})),
    chosen("CALENDAR_EXPIRATION", calendar_expiration=st.fixed_dictionaries({"expiration_dates": DATES})),
)
Deed: TypeAlias = tuple[str, int, str]
STORIES = st.lists(
    st.tuples(st.sampled_from(["credit", "credit", "buy", "buy", "refund", "expire"]), st.integers(1, 9), LENGTHS),
    min_size=6,
    max_size=25,
)


class Books:
    """A member's card in the clerk's books, who locks and spends, and in the auditor's, who spends at once."""

    def __init__(self, zone: str, expiration: dict[str, Any]) -> None:
        wallet = wallet_of({"points_expiration": expiration})
        self.expiration = wallet.expiration
        self.clerk = Clerk(ZoneInfo(zone), START, card=wallet)
        self.auditor = Auditor(ZoneInfo(zone), START, card=wallet)
        self.bought: list[tuple[Booked, list[Part]]] = []

    def do(self, deed: str, points: int) -> None:
        clerk, auditor = self.clerk, self.auditor
        clerk.settle()
        card = auditor.cards["card"]
        match deed:
            case "credit":
                clerk.credit("card", points)
                auditor.credit("card", points)
            case "buy" if points <= card.balance:
                locked = clerk.debit("card", points, TransactionType.POINTS_SPENT_ON_REWARD)
                paying = locked.entry.transaction
                clerk._book("card", lambda account, now: spent(account, paying, points, {}, now))
                self.bought.append((locked, auditor.spend("card", points)))
            case "refund" if self.bought:
                locked, parts = self.bought.pop(points % len(self.bought))
                taken = locked.entry.postings[0].changes
                clerk._book("card", lambda account, now: returned(account, taken, self.expiration, now, clerk.fresh))
                auditor.give_back("card", parts)
            case "expire" if dated := clerk.expiring("card"):
                place = points % len(dated)
                buckets = sorted((one for one in card.buckets if one.date), key=lambda one: (one.date, one.month))
                clerk.expire("card", dated[place])
                auditor.expire("card", buckets[place])

    def wait(self, length: str) -> None:
        to = after(self.auditor.now, length, self.auditor.zone, dates_of(self.auditor))
        self.clerk.advance(to)
        self.auditor.advance(to)

    def agree(self) -> None:
        seen, expected = self.clerk.statement("card"), audited(self.auditor.cards["card"])
        assert (seen.balance, seen.buckets, seen.next_expiration) == (
            expected.balance, expected.buckets, expected.next_expiration,
        )  # fmt: skip
        for name in ("spent", "returned", "expired", "added"):
            assert seen.counters.get(name, 0) == expected.counters.get(name, 0)
        postings_add_up(self.clerk.accounts["card"], self.clerk.entries)


@given(st.sampled_from(ZONES), DATED, STORIES)
def test_what_is_bought_refunded_and_expired_agrees_with_the_auditor(
    zone: str, expiration: dict[str, Any], story: list[Deed]
) -> None:
    books = Books(zone, expiration)
    for deed, points, length in story:
        books.do(deed, points)
        books.agree()
        books.wait(length)
        books.agree()


@given(DATED, st.integers(1, 9), st.integers(1, 9))
def test_a_rejected_purchase_leaves_no_trace_but_in_its_counters(
    expiration: dict[str, Any], held: int, price: int
) -> None:
    wallet = wallet_of({"points_expiration": expiration})
    clerk = Clerk(ZoneInfo("UTC"), START, card=wallet)
    clerk.credit("card", held)
    before = clerk.statement("card")
    locked = clerk.debit("card", price, TransactionType.POINTS_SPENT_ON_REWARD)
    if price > held:
        assert locked.entry.transaction.status is TransactionStatus.REJECTED
        return
    taken = locked.entry.postings[0].changes
    paying = locked.entry.transaction
    done = clerk._book(
        "card", lambda account, now: released(account, paying, taken, wallet.expiration, {}, now, clerk.fresh)
    )
    assert [one.kind for one in done.entry.postings] == [Kind.UNLOCKED]
    assert done.entry.transaction.status is TransactionStatus.REJECTED
    after_it = clerk.statement("card")
    assert (after_it.balance, after_it.buckets) == (before.balance, before.buckets)
    postings_add_up(clerk.accounts["card"], clerk.entries)
