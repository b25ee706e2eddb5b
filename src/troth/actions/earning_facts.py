"""Facts that earning and examine load for several members at once: what was earned, what lies in collections."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, tzinfo
from typing import Final, Protocol

from troth.core.calendar import instants_of
from troth.core.card_definitions import TimeBased
from troth.core.definitions import ProgramInForce
from troth.core.earning.booking import EarnedBefore
from troth.core.earning.evaluation import EarningRule
from troth.core.earning.facts import NEVER, Line, Period, Successes
from troth.core.ledger.transactions import TransactionType
from troth.db import earning, ledger, product_collections
from troth.db.database import Connection

_EARNED: Final = (TransactionType.POINTS_EARNED, TransactionType.PENDING_POINTS_ADDED)


class NamesCollections(Protocol):
    """A rule or a benefit, of which product collections what it counts may be."""

    @property
    def collection_ids(self) -> frozenset[str]: ...


async def earned_before(
    connection: Connection,
    programs: Iterable[ProgramInForce],
    member_ids: Collection[str],
    moment: datetime,
    zone: tzinfo,
) -> EarnedBefore:
    """Return how much the cards of members have earned in the periods around an instant that their wallets limit."""
    wallets = (wallet for program in programs for wallet in program.wallets.values())
    limits = (limit for wallet in wallets for limit in wallet.earning_limits.global_.limits)
    periods = {one.period.current_period for one in limits if isinstance(one, TimeBased)}
    sums: dict[tuple[str, str], int] = {}
    for unit in sorted(period.unit for period in periods if period is not None):
        first, after = instants_of(unit, moment, zone)
        found = await ledger.sums_in_period(connection, member_ids, _EARNED, first, after)
        sums |= {(card_id, unit): points for (_, card_id), points in found.items()}
    return lambda card_id, unit: sums.get((card_id, unit), 0)


async def successes(
    connection: Connection, asked: Iterable[tuple[str, EarningRule, datetime]], zone: tzinfo
) -> dict[str, dict[str, Successes]]:
    """Return how members have succeeded with rules, by member and rule, as far as cooldown and frequency ask.

    Each rule is asked of a member and an instant, whose calendar period its frequency counts in.
    """
    cooling: set[tuple[str, str]] = set()
    counted: dict[Period, tuple[datetime, set[str], set[str]]] = {}
    for member_id, rule, moment in asked:
        if rule.configuration.trigger_limits.cooldown.fixed_cooldown:
            cooling.add((member_id, rule.id))
        if period := rule.period(moment, zone):
            _, members, rules = counted.setdefault(period, (moment, set(), set()))
            members.add(member_id)
            rules.add(rule.id)
    found: dict[str, dict[str, Successes]] = defaultdict(dict)
    if cooling:
        for (member_id, rule_id), last_at in (await earning.last_successes(connection, cooling)).items():
            found[member_id][rule_id] = Successes(last_at)
    for period, (moment, members, rules) in counted.items():
        first, after = instants_of(period[0], moment, zone)
        counts = await earning.successes_in_period(connection, members, rules, first, after)
        for (member_id, rule_id), count in counts.items():
            known = found[member_id].get(rule_id, NEVER)
            found[member_id][rule_id] = known._replace(counts={**known.counts, period: count})
    return found


async def in_collections(
    connection: Connection,
    project_id: str,
    lines: Sequence[Line],
    rules: Iterable[NamesCollections],
    *,
    now: datetime,
    zone: tzinfo,
) -> list[Line]:
    """Return the lines of an order with the collections that hold them, of those that the rules ask about."""
    asked = frozenset().union(*(rule.collection_ids for rule in rules))
    products = {line.product_id for line in lines if line.product_id is not None}
    skus = {line.sku_id for line in lines if line.sku_id is not None}
    found = await product_collections.holders(connection, project_id, asked, products, skus, now=now, zone=zone)
    if not found:
        return list(lines)

    def holders(line: Line) -> frozenset[str]:
        return frozenset().union(*(found.get(one, ()) for one in (line.product_id, line.sku_id) if one))

    return [line._replace(collection_ids=holders(line)) for line in lines]
