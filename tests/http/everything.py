"""Every operation of the OpenAPI document, and one of everything that their paths can name."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from troth.actions import issuing
from troth.actions.engine import Engine
from troth.db.database import Database
from troth.http.app import document

Ids = Mapping[str, str]
Body = Callable[[Ids], Any]

SENT_AS: Final = {
    "application/json": "json",
    "application/x-www-form-urlencoded": "data",
    "multipart/form-data": "files",
}
"""How the client is handed a body of a media type."""

NAMES_NOT_IDS: Final = frozenset({"resource"})
"""Path parameters whose values every project has."""

READING: Final = frozenset(
    {"generate-oauth-token", "introspect-oauth-token", "revoke-oauth-token", "examineEarningRules", "examineRewards"}
)
"""Operations that a read-only key may call although they are no GET (domain 2)."""

LATER: Final = frozenset({"batchCreateProgramMembers"})
"""Operations that answer before they look at what their body names."""

UNLIMITED: Final = {"type": "UNLIMITED"}
EXPIRATION: Final = {
    "type": "ROLLING_EXPIRATION",
    "rolling_expiration": {"period": {"value": 1, "unit": "YEAR"}},
}


def _points(ids: Ids) -> dict[str, Any]:
    return {"type": "POINTS", "points": {"value": 1, "card_definition_id": ids["cardDefinitionId"]}}


BODIES: Final[Mapping[str, Body]] = {
    "createCardDefinition": lambda _: {
        "name": "Points",
        "type": "INDIVIDUAL",
        "status": "ACTIVE",
        "points_expiration": EXPIRATION,
        "pay_with_points": {"type": "EXCHANGE_RATIO", "exchange_ratio": {"formula": "1"}},
    },
    "createEarningRule": lambda ids: {
        "name": "Rule",
        "status": "ACTIVE",
        "trigger": {"event": "customer.order.paid"},
        "earnings": [{"effects": [_points(ids)]}],
    },
    "updateEarningRule": lambda ids: {"earnings": [{"effects": [_points(ids)]}]},
    "createTierStructure": lambda ids: {
        "name": "Levels",
        "type": "POINT_BALANCE",
        "point_balance": {"card_definition_id": ids["cardDefinitionId"]},
    },
    "createTier": lambda _: {"name": "Gold", "qualification_rules": {"type": "POINTS", "points": {"min_value": 0}}},
    "createBenefit": lambda ids: {"name": "Points", **_points(ids)},
    "createIncentive": lambda ids: {"name": "Points", "stock": 5, **_points(ids)},
    "createReward": lambda ids: {
        "name": "Mug",
        "type": "DIGITAL",
        "status": "ACTIVE",
        "digital": {"type": "DISCOUNT_COUPONS", "discount_coupons": {"campaign_id": ids["campaignId"]}},
        "refunds": {"type": "REFUNDABLE"},
        "costs": [{"spending": [{"points": 5, "card_definition_id": ids["cardDefinitionId"]}]}],
    },
    "createProgram": lambda ids: {
        "name": "Club",
        "status": "ACTIVE",
        "card_definitions": [{"id": ids["cardDefinitionId"]}],
        "earning_rules": [{"id": ids["earningRuleId"]}],
        "tier_structures": [{"id": ids["tierStructureId"]}],
        "rewards": [{"id": ids["rewardId"], "stock": UNLIMITED}],
    },
    "batchProgramEarningRuleAssignments": lambda ids: {"assign": [{"id": ids["earningRuleId"]}]},
    "batchProgramRewardAssignments": lambda ids: {"assign": [{"id": ids["rewardId"], "stock": UNLIMITED}]},
    "updateProgramRewardAssignment": lambda _: {"stock": UNLIMITED},
    "createMember": lambda ids: {"customer_id": ids["customerId"]},
    "batchCreateProgramMembers": lambda ids: [{"customer_id": ids["customerId"]}],
    "adjustCardPoints": lambda _: {"points": 10},
    "createMemberOrderPayment": lambda ids: {"card_id": ids["cardId"], "order": {"id": ids["orderId"]}},
    "purchaseMemberReward": lambda ids: {"reward_id": ids["rewardId"]},
    "updateProgramMember": lambda _: {"metadata": {"x": 1}},
    "upsertCustomersInBulk": lambda _: [{"source_id": "crm/1"}],
    "importCustomersCsv": lambda _: {"file": b"source_id\ncrm/1\n"},
    "examineRewards": lambda ids: {
        "customer_identification": {"type": "customer_id", "customer_id": ids["customerId"]}
    },
    "createCampaign": lambda _: {
        "name": "Coupons",
        "campaign_type": "DISCOUNT_COUPONS",
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 100}},
    },
    "examineEarningRules": lambda ids: {
        "trigger": {"type": "ALL"},
        "customer_identification": {"type": "customer_id", "customer_id": ids["customerId"]},
        "customer_order_paid": {"order": {"items": [{"product_id": ids["productId"]}]}},
    },
    "moveClock": lambda _: {"now": "2030-01-01T00:00:00.000Z"},
    "createEventSchema": lambda _: {"name": "visited", "properties": {}},
    "putMetadataSchema": lambda _: {"properties": {}},
    "createOrder": lambda ids: {
        "customer": {"id": ids["customerId"]},
        "items": [{"product_id": ids["productId"], "sku_id": ids["skuId"]}],
        "amount": 3,
    },
    "importOrders": lambda _: [{"source_id": "shop/1"}],
    "trackCustomEvent": lambda ids: {"event": "visited", "customer": {"id": ids["customerId"]}},
    "createProductCollection": lambda ids: {
        "name": "All",
        "type": "STATIC",
        "products": [{"id": ids["productId"], "object": "product"}],
    },
    "createSegment": lambda ids: {"name": "Some", "customers": [ids["customerId"]]},
    "addSegmentCustomers": lambda ids: {"customers": [ids["customerId"]]},
    "removeSegmentCustomers": lambda ids: {"customers": [ids["customerId"]]},
    "generate-oauth-token": lambda _: {"grant_type": "client_credentials", "scope": "api"},
    "introspect-oauth-token": lambda _: {"access_token": "unknown"},
    "revoke-oauth-token": lambda _: {"access_token": "unknown"},
}
"""A valid body, made of ids, for each operation that `{}` is none for or that names other resources."""

MADE: Final = (
    ("customerId", "createCustomer"),
    ("productId", "createProduct"),
    ("skuId", "createSku"),
    ("productCollectionId", "createProductCollection"),
    ("segmentId", "createSegment"),
    ("eventSchemaId", "createEventSchema"),
    ("metadataSchemaId", "putMetadataSchema"),
    ("orderId", "createOrder"),
    ("campaignId", "createCampaign"),
    ("cardDefinitionId", "createCardDefinition"),
    ("earningRuleId", "createEarningRule"),
    ("tierStructureId", "createTierStructure"),
    ("tierId", "createTier"),
    ("tierStructureId", "activateTierStructure"),
    ("benefitId", "createBenefit"),
    ("id", "createIncentive"),
    ("rewardId", "createReward"),
    ("programId", "createProgram"),
    ("asyncActionId", "batchCreateProgramMembers"),
    ("memberId", "createMember"),
)
"""The operation that makes an example of a path parameter, each out of those before it."""


@dataclass(frozen=True)
class Operation:
    """One operation of the document; `parameters` are those of its path."""

    id: str
    method: str
    path: str
    parameters: tuple[str, ...]
    public: bool
    media_type: str | None

    @property
    def changes(self) -> bool:
        return self.method != "GET" and self.id not in READING

    def url(self, ids: Ids) -> str:
        return self.path.format_map(ids)

    def body(self, ids: Ids) -> Any:
        return BODIES.get(self.id, lambda _: {})(ids)

    async def call(self, client: httpx.AsyncClient, ids: Ids, *, named: Ids | None = None) -> httpx.Response:
        """Call the operation at a path made of `ids`, with a body that names the same or those of `named`."""
        body = self.body(ids if named is None else named)
        content = {} if self.media_type is None else {SENT_AS[self.media_type]: body}
        return await client.request(self.method, self.url(ids), **content)


def _operations() -> Iterator[Operation]:
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            (media_type,) = operation.get("requestBody", {"content": [None]})["content"]
            yield Operation(
                id=operation["operationId"],
                method=method.upper(),
                path=path,
                parameters=tuple(re.findall(r"{(\w+)}", path)),
                public=operation.get("security") == [],
                media_type=media_type,
            )


OPERATIONS: Final = tuple(_operations())


async def one_of_everything(client: httpx.AsyncClient, engine: Engine) -> dict[str, str]:
    """Make one of everything in the client's project and return an id for each path parameter."""
    by_id = {one.id: one for one in OPERATIONS}
    ids = {"resource": "customer"}
    for name, operation_id in MADE:
        answer = await by_id[operation_id].call(client, ids)
        assert answer.is_success, (operation_id, answer.text)
        shown = answer.json()
        ids[name] = shown["async_action_id" if name == "asyncActionId" else "id"]
    ids["cardId"] = shown["cards"][0]["card"]["id"]
    await by_id["adjustCardPoints"].call(client, ids)
    ids["bucketId"] = (await by_id["listCardExpiringPoints"].call(client, ids)).json()["data"][0]["id"]
    paid = await by_id["createMemberOrderPayment"].call(client, ids)
    assert paid.status_code == 202, paid.text
    bought = await by_id["purchaseMemberReward"].call(client, ids)
    ids["rewardTransactionId"] = bought.json()["transaction"]["id"]
    while (await issuing.work_off(engine)).more:
        pass
    ids["code"] = (await by_id["listVouchers"].call(client, ids)).json()["vouchers"][0]["code"]
    return ids


async def everything_stored(database: Database) -> dict[str, tuple[int, str]]:
    """Return how many rows each table has, and a digest of what they hold.

    Not counted are the installation's secrets, which are made when they are first needed.
    """
    async with database.connection() as connection:
        names = await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'secrets' ORDER BY 1"
        )
        one = "SELECT '{0}', count(*), coalesce(md5(string_agg(row::text, '' ORDER BY row::text)), '') FROM {0} AS row"
        rows = await connection.fetch(" UNION ALL ".join(one.format(name[0]) for name in names))
        return {row[0]: (row[1], row[2]) for row in rows}
