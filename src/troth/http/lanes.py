"""The batched actions, each behind its coalescer; made once a process."""

from functools import partial

from troth.actions import customers, events, members, memberships, orders, payments, points, purchases
from troth.actions.engine import Engine
from troth.core.customers import Upsert
from troth.core.events import CustomEvent, Track
from troth.core.members import Enrol, MemberWithCards
from troth.core.memberships import MembershipInFull, MembershipPath
from troth.core.orders import Order, Put
from troth.core.payments.decision import Pay
from troth.core.payments.transactions import Payment
from troth.core.points import Command
from troth.core.purchases.shop import Buy
from troth.core.purchases.transactions import RewardTransaction
from troth.http.coalescer import Coalescer


class Lanes:
    """A coalescer for each action that is decided in batches; requests with an idempotency key are not collected."""

    def __init__(self, engine: Engine) -> None:
        def is_alone() -> bool:
            return engine.database.is_enclosed

        self.enrol = Coalescer[Enrol, MemberWithCards](partial(members.enrol, engine), is_alone=is_alone)
        self.get_member = Coalescer[tuple[str, str], MemberWithCards](
            partial(members.get_members, engine), is_alone=is_alone
        )
        self.get_membership = Coalescer[MembershipPath, MembershipInFull](
            partial(memberships.get_memberships, engine), is_alone=is_alone
        )
        self.upsert_customer = Coalescer[Upsert, customers.CustomerInFull](
            partial(customers.upsert_customers, engine), is_alone=is_alone
        )
        self.points = Coalescer[Command, points.Answer](
            partial(points.move, engine),
            key=lambda command: command.path.member_id,
            patient=partial(points.move, engine, patient=True),
            is_alone=is_alone,
        )
        self.put_order = Coalescer[Put, Order](partial(orders.put_orders, engine), is_alone=is_alone)
        self.track_event = Coalescer[Track, CustomEvent](partial(events.track_events, engine), is_alone=is_alone)
        self.purchases = Coalescer[Buy, RewardTransaction](
            partial(purchases.buy, engine),
            key=lambda command: command.member_id,
            patient=partial(purchases.buy, engine, patient=True),
            is_alone=is_alone,
        )
        self.payments = Coalescer[Pay, Payment](
            partial(payments.pay, engine),
            key=lambda command: command.path.member_id,
            patient=partial(payments.pay, engine, patient=True),
            is_alone=is_alone,
        )
