"""A batch of purchases: each is decided on what those before it left (domain 11)."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final, NamedTuple

from troth.core.earning.facts import CustomerFacts
from troth.core.ledger.holdings import Holdings
from troth.core.points import CardPath, Present, active, at_work
from troth.core.purchases.decision import Bought, Offer, Purchase, purchase
from troth.core.purchases.offers import Assigned, Reward
from troth.core.refusals import not_found

Key = tuple[str, str]
_UNKNOWN: Final = CustomerFacts()


class Buy(NamedTuple):
    """Buy a reward; `source` is who does, as the `source` of activities in JSON text."""

    program_id: str
    member_id: str
    reward_id: str
    source: str


class Facts(NamedTuple):
    """What is known of a batch besides points: rewards, customers, stock, and what was bought and spent before.

    `left` has what is left of limited rewards by program and reward, `bought` is by member and reward, `spent` by card
    and unit of the period. Rewards in `others` are assigned to none of the programs.
    """

    assigned: Mapping[str, Mapping[str, Assigned]]
    others: Mapping[str, Reward]
    customers: Mapping[str, CustomerFacts]
    left: Mapping[Key, int | None]
    bought: Mapping[Key, Bought]
    spent: Mapping[Key, int]


class Shop:
    """The facts of a batch as they change with each purchase."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._left = dict(facts.left)
        self._bought = dict(facts.bought)
        self._spent: defaultdict[str, int] = defaultdict(int)
        self.taken: dict[Key, int] = {}
        """How many units were taken of limited rewards, by program and reward."""

    def buy(self, command: Buy, holdings: Holdings | None, present: Present) -> Purchase:
        """Return a purchase by a member that is settled up to now, and count it.

        Raises a refusal, in the order of checks of domain 4 and 11.
        """
        program = at_work(command.program_id, present)
        member = active(CardPath(command.program_id, command.member_id, ""), holdings)
        made = purchase(self.offer(command, member), program, member, present)
        self._count(command, made)
        return made

    def offer(self, command: Buy, holdings: Holdings) -> Offer:
        """Return a reward as the member meets it. Raises a refusal with `NOT_FOUND`."""
        assigned = self._facts.assigned.get(command.program_id, {}).get(command.reward_id)
        reward = assigned.reward if assigned else self._facts.others.get(command.reward_id)
        if reward is None:
            raise not_found("reward", command.reward_id)
        stock = (command.program_id, command.reward_id)
        return Offer(
            reward,
            assigned is not None and (not assigned.is_limited or stock in self._left),
            self._left.get(stock),
            self._bought.get((command.member_id, command.reward_id), Bought()),
            self._facts.customers.get(holdings.member.customer_id, _UNKNOWN),
            lambda card_id, unit: self._facts.spent.get((card_id, unit), 0) + self._spent[card_id],
        )

    def _count(self, command: Buy, made: Purchase) -> None:
        stock = (command.program_id, command.reward_id)
        if self._left.get(stock) is not None:
            self._left[stock] = (self._left[stock] or 0) - 1
            self.taken[stock] = self.taken.get(stock, 0) + 1
        mine = (command.member_id, command.reward_id)
        before = self._bought.get(mine, Bought())
        self._bought[mine] = Bought(made.transaction.created_at, before.times + 1)
        self._spent[made.transaction.card_id] += made.transaction.points
