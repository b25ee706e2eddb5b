"""`troth demo`: a sandbox project filled over the API, as a newcomer's own program would fill it."""

import asyncio
import json
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import typer

from troth.actions import access
from troth.actions.engine import Engine

CUSTOMERS: Final = 100
STATE_FILE: Final = "demo.json"

CARD_DEFINITIONS: Final[tuple[dict[str, Any], ...]] = (
    {
        "name": "Coffee points",
        "type": "INDIVIDUAL",
        "status": "ACTIVE",
        "code_config": {"pattern": "CAFE-####-####", "charset": "0123456789ABCDEFGHJKMNPQRSTVWXYZ"},
        "points_expiration": {
            "type": "ROLLING_EXPIRATION",
            "rolling_expiration": {"period": {"unit": "YEAR", "value": 1}, "rounding": {"type": "END_OF_MONTH"}},
        },
    },
    {"name": "Status points", "type": "INDIVIDUAL", "status": "ACTIVE"},
)
NAMES: Final = (
    ("Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Frances", "Niklaus", "Radia", "Tony"),
    ("Martin", "Novak", "Rossi", "Silva", "Kowalska", "Jansen", "Meyer", "Dubois", "Larsen", "Costa"),
)


@dataclass(slots=True)
class Demo:
    """A filled project, and the only place where the token of its key is kept."""

    project_id: str
    app_id: str
    app_token: str
    program_id: str
    customer_ids: list[str]


class _Api:
    """The API as the project's own program sees it."""

    def __init__(self, address: str, app_id: str, app_token: str) -> None:
        self._address = address
        self._headers = {"X-App-Id": app_id, "X-App-Token": app_token, "Content-Type": "application/json"}

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._send(path, json.dumps(body).encode())

    def get(self, path: str) -> dict[str, Any]:
        return self._send(path, None)

    def _send(self, path: str, body: bytes | None) -> dict[str, Any]:
        request = urllib.request.Request(self._address + path, body, self._headers)  # noqa: S310 - http, always
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            shape: dict[str, Any] = json.load(answer)
            return shape


async def present(engine: Engine, address: str, folder: Path) -> None:
    """Fill the demo project unless the folder's database has it already, then print how to use it.

    `address` is where the API is served, such as `http://127.0.0.1:8420`.
    """
    kept = folder / STATE_FILE
    demo = Demo(**json.loads(kept.read_text())) if kept.exists() else None
    if demo is None:
        _, made = await access.create_project(engine, "Troth Coffee", sandbox=True, time_zone="Europe/Warsaw")
        demo = Demo(made.key.project_id, made.key.app_id, made.token, "", [])
        await asyncio.to_thread(_fill, demo, address)
        kept.touch(mode=0o600)
        kept.write_text(json.dumps(asdict(demo)))
    customer_id = await asyncio.to_thread(_stranger, demo, address)
    typer.echo(_described(demo, address, customer_id))


def _fill(demo: Demo, address: str) -> None:
    api = _Api(address, demo.app_id, demo.app_token)
    wallets = [api.post("/v2/loyalties/card-definitions", one)["id"] for one in CARD_DEFINITIONS]
    effects = [
        {
            "type": "POINTS_PROPORTIONAL",
            "points_proportional": {
                "calculation_type": "PRE_DISCOUNT_ORDER_AMOUNT",
                "card_definition_id": wallet,
                "order": {"amount": {"every": 100, "value": 1}},
            },
        }
        for wallet in wallets
    ]
    rule = {
        "name": "A point for every 1.00 paid",
        "trigger": {"event": "customer.order.paid"},
        "earnings": [{"name": "Every order", "effects": effects}],
        "status": "ACTIVE",
    }
    program = {
        "name": "Troth Coffee Club",
        "status": "ACTIVE",
        "card_definitions": [{"id": wallet} for wallet in wallets],
        "earning_rules": [{"id": api.post("/v2/loyalties/earning-rules", rule)["id"]}],
    }
    demo.program_id = api.post("/v2/loyalties/programs", program)["id"]
    demo.customer_ids = [api.post("/v1/customers", _customer(number))["id"] for number in range(CUSTOMERS)]


def _customer(number: int) -> dict[str, Any]:
    first, last = NAMES[0][number % 10], NAMES[1][number // 10]
    email = f"{first}.{last}@example.com".lower()
    return {"source_id": f"shop-{number + 1}", "name": f"{first} {last}", "email": email}


def _stranger(demo: Demo, address: str) -> str:
    """Return a customer who is no member yet; a new one once all have been enrolled."""
    api = _Api(address, demo.app_id, demo.app_token)
    among = quote(",".join(demo.customer_ids))
    path = f"/v2/loyalties/programs/{demo.program_id}/members?limit=100&filters[customer_id][conditions][$in]={among}"
    enrolled = {member["customer_id"] for member in api.get(path)["data"]}
    for customer_id in demo.customer_ids:
        if customer_id not in enrolled:
            return customer_id
    return str(api.post("/v1/customers", {"name": "One More"})["id"])


def _described(demo: Demo, address: str, customer_id: str) -> str:
    members = f"{address}/v2/loyalties/programs/{demo.program_id}/members"
    buyer = f'"customer": {{"id": "{customer_id}"}}'
    return f"""
Troth is running. Its sandbox project "Troth Coffee" has a program, two card definitions, an earning rule and
{len(demo.customer_ids)} customers. Ctrl-C stops it; its data is kept.

  X-App-Id     {demo.app_id}
  X-App-Token  {demo.app_token}
  API          {address}
  API docs     {address}/docs

Enrol a customer:

curl --request POST \\
  --url {members} \\
  --header 'Content-Type: application/json' \\
  --header 'X-App-Id: {demo.app_id}' \\
  --header 'X-App-Token: {demo.app_token}' \\
  --data '{{"customer_id": "{customer_id}", "status": "ACTIVE", "metadata": {{}}}}'

The answer has the member's id; a moment later its cards have their codes:

curl --url {members}/MEMBER_ID \\
  --header 'X-App-Id: {demo.app_id}' --header 'X-App-Token: {demo.app_token}'

Let the customer pay an order of 12.50, and ask why the member earned what it did:

curl --request POST \\
  --url {address}/v1/orders \\
  --header 'Content-Type: application/json' \\
  --header 'X-App-Id: {demo.app_id}' \\
  --header 'X-App-Token: {demo.app_token}' \\
  --data '{{"source_id": "order-1", "status": "PAID", {buyer}, "amount": 1250, "items": []}}'

curl --url {members}/MEMBER_ID/earning-evaluations \\
  --header 'X-App-Id: {demo.app_id}' --header 'X-App-Token: {demo.app_token}'
"""
