"""What definitions refer to: which of it a project does not have."""

import httpx
import pytest
from tests.conftest import TestProject, make_project
from tests.http.definitions import wallet
from tests.http.platform import created

from troth.actions.engine import Engine
from troth.db import definitions, references

pytestmark = pytest.mark.anyio


async def test_only_what_the_project_has_is_not_missing(
    client: httpx.AsyncClient, engine: Engine, project: TestProject
) -> None:
    coupon = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 1}}
    product = await created(client, "products")
    made = [
        product["id"],
        (await created(client, f"products/{product['id']}/skus"))["id"],
        (await created(client, "product-collections", name="A", type="STATIC"))["id"],
        (await created(client, "segments", name="A"))["id"],
        (await created(client, "event-schemas", name="A", properties={}))["id"],
        (await created(client, "campaigns", name="A", campaign_type="DISCOUNT_COUPONS", voucher=coupon))["id"],
    ]
    absent = {f"{one.partition('_')[0]}_0" for one in made} | {"x_0", "none"}
    wallet_id = (await wallet(client))["id"]
    other = await make_project(engine)
    async with engine.database.connection() as connection:
        assert await references.missing(connection, project.id, [*made, *absent]) == absent
        assert await references.missing(connection, other.id, made) == set(made)
        assert await references.missing(connection, project.id, [wallet_id]) == {wallet_id}
        assert await references.missing(connection, project.id, []) == set()
        assert await definitions.missing(connection, project.id, [wallet_id, *made]) is None
        assert await definitions.missing(connection, project.id, [wallet_id, *made, *absent]) == "camp_0"
        assert await definitions.missing(connection, other.id, [wallet_id]) == wallet_id
