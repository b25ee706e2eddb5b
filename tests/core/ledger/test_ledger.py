"""The ledger beside the auditor, and beside itself: whoever looks, whenever, sees the same books (domain 7, 16)."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from tests.core.auditor import AuditedCard, Auditor
from tests.core.ledger.clerk import Clerk, audited, postings_add_up
from tests.core.ledger.wallets import (
    EVENT,
    EXPIRATIONS,
    LENGTHS,
    OTHER_EVENT,
    WALLETS,
    ZONES,
    after,
    dates_of,
    wallet_of,
)

from troth.core.expiration import PointsExpiration

START = datetime(2027, 1, 30, 11, tzinfo=UTC)
DEEDS = ("credit", "debit", "earn", "spend", "refund", "activate", "cancel", "expire", "event", "other event")

Deed: TypeAlias = tuple[str, str, int, str]
"""What is done on which card, with how many points, and for how long nothing is done then."""

STORIES = st.lists(
    st.tuples(st.sampled_from(DEEDS), st.sampled_from(["a", "b"]), st.integers(1, 9), st.just("0 days") | LENGTHS),
    min_size=6,
    max_size=25,
)


class Books:
    """A member with two cards, in the clerk's books and in the auditor's."""

    def __init__(self, zone: str, wallets: Iterable[dict[str, Any]]) -> None:
        given = dict(zip("ab", map(wallet_of, wallets), strict=True))
        self.clerk = Clerk(ZoneInfo(zone), START, **given)
        self.auditor = Auditor(ZoneInfo(zone), START, **given)

    def do(self, deed: str, name: str, points: int, own: PointsExpiration | None = None) -> None:
        """Do something on a card, where it can be done."""
        clerk, auditor = self.clerk, self.auditor
        clerk.settle()
        card = auditor.cards[name]
        match deed:
            case "credit" | "debit":
                getattr(clerk, deed)(name, points)
                getattr(auditor, deed)(name, points)
            case "earn":
                clerk.earn(name, points, own)
                auditor.earn(name, points, own)
            case "spend" | "refund" if points <= card.balance or (deed == "refund" and card.wallet.allow_negative):
                getattr(clerk, deed)(name, points)
                getattr(auditor, deed)(name, points)
            case "activate" | "cancel" if card.pending:
                place = points % len(card.pending)
                getattr(clerk, deed)(name, clerk.waiting(name)[place])
                getattr(auditor, deed)(name, card.pending[place])
            case "expire" if dated := in_order(card):
                place = points % len(dated)
                clerk.expire(name, clerk.expiring(name)[place])
                auditor.expire(name, dated[place])
            case "event" | "other event":
                schema_id = EVENT if deed == "event" else OTHER_EVENT
                clerk.custom_event(schema_id)
                auditor.custom_event(schema_id)

    def wait(self, length: str) -> None:
        to = after(self.auditor.now, length, self.auditor.zone, dates_of(self.auditor))
        self.clerk.advance(to)
        self.auditor.advance(to)

    def agree(self) -> None:
        for name, card in self.auditor.cards.items():
            assert self.clerk.statement(name) == audited(card)
            entries = [one for one in self.clerk.entries if one.transaction.card_id == f"lcrd_{name}"]
            postings_add_up(self.clerk.accounts[name], entries)

    @property
    def tie(self) -> bool:
        """Whether two buckets differ in nothing but their configuration: which is consumed first, ids decide."""
        for card in self.auditor.cards.values():
            places = [(one.date, one.month) for one in card.buckets]
            if len(set(places)) < len(places):
                return True
        return False


def in_order(card: AuditedCard) -> list[Any]:
    return sorted((one for one in card.buckets if one.date), key=lambda one: (one.date, one.month, one.number))


@given(st.sampled_from(ZONES), st.tuples(WALLETS, WALLETS), STORIES)
def test_the_ledger_agrees_with_the_auditor(zone: str, wallets: Any, story: list[Deed]) -> None:
    books = Books(zone, wallets)
    for deed, name, points, length in story:
        books.do(deed, name, points)
        books.agree()
        books.wait(length)
        books.agree()


@given(
    st.sampled_from(ZONES),
    st.tuples(WALLETS, WALLETS),
    st.lists(EXPIRATIONS.map(PointsExpiration.model_validate), min_size=1, max_size=3),
    STORIES,
)
def test_it_does_so_with_expirations_of_effects(
    zone: str, wallets: Any, own: list[PointsExpiration], story: list[Deed]
) -> None:
    books = Books(zone, wallets)
    for deed, name, points, length in story:
        books.do(deed, name, points, own[points % len(own)])
        if books.tie:
            return
        books.agree()
        books.wait(length)
        if books.tie:
            return
        books.agree()


@given(st.sampled_from(ZONES), st.tuples(WALLETS, WALLETS), STORIES, st.lists(LENGTHS, min_size=1, max_size=4))
def test_nobody_sees_when_the_work_was_done(zone: str, wallets: Any, story: list[Deed], naps: list[str]) -> None:
    """One member is settled only by what is done; the other at many instants in between: even their ids are equal."""
    seldom, often = Books(zone, wallets), Books(zone, wallets)
    for deed, name, points, length in story:
        for books in (seldom, often):
            books.do(deed, name, points)
        seldom.wait(length)
        for nap in naps * 3:
            often.clerk.advance(min(after(often.clerk.now, nap, often.clerk.zone), seldom.clerk.now))
            often.clerk.settle()
        often.wait(length)
    for books in (seldom, often):
        books.clerk.settle()
    assert seldom.clerk.accounts == often.clerk.accounts
    assert seldom.clerk.entries == often.clerk.entries
