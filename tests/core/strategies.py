"""Valid values of definitions, as requests write them."""

from typing import Any

from hypothesis import strategies as st

HEX = st.integers(1, 2**40).map(lambda number: f"{number:x}")
COUNT = st.integers(1, 2**53 - 1)
FLAG = st.booleans()
DATE = st.builds(lambda month, day: {"day": day, "month": month}, st.integers(1, 12), st.integers(1, 28))
DATES = st.lists(DATE, min_size=1, max_size=20)


def ids(prefix: str) -> st.SearchStrategy[str]:
    return HEX.map(lambda digits: f"{prefix}_{digits}")


def optional(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return objects in which each property is given, null or absent."""
    return st.fixed_dictionaries({}, optional={name: st.none() | part for name, part in parts.items()})


def chosen(kind: str, **parts: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"type": st.just(kind), **parts})


def periods(**maxima: int) -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from(sorted(maxima)).flatmap(
        lambda unit: st.fixed_dictionaries({"value": st.integers(1, maxima[unit]), "unit": st.just(unit)})
    )


def expirations(years: int = 90, sliding_years: int = 90, months: int = 90) -> st.SearchStrategy[dict[str, Any]]:
    rounding = st.sampled_from(
        [None, {"type": "END_OF_QUARTER"}, {"type": "END_OF_PARTICULAR_MONTH", "value": 2}, {"type": "END_OF_MONTH"}]
    )
    events = st.lists(ids("ms"), min_size=1, max_size=10, unique=True)
    return st.one_of(
        chosen("NO_EXPIRATION"),
        chosen(
            "ROLLING_EXPIRATION",
            rolling_expiration=st.fixed_dictionaries(
                {"period": periods(DAY=90, MONTH=months, YEAR=years), "rounding": rounding}
            ),
        ),
        chosen("CALENDAR_EXPIRATION", calendar_expiration=st.fixed_dictionaries({"expiration_dates": DATES})),
        chosen(
            "SLIDING_EXPIRATION",
            sliding_expiration=st.fixed_dictionaries(
                {"period": periods(DAY=90, MONTH=months, YEAR=sliding_years)},
                optional={
                    "custom_activity": FLAG,
                    "earning_activity": st.none() | FLAG,
                    "custom_activity_types": events,
                },
            ).map(lambda one: one if "custom_activity_types" in one else {**one, "custom_activity": False}),
        ),
    )


PERIOD = periods(DAY=90, MONTH=90, YEAR=90)
PENDING = st.one_of(
    chosen("PERIOD_BASED", period_based=st.fixed_dictionaries({"period": PERIOD})),
    chosen("FIXED_DATES", fixed_dates=st.fixed_dictionaries({"dates": DATES})),
    chosen(
        "EVENT_BASED",
        event_based=st.fixed_dictionaries(
            {"event_types": st.lists(ids("ms"), min_size=1, max_size=10, unique=True), "cancel_period": PERIOD}
        ),
    ),
)
CURRENT_PERIOD = st.sampled_from(["DAY", "WEEK", "MONTH", "QUARTER", "YEAR"]).map(
    lambda unit: {"type": "CURRENT_PERIOD", "current_period": {"unit": unit}}
)
TIME_BASED = chosen("TIME_BASED", period=CURRENT_PERIOD, points=st.fixed_dictionaries({"max": COUNT}))


def limits(*kinds: st.SearchStrategy[Any], most: int = 1) -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        st.sampled_from(
            [{"type": "NO_LIMIT"}, {"type": "NO_LIMIT", "limits": None}, {"type": "NO_LIMIT", "limits": []}]
        ),
        chosen("LIMITED", limits=st.lists(st.one_of(*kinds), min_size=1, max_size=most)),
    )


CARD_DEFINITION_SECTIONS = {
    "code_config": optional(
        length=st.integers(1, 100),
        charset=st.sampled_from(["0123456789", "é ñ✓#"]),
        prefix=st.sampled_from(["", "A-"]),
        postfix=st.sampled_from(["-Z"]),
        pattern=st.sampled_from(["#", "##-##", "X##############"]),
    ),
    "points_expiration": expirations(),
    "pending_points": st.one_of(chosen("IMMEDIATE"), PENDING),
    "earning_limits": st.fixed_dictionaries(
        {
            "global": limits(chosen("BALANCE_BASED", max=COUNT), TIME_BASED),
            "transactions": limits(chosen("POINTS", max=COUNT), chosen("SPENDING", min_amount=COUNT), most=3),
        }
    ),
    "spending_limits": st.fixed_dictionaries(
        {
            "global": limits(chosen("SPENDING_BASED", max=COUNT), TIME_BASED),
            "transactions": limits(chosen("POINTS", max=COUNT)),
        }
    ),
    "refunds": st.fixed_dictionaries(
        {
            "spent_points": st.sampled_from(
                [
                    {"type": "NONE"},
                    *(
                        {"type": "REFUNDABLE", "methods": [{"type": "RETURN_POINTS", "mode": f"REFUND_{what}"}]}
                        for what in ("ALL", "ITEM", "AMOUNT")
                    ),
                ]
            ),
            "earned_points": st.sampled_from(
                [
                    {"type": "NONE", "methods": []},
                    {
                        "type": "REFUNDABLE",
                        "methods": [{"type": "REVOKE_FROM_BALANCE", "mode": "REVOKE_TO_ZERO"}],
                    },
                ]
            ),
        }
    ),
    "balance_settings": st.just({"allow_negative": False}),
    "pay_with_points": st.one_of(
        chosen("NO_PAYMENTS"),
        chosen(
            "EXCHANGE_RATIO",
            exchange_ratio=st.fixed_dictionaries(
                {
                    "formula": st.decimals(-1000, 1000, places=4)
                    | st.integers(1, 10)
                    | st.just('IF(ORDER_METADATA("x");1;2)')
                }
            ),
        ),
    ),
}
CARD_DEFINITIONS = optional(**CARD_DEFINITION_SECTIONS)

ERROR = st.none() | st.just({"message": "Not today"})
HOURS = st.one_of(
    chosen("ANY_TIME"),
    chosen("DAILY", daily=st.just([{"days_of_week": [0, 3], "start_time": "08:00", "end_time": "12:30"}])),
)
NUMERIC = st.one_of(st.integers(-(2**53) + 1, 2**53 - 1), st.decimals(-(10**6), 10**6, places=2), st.just("12.5"))
ITEM = st.one_of(
    ids("prod"),
    st.just("own-id"),
    st.builds(lambda one: {"id": one, "object": "sku", "source_id": None}, ids("sku")),
    st.just({"source_id": "S-1", "type": "product"}),
)
MATCHED_RULE = st.one_of(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["price", "quantity", "aggregated_amount", "aggregated_quantity"]).map(
                lambda what: f"order.items.{what}"
            ),
            "conditions": st.dictionaries(
                st.sampled_from(["$is", "$more_than", "$less_than_or_equal"]),
                st.lists(NUMERIC, min_size=1, max_size=3),
                min_size=1,
            ),
        }
    ),
    st.just({"name": "order.items.metadata", "property": "colour", "conditions": {"$in": ["red", True, 3]}}),
)


def groups(rule: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    def joined(rules: list[Any], word: str) -> dict[str, Any]:
        numbered = {str(number): one for number, one in enumerate(rules, 1)}
        return {"logic": word.join(list(numbered)[:2]), **numbered}

    return st.builds(joined, st.lists(rule, min_size=1, max_size=4), st.sampled_from([" and ", " OR "]))


RULE = st.one_of(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(
                ["order.amount", "order.initial_amount", "order.total_amount", "order.items.count"]
            ),
            "conditions": st.dictionaries(
                st.sampled_from(["$is", "$not_in", "$less_than", "$more_than_or_equal"]),
                st.lists(NUMERIC, min_size=1, max_size=3),
                min_size=1,
            ),
            "error": ERROR,
        }
    ),
    st.fixed_dictionaries(
        {
            "name": st.just("customer.segment"),
            "conditions": st.fixed_dictionaries({"$in": st.lists(ids("seg"), min_size=1)}),
        }
    ),
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["any", "every", "none", "cheapest", "most_expensive"]).map(
                "order.items.{}".format
            ),
            "conditions": optional(**{"$is_not": st.lists(ITEM, min_size=1), "$from": st.lists(ids("pc"), min_size=1)}),
            "rules": groups(MATCHED_RULE),
        }
    ),
    st.just({"name": "customer.metadata", "property": "birthday", "conditions": {"$is": [True, "x"], "$dow": [0, 6]}}),
)
EVERY = {"every": COUNT, "value": st.decimals(0, 10**6, places=3) | st.integers(0, 2**53 - 1)}
APPLICABLE = st.one_of(
    st.builds(lambda one: {"type": "product", "product": {"id": one}}, ids("prod")),
    st.builds(lambda one: {"type": "sku", "sku": {"id": one}}, ids("sku")),
    st.builds(lambda one: {"type": "products_collection", "products_collection": {"id": one}}, ids("pc")),
)


def proportional(**more: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return proportional points of all calculation types that an order's trigger carries."""
    plain = st.fixed_dictionaries(EVERY)
    metadata = st.fixed_dictionaries({**EVERY, "property": st.just("spent")})
    items = st.fixed_dictionaries({**EVERY, "applicable_to": st.lists(APPLICABLE, min_size=1, max_size=3)})
    bases = {
        "PRE_DISCOUNT_ORDER_AMOUNT": ("order", "amount", plain),
        "POST_DISCOUNT_ORDER_AMOUNT": ("order", "total_amount", plain),
        "ORDER_METADATA_VALUE": ("order", "metadata", metadata),
        "CUSTOMER_METADATA_VALUE": ("customer", "metadata", metadata),
        "PRE_DISCOUNT_ORDER_ITEMS_AMOUNT": ("order_items", "amount", items),
        "POST_DISCOUNT_ORDER_ITEMS_AMOUNT": ("order_items", "subtotal_amount", items),
        "ORDER_ITEMS_QUANTITY": ("order_items", "quantity", items),
    }
    return st.one_of(
        *(
            st.fixed_dictionaries(
                {
                    "calculation_type": st.just(kind),
                    "card_definition_id": ids("lcdef"),
                    section: st.fixed_dictionaries({name: base}),
                    **more,
                }
            )
            for kind, (section, name, base) in bases.items()
        )
    )


OWN_EXPIRATION = st.none() | expirations(years=5, sliding_years=1, months=12)
EFFECT = st.one_of(
    chosen(
        "POINTS",
        points=st.fixed_dictionaries(
            {"value": COUNT, "card_definition_id": ids("lcdef"), "points_expiration": OWN_EXPIRATION}
        ),
    ),
    chosen("POINTS_PROPORTIONAL", points_proportional=proportional(points_expiration=OWN_EXPIRATION)),
    chosen("BENEFIT", benefit=st.fixed_dictionaries({"id": ids("lben") | ids("linc")})),
    chosen("INCENTIVE", incentive=st.fixed_dictionaries({"id": ids("lben") | ids("linc")})),
)
EARNING = st.fixed_dictionaries(
    {"effects": st.lists(EFFECT, min_size=1, max_size=3)},
    optional={
        "name": st.none() | st.just("Double points"),
        "rules": st.none() | groups(RULE),
        "tier_rules": st.one_of(
            st.none(),
            chosen("NO_REQUIREMENTS"),
            chosen(
                "ANY_OF",
                any_of=st.lists(
                    st.fixed_dictionaries(
                        {"tier_structure_id": ids("lts"), "tier_ids": st.lists(ids("lt"), min_size=1, max_size=2)}
                    ),
                    min_size=1,
                    max_size=2,
                ),
            ),
        ),
    },
)
TRIGGER_LIMITS = optional(
    cooldown=st.one_of(
        chosen("NO_COOLDOWN"),
        chosen(
            "FIXED_COOLDOWN",
            fixed_cooldown=st.fixed_dictionaries({"period": periods(HOUR=24, DAY=90, WEEK=52, MONTH=12, YEAR=1)}),
        ),
    ),
    frequency=limits(
        chosen("TIME_BASED", period=CURRENT_PERIOD, triggers=st.fixed_dictionaries({"max": COUNT})),
    ),
)
EARNING_RULES = st.fixed_dictionaries(
    {"trigger": st.just({"event": "customer.order.paid"}), "earnings": st.lists(EARNING, min_size=1, max_size=3)},
    optional={
        "error": ERROR,
        "validity_hours": st.none() | HOURS,
        "start_date": st.sampled_from([None, "2026-01-01T00:00:00Z"]),
        "end_date": st.sampled_from([None, "2026-06-01T12:00:00.5+02:00"]),
        "trigger_limits": st.none() | TRIGGER_LIMITS,
    },
)
