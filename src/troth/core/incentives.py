"""Incentives: benefits as their other face shows them (domain 1, two faces)."""

from collections.abc import Mapping
from typing import Any

from troth.core.benefits import incentive_stock
from troth.core.lifecycle import INCENTIVE
from troth.core.stock import Stock


def shown(benefit: Mapping[str, Any]) -> dict[str, Any]:
    """Return the incentive that is the same as a benefit, both as answers show them (contract: IncentiveDTO)."""
    return {
        **benefit,
        "id": INCENTIVE.named(benefit["id"]),
        "stock": incentive_stock(Stock.model_validate(benefit["stock"])),
        "object": INCENTIVE.noun,
    }
