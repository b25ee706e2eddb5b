"""A shop for tests of payments: members with cards, orders, and what batches make of them, without a database."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from troth.core.card_definitions import CardDefinitionConfiguration
from troth.core.cards import ZERO, Counters
from troth.core.definitions import Definitions, ProgramInForce
from troth.core.ledger.accounts import Account
from troth.core.ledger.buckets import Bucket
from troth.core.ledger.holdings import Holdings
from troth.core.members import Member
from troth.core.orders import Order
from troth.core.payments.decision import Paid, Pay, PaymentLimit
from troth.core.payments.till import Facts, Till
from troth.core.points import CardPath, Present
from troth.core.programs import ProgramConfiguration
from troth.core.refusals import Refusal

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
NO_LIMIT = {"type": "NO_LIMIT"}


def wallet(formula: str = "1", **sections: Any) -> CardDefinitionConfiguration:
    pays = {"type": "EXCHANGE_RATIO", "exchange_ratio": {"formula": formula}}
    return CardDefinitionConfiguration.model_validate({"pay_with_points": pays, **sections})


def limits(transaction: int | None = None, whole: int | None = None) -> dict[str, Any]:
    """Return spending limits, of one transaction and over the life of the card."""
    one = {"type": "LIMITED", "limits": [{"type": "POINTS", "max": transaction}]} if transaction else NO_LIMIT
    all_ = {"type": "LIMITED", "limits": [{"type": "SPENDING_BASED", "max": whole}]} if whole else NO_LIMIT
    return {"spending_limits": {"global": all_, "transactions": one}}


def account(balance: int, number: int = 1, counters: Counters = ZERO) -> Account:
    """Return an account whose points lie in two buckets, one of them with a date."""
    soon, rest = balance // 3, balance - balance // 3
    month = date(2026, 1, 1)
    buckets = {
        "lcpeb_1": Bucket("lcpeb_1", "ROLLING_EXPIRATION", "a", date(2026, 5, 1), month, soon, "ACTIVE", NOW),
        "lcpeb_2": Bucket("lcpeb_2", "NO_EXPIRATION", "b", None, month, rest, "ACTIVE", NOW),
    }
    counters = counters._replace(total=counters.total + balance + counters.spent - counters.returned)
    return Account(f"lcrd_{number}", "lcdef_1", False, counters, buckets, {}, {}, NOW)


def order(total: int, order_id: str = "ord_1", **given: Any) -> Order:
    blank = Order(order_id, None, "CREATED", None, None, total, None, 0, (), {}, None, None, NOW, None)
    return blank._replace(**given)


class Shop:
    """Members with one card each, all in one program, and orders; every batch goes through a till of its own."""

    def __init__(self, of: CardDefinitionConfiguration, orders: list[Order], *accounts: Account) -> None:
        program = ProgramInForce("lprg_1", "Club", "ACTIVE", ProgramConfiguration(), {"lcdef_1": of})
        self.present = Present(Definitions(1, UTC, {"lprg_1": program}, (), {}, {}), NOW, fresh())
        self.orders = {one.id: one for one in orders}
        self.holdings = {
            f"lmbr_{number}": Holdings(
                Member(f"lmbr_{number}", f"cust_{number}", "lprg_1", "ACTIVE", {}, NOW, None), {one.card_id: one}
            )
            for number, one in enumerate(accounts, 1)
        }
        self.customers: dict[str, dict[str, Any]] = {}

    def pay(self, *commands: Pay) -> list[Paid | Refusal]:
        """Decide commands as one batch."""
        till = Till(Facts(list(self.orders.values()), self.customers, {}))
        answers: list[Paid | Refusal] = []
        for command in commands:
            holdings = self.holdings[command.path.member_id]
            try:
                paid = till.pay(command, holdings, self.present)
            except Refusal as refusal:
                answers.append(refusal)
                continue
            self.holdings[command.path.member_id] = holdings.after(paid.booked)
            answers.append(paid)
        self.orders |= {one.id: one for one in till.paid_orders}
        return answers

    def one(self, command: Pay) -> Paid:
        (answer,) = self.pay(command)
        if isinstance(answer, Refusal):
            raise answer
        return answer

    def balance(self, member: int = 1) -> int:
        (card,) = self.holdings[f"lmbr_{member}"].accounts.values()
        return card.counters.balance


def ask(member: int = 1, order_id: str | None = "ord_1", source_id: str | None = None, **most: int) -> Pay:
    """Return the command to pay an order, of at most so many `points` or such an `amount`."""
    path = CardPath("lprg_1", f"lmbr_{member}", f"lcrd_{member}")
    return Pay(path, order_id, source_id, PaymentLimit(**most), "{}")


def fresh() -> Callable[[str], str]:
    numbers = count(1)
    return lambda prefix: f"{prefix}_{next(numbers)}"
