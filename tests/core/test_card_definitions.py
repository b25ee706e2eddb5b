"""Card definitions: defaults, the rules of each section, and the rules between sections."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.core.strategies import CARD_DEFINITION_SECTIONS, CARD_DEFINITIONS
from tests.faults import faults, faults_of, stored_and_read

from troth.core.card_definitions import (
    CardDefinitionConfiguration,
    CardDefinitionSections,
    CodeConfig,
    references,
)
from troth.core.sections import configured, replaced

ALPHANUMERIC = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
NO_LIMIT = {"type": "NO_LIMIT", "limits": ()}
NONE = {"type": "NONE", "methods": ()}
DEFAULTS = {
    "code_config": {"length": 10, "charset": ALPHANUMERIC, "prefix": "", "postfix": "", "pattern": "##########"},
    "points_expiration": {"type": "NO_EXPIRATION"},
    "pending_points": {"type": "IMMEDIATE"},
    "earning_limits": {"global": NO_LIMIT, "transactions": NO_LIMIT},
    "spending_limits": {"global": NO_LIMIT, "transactions": NO_LIMIT},
    "refunds": {"spent_points": NONE, "earned_points": NONE},
    "balance_settings": {"allow_negative": False},
    "pay_with_points": {"type": "NO_PAYMENTS"},
}
CALENDAR = {
    "type": "CALENDAR_EXPIRATION",
    "calendar_expiration": {"expiration_dates": [{"day": 31, "month": 12}]},
}


def pending(days: int = 14) -> dict[str, Any]:
    return {"type": "PERIOD_BASED", "period_based": {"period": {"value": days, "unit": "DAY"}}}


def revoking(method: dict[str, Any] | None) -> dict[str, Any]:
    earned = {"type": "REFUNDABLE", "methods": [method]} if method else {"type": "NONE"}
    return {"spent_points": {"type": "NONE"}, "earned_points": earned}


def earning(whole: dict[str, Any], one: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"earning_limits": {"global": whole, "transactions": one or {"type": "NO_LIMIT"}}}


@pytest.mark.parametrize("value", [{}, dict.fromkeys(DEFAULTS)], ids=["absent", "null"])
def test_defaults(value: dict[str, Any]) -> None:
    assert CardDefinitionConfiguration.model_validate(value).stored() == DEFAULTS


@given(CARD_DEFINITIONS)
def test_storing_changes_nothing(value: dict[str, Any]) -> None:
    configuration = CardDefinitionConfiguration.model_validate(value)
    assert stored_and_read(configuration) == configuration
    assert set(configuration.stored()) == set(DEFAULTS)


@given(CARD_DEFINITIONS, CARD_DEFINITIONS)
def test_an_update_replaces_the_given_sections_alone(before: dict[str, Any], update: dict[str, Any]) -> None:
    given_sections = CardDefinitionSections.model_validate(update)
    present = configured(CardDefinitionConfiguration, CardDefinitionSections.model_validate(before))
    after = replaced(present, given_sections).stored()
    for name, default in DEFAULTS.items():
        if name not in update:
            assert after[name] == present.stored()[name]
        elif update[name] is None:
            assert after[name] == default
        else:
            assert after[name] == given_sections.stored()[name]


@given(st.sampled_from(sorted(CARD_DEFINITION_SECTIONS)), st.data())
def test_sending_the_present_value_is_no_change(name: str, data: st.DataObject) -> None:
    value = {name: data.draw(CARD_DEFINITION_SECTIONS[name])}
    present = CardDefinitionConfiguration.model_validate(value)
    assert replaced(present, CardDefinitionSections.model_validate({name: present.stored()[name]})) == present


@pytest.mark.parametrize(
    ("given_part", "shown"),
    [
        ({"length": 3}, {"length": 3, "pattern": "###"}),
        ({"length": None, "pattern": None}, {"length": 10, "pattern": "##########"}),
        ({"pattern": "AB-##-#"}, {"length": 3, "pattern": "AB-##-#"}),
        ({"pattern": "##", "length": 7}, {"length": 2, "pattern": "##"}),
        ({"prefix": "T-", "postfix": "!", "charset": "01"}, {"prefix": "T-", "postfix": "!", "charset": "01"}),
        ({"charset": "".join(map(chr, range(0x4E00, 0x4F00)))}, {"length": 10}),
    ],
)
def test_code_config_agrees_with_itself(given_part: dict[str, Any], shown: dict[str, Any]) -> None:
    stored = CodeConfig.model_validate(given_part).stored()
    assert {name: stored[name] for name in shown} == shown
    assert stored["length"] == stored["pattern"].count("#")


CHARSET = "must be 1 to 256 different printable characters"
HASH = "must hold at least one #: each # becomes a random character"
PRINTABLE = "must be at most 100 printable characters"


@pytest.mark.parametrize(
    ("value", "path", "words"),
    [
        ({"length": 0}, "length", "Input should be greater than or equal to 1"),
        ({"length": 101}, "length", "Input should be less than or equal to 100"),
        ({"length": "10"}, "length", "Input should be a valid integer"),
        ({"length": True}, "length", "Input should be a valid integer"),
        ({"charset": ""}, "charset", CHARSET),
        ({"charset": "aba"}, "charset", CHARSET),
        ({"charset": "a\n"}, "charset", CHARSET),
        ({"charset": "".join(map(chr, range(0x4E00, 0x4F01)))}, "charset", CHARSET),
        ({"pattern": "ABC"}, "pattern", HASH),
        ({"pattern": "#" * 101}, "pattern", PRINTABLE),
        ({"prefix": "a" * 101}, "prefix", PRINTABLE),
        ({"postfix": "\t"}, "postfix", PRINTABLE),
        ({"size": 1}, "size", "Extra inputs are not permitted"),
    ],
)
def test_code_config_refused(value: dict[str, Any], path: str, words: str) -> None:
    assert faults(CodeConfig, value) == {path: words}


@pytest.mark.parametrize(
    ("value", "path", "words"),
    [
        (
            {"pending_points": {"type": "FIXED_DATES"}},
            "pending_points.fixed_dates",
            "is required when type is FIXED_DATES",
        ),
        (
            {"pending_points": {**pending(), "type": "IMMEDIATE"}},
            "pending_points.period_based",
            "must be left out or null when type is IMMEDIATE",
        ),
        (
            {
                "pending_points": {
                    "type": "EVENT_BASED",
                    "event_based": {"event_types": [], "cancel_period": {"value": 1, "unit": "DAY"}},
                }
            },
            "pending_points.event_based.event_types",
            "must hold 1 to 10 entries",
        ),
        (
            earning({"type": "LIMITED"}),
            "earning_limits.global.limits",
            "is required when type is LIMITED",
        ),
        (
            earning({"type": "NO_LIMIT", "limits": [{"type": "BALANCE_BASED", "max": 1}]}),
            "earning_limits.global.limits",
            "must be left out or null when type is NO_LIMIT",
        ),
        (
            earning({"type": "LIMITED", "limits": [{"type": "BALANCE_BASED", "max": 1}] * 2}),
            "earning_limits.global.limits",
            "must hold at most one entry",
        ),
        (
            earning({"type": "LIMITED", "limits": [{"type": "SPENDING_BASED", "max": 1}]}),
            "earning_limits.global.limits.0.type",
            "must be one of BALANCE_BASED, TIME_BASED",
        ),
        (
            earning({"type": "LIMITED", "limits": ["BALANCE_BASED"]}),
            "earning_limits.global.limits.0",
            "must be an object",
        ),
        (
            earning({"type": "NO_LIMIT"}, {"type": "LIMITED", "limits": [{"type": "SPENDING", "min_amount": 0}]}),
            "earning_limits.transactions.limits.0.min_amount",
            "Input should be greater than or equal to 1",
        ),
        (
            earning(
                {
                    "type": "LIMITED",
                    "limits": [{"type": "TIME_BASED", "period": {"type": "CURRENT_PERIOD"}, "points": {"max": 1}}],
                }
            ),
            "earning_limits.global.limits.0.period.current_period",
            "is required when type is CURRENT_PERIOD",
        ),
        ({"earning_limits": {"global": NO_LIMIT}}, "earning_limits.transactions", "Field required"),
        (
            {"refunds": {"spent_points": {"type": "REFUNDABLE", "methods": []}, "earned_points": {"type": "NONE"}}},
            "refunds.spent_points.methods",
            "is required when type is REFUNDABLE",
        ),
        (
            {"balance_settings": {"allow_negative": 1}},
            "balance_settings.allow_negative",
            "Input should be a valid boolean",
        ),
        (
            {"pay_with_points": {"type": "EXCHANGE_RATIO"}},
            "pay_with_points.exchange_ratio",
            "is required when type is EXCHANGE_RATIO",
        ),
        (
            {"pay_with_points": {"type": "EXCHANGE_RATIO", "exchange_ratio": {"formula": ""}}},
            "pay_with_points.exchange_ratio.formula",
            "String should have at least 1 character",
        ),
        (
            {"pay_with_points": {"type": "EXCHANGE_RATIO", "exchange_ratio": {"formula": Decimal("1E+999999999")}}},
            "pay_with_points.exchange_ratio.formula",
            "must be a formula, or a number with at most 100 digits before and after its point",
        ),
        (
            {"balance_settings": {"allow_negative": True}, "points_expiration": CALENDAR},
            "balance_settings.allow_negative",
            "must be false unless points_expiration.type is NO_EXPIRATION",
        ),
        (
            {"refunds": revoking({"type": "REVOKE_FROM_BALANCE", "mode": "REVOKE_BELOW_ZERO"})},
            "refunds.earned_points.methods.0.mode",
            "must be REVOKE_TO_ZERO unless balance_settings.allow_negative is true",
        ),
        (
            {"refunds": revoking({"type": "REVOKE_FROM_PENDING"})},
            "refunds.earned_points.methods.0.type",
            "REVOKE_FROM_PENDING needs a pending_points.type of PERIOD_BASED, FIXED_DATES or EVENT_BASED",
        ),
    ],
)
def test_refused(value: dict[str, Any], path: str, words: str) -> None:
    assert faults(CardDefinitionConfiguration, value) == {path: words}


@pytest.mark.parametrize(
    "value",
    [
        {"balance_settings": {"allow_negative": True}},
        {
            "balance_settings": {"allow_negative": True},
            "refunds": revoking({"type": "REVOKE_FROM_BALANCE", "mode": "REVOKE_BELOW_ZERO"}),
        },
        {"pending_points": pending(), "refunds": revoking({"type": "REVOKE_FROM_PENDING"})},
    ],
)
def test_sections_that_fit(value: dict[str, Any]) -> None:
    assert faults(CardDefinitionConfiguration, value) == {}


def test_an_update_may_not_leave_sections_that_do_not_fit() -> None:
    present = CardDefinitionConfiguration.model_validate({"balance_settings": {"allow_negative": True}})
    update = CardDefinitionSections.model_validate({"points_expiration": CALENDAR})
    with pytest.raises(ValidationError) as refused:
        replaced(present, update)
    assert list(faults_of(refused.value)) == ["balance_settings.allow_negative"]


@pytest.mark.parametrize(
    ("formula", "text"),
    [(2, "2"), (Decimal("0.50"), "0.50"), (Decimal("1E+3"), "1000"), ("MAX(1; 2)", "MAX(1; 2)")],
)
def test_a_ratio_is_kept_as_text(formula: object, text: str) -> None:
    section = {"type": "EXCHANGE_RATIO", "exchange_ratio": {"formula": formula}}
    read = CardDefinitionConfiguration.model_validate({"pay_with_points": section})
    assert read.stored()["pay_with_points"]["exchange_ratio"] == {"formula": text}


def test_references_are_event_schemas() -> None:
    sections = {
        "points_expiration": {
            "type": "SLIDING_EXPIRATION",
            "sliding_expiration": {
                "custom_activity": True,
                "custom_activity_types": ["ms_a", "ms_b"],
                "period": {"value": 1, "unit": "YEAR"},
            },
        },
        "pending_points": {
            "type": "EVENT_BASED",
            "event_based": {"event_types": ["ms_b", "ms_c"], "cancel_period": {"value": 1, "unit": "DAY"}},
        },
    }
    assert references(CardDefinitionConfiguration.model_validate(sections)) == {"ms_a", "ms_b", "ms_c"}
    assert references(CardDefinitionConfiguration()) == frozenset()
