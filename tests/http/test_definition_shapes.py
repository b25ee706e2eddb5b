"""Bodies of definitions: what creations require, what updates count as given, what batches refuse."""

from typing import Any

import pytest
from tests.faults import faults

from troth.core.configuration import Configuration
from troth.core.earning_rules import EarningRuleConfiguration, identified
from troth.core.sections import configured, replaced
from troth.http.shapes.card_definitions import CardDefinitionCreateRequest, CardDefinitionUpdateRequest
from troth.http.shapes.earning_rules import EarningRuleCreateRequest, EarningRuleUpdateRequest
from troth.http.shapes.programs import (
    ProgramCardDefinitionBatchRequest,
    ProgramCreateRequest,
    ProgramRewardBatchRequest,
    ProgramUpdateRequest,
)
from troth.http.shapes.rewards import RewardCreateRequest, RewardUpdateRequest
from troth.http.shapes.tier_structures import TierStructureCreateRequest

CARD_DEFINITION = {"name": "Points", "type": "INDIVIDUAL"}
EARNING = {"effects": [{"type": "POINTS", "points": {"value": 1, "card_definition_id": "lcdef_1"}}]}
EARNING_RULE = {"name": "Orders", "trigger": {"event": "customer.order.paid"}, "earnings": [EARNING]}
COST = {"spending": [{"points": 1, "card_definition_id": "lcdef_1"}]}
REWARD = {
    "name": "Mug",
    "type": "MATERIAL",
    "material": {"type": "PRODUCT", "product": {"id": "prod_1"}},
    "costs": [COST],
}
STRUCTURE = {"name": "Levels", "type": "POINT_BALANCE", "point_balance": {"card_definition_id": "lcdef_1"}}
UNLIMITED = {"type": "UNLIMITED"}


@pytest.mark.parametrize(
    ("kind", "least"),
    [
        (CardDefinitionCreateRequest, CARD_DEFINITION),
        (EarningRuleCreateRequest, EARNING_RULE),
        (ProgramCreateRequest, {"name": "Club"}),
        (RewardCreateRequest, REWARD),
        (TierStructureCreateRequest, STRUCTURE),
    ],
)
def test_the_least_that_a_creation_needs(kind: type[Configuration], least: dict[str, Any]) -> None:
    body = kind.model_validate({**least, "status": None, "metadata": None})
    assert (getattr(body, "status"), getattr(body, "metadata")) == ("DRAFT", {})  # noqa: B009 - five kinds, one test
    for name in least:
        assert name in faults(kind, {key: value for key, value in least.items() if key != name})


@pytest.mark.parametrize(
    ("kind", "body", "path", "words"),
    [
        (
            CardDefinitionCreateRequest,
            {**CARD_DEFINITION, "name": ""},
            "name",
            "String should have at least 1 character",
        ),
        (CardDefinitionCreateRequest, {**CARD_DEFINITION, "id": "x"}, "id", "Extra inputs are not permitted"),
        (
            CardDefinitionUpdateRequest,
            {"type": "INDIVIDUAL"},
            "type",
            "Extra inputs are not permitted",
        ),
        (
            EarningRuleCreateRequest,
            {**EARNING_RULE, "earnings": [{**EARNING, "id": "lernei_1"}]},
            "earnings.0.id",
            "must be left out: a new earning has no id yet",
        ),
        (
            EarningRuleUpdateRequest,
            {"trigger": None},
            "trigger",
            "must not be null: leave it out to keep the present value",
        ),
        (EarningRuleUpdateRequest, {"earnings": []}, "earnings", "must hold 1 to 100 entries"),
        (
            RewardCreateRequest,
            {**REWARD, "costs": [{**COST, "id": "lrcst_1"}]},
            "costs.0.id",
            "must be left out: a new cost has no id yet",
        ),
        (
            RewardUpdateRequest,
            {"costs": None},
            "costs",
            "must not be null: leave it out to keep the present value",
        ),
        (ProgramUpdateRequest, {"status": "ACTIVE"}, "status", "Extra inputs are not permitted"),
        (ProgramCreateRequest, {"name": "Club", "earning_rules": []}, "earning_rules", "must hold 1 to 10 entries"),
        (
            ProgramCardDefinitionBatchRequest,
            {"assign": [{"id": "lcdef_1"}, {"id": "lcdef_2"}, {"id": "lcdef_1"}]},
            "assign.2.id",
            "must not be named twice",
        ),
        (
            ProgramRewardBatchRequest,
            {"assign": [{"id": "lrew_1", "stock": UNLIMITED}] * 11},
            "assign",
            "must hold at most 10 entries",
        ),
        (
            ProgramRewardBatchRequest,
            {"assign": [{"id": "lrew_1", "stock": {"type": "LIMITED"}}]},
            "assign.0.stock.limited",
            "is required when type is LIMITED",
        ),
    ],
)
def test_refused(kind: type[Configuration], body: dict[str, Any], path: str, words: str) -> None:
    assert faults(kind, body) == {path: words}


def test_a_batch_may_exchange_and_may_be_empty() -> None:
    item = {"id": "lcdef_1"}
    batch = ProgramCardDefinitionBatchRequest.model_validate({"assign": [item], "unassign": [item]})
    assert (batch.assign[0].id, batch.unassign[0].id) == ("lcdef_1", "lcdef_1")
    assert ProgramCardDefinitionBatchRequest.model_validate({"assign": None}).assign == ()


def test_an_earning_rule_from_creation_to_update() -> None:
    created = identified(
        configured(EarningRuleConfiguration, EarningRuleCreateRequest.model_validate(EARNING_RULE)),
        iter(["lernei_1"]),
    )
    body = EarningRuleUpdateRequest.model_validate(
        {"earnings": [{**EARNING, "id": "lernei_1", "name": "First"}, EARNING], "error": {"message": "No"}}
    )
    updated = identified(replaced(created, body), iter(["lernei_2"]))
    assert [(one.id, one.name) for one in updated.earnings] == [("lernei_1", "First"), ("lernei_2", None)]
    assert updated.trigger == created.trigger
    cleared = replaced(updated, EarningRuleUpdateRequest.model_validate({"error": None}))
    assert (cleared.error, cleared.earnings) == (None, updated.earnings)


def test_a_null_name_of_a_card_definition_is_no_change() -> None:
    body = CardDefinitionUpdateRequest.model_validate({"name": None, "metadata": None})
    assert (body.name, body.metadata, body.model_fields_set) == (None, {}, {"name", "metadata"})
