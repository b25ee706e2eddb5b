"""Why a request is refused: a closed list of reasons, and the refusal that carries one (domain 4).

A refusal is a value. Decisions return it, batches keep it beside the answers of the other commands, and only the door
turns it into an HTTP answer. Whoever refuses has written nothing.
"""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple


class Answer(NamedTuple):
    """How a reason reads on the wire: HTTP status, machine-readable key, sentence for people."""

    code: int
    key: str
    message: str


class Reason(Enum):
    """Every reason there is, with its answer; the order of checks is domain 4's."""

    INVALID_PAYLOAD = Answer(400, "invalid_payload", "Invalid payload")
    INVALID_QUERY = Answer(400, "invalid_query_params", "Invalid query parameters")
    INVALID_CURSOR = Answer(400, "invalid_or_expired_cursor", "Invalid or expired cursor")
    INVALID_MOVE = Answer(400, "invalid_state_transition", "Invalid state transition")
    INVALID_GRANT = Answer(400, "invalid_grant", "Invalid grant")
    BENEFIT_IN_USE = Answer(400, "resource_in_use", "Resource in use")
    UNAUTHORIZED = Answer(401, "unauthorized", "Unauthorized")
    FORBIDDEN = Answer(403, "forbidden", "Forbidden")
    NOT_FOUND = Answer(404, "not_found", "Resource not found")
    METHOD_NOT_ALLOWED = Answer(405, "method_not_allowed", "Method not allowed")
    NOT_ACCEPTABLE = Answer(406, "not_acceptable", "Not acceptable")
    CONFLICTING_MOVE = Answer(409, "invalid_state_transition", "Invalid state transition")
    MEMBER_EXISTS = Answer(409, "member_already_exists", "Member already exists")
    DUPLICATE_KEY = Answer(409, "duplicate_resource_key", "Duplicate resource key")
    IN_USE = Answer(409, "resource_in_use", "Resource in use")
    LOCKED_BY_EARNING_RULE = Answer(409, "resource_locked", "Resource locked")
    CARD_DEFINITION_NOT_ASSIGNED = Answer(409, "card_definition_not_assigned", "Card definition not assigned")
    REWARD_NOT_REFUNDABLE = Answer(409, "reward_not_refundable", "Reward cannot be refunded")
    INVALID_TRANSACTION_STATUS = Answer(409, "invalid_transaction_status", "Invalid transaction status")
    POINTS_ARE_GONE = Answer(409, "insufficient_card_balance", "Insufficient card balance")
    IDEMPOTENCY_KEY_REUSED = Answer(409, "idempotency_key_reused", "Idempotency key reused with another request")
    PRECONDITION_FAILED = Answer(412, "precondition_failed", "Precondition failed")
    PAYLOAD_TOO_LARGE = Answer(413, "payload_too_large", "Payload too large")
    UNSUPPORTED_MEDIA_TYPE = Answer(415, "unsupported_media_type", "Unsupported media type")
    NON_ACTIVE_PROGRAM = Answer(423, "non_active_program", "Program is not active")
    NON_ACTIVE_MEMBER = Answer(423, "non_active_member", "Member is not active")
    OUTSIDE_VALIDITY_WINDOW = Answer(423, "program_outside_validity_window", "Program is outside its validity window")
    INVALID_PENDING_BUCKET = Answer(
        423, "invalid_pending_points_bucket_status", "Pending points bucket was used already"
    )
    INVALID_BUCKET = Answer(423, "invalid_points_bucket_status", "Points bucket was used already")
    NON_DRAFT_PROGRAM = Answer(423, "non_draft_program", "Program is not a draft")
    MISSING_ACTIVE_CARD_DEFINITION = Answer(423, "missing_active_card_definition", "No active card definition assigned")
    MISSING_ACTIVE_EARNING_RULE = Answer(423, "missing_active_earning_rule", "No active earning rule assigned")
    NON_ACTIVE_CARD_DEFINITION = Answer(423, "non_active_card_definition", "Card definition is not active")
    NON_ACTIVE_TIER_STRUCTURE = Answer(423, "non_active_tier_structure", "Tier structure is not active")
    RESOURCE_LOCKED = Answer(423, "resource_locked", "Resource locked")
    CONNECTED_ACTIVE_EARNING_RULE = Answer(423, "connected_active_earning_rule", "An active earning rule uses it")
    NON_ACTIVE_REWARD = Answer(423, "non_active_reward", "Reward is not active")
    OUTSIDE_REWARD_WINDOW = Answer(423, "reward_outside_validity_window", "Reward is outside its validity window")
    REWARD_NOT_ASSIGNED = Answer(423, "reward_not_assigned", "Reward is not assigned to the program")
    OUT_OF_STOCK = Answer(423, "reward_out_of_stock", "Reward is out of stock")
    PURCHASE_COOLDOWN = Answer(423, "purchase_cooldown", "Reward was bought a short while ago")
    PURCHASE_FREQUENCY = Answer(423, "purchase_frequency_exceeded", "Reward was bought as often as allowed")
    NO_MATCHING_COST = Answer(423, "no_matching_cost", "No cost of the reward is for the member")
    NO_CARD_FOR_COST = Answer(423, "no_card_for_cost", "No card to pay the reward from")
    PAYMENTS_NOT_ENABLED = Answer(423, "pay_with_points_not_enabled", "Paying with points is not enabled")
    ORDER_ALREADY_PAID = Answer(423, "order_already_paid", "Order is paid already")
    ZERO_BALANCE = Answer(423, "zero_card_balance", "Card balance is zero")
    INSUFFICIENT_BALANCE = Answer(423, "insufficient_card_balance", "Insufficient card balance")
    GLOBAL_SPENDING_LIMIT = Answer(423, "global_spending_limit_exceeded", "Global spending limit exceeded")
    TRANSACTION_SPENDING_LIMIT = Answer(
        423, "transaction_spending_limit_exceeded", "Transaction spending limit exceeded"
    )
    NO_TARGET_CARD = Answer(423, "no_target_card", "No card for the bought points")
    TOO_MANY_REQUESTS = Answer(429, "too_many_requests", "Too many requests")
    INTERNAL_ERROR = Answer(500, "internal_error", "Internal error")
    OVERLOADED = Answer(503, "overloaded", "Service overloaded")


@dataclass(slots=True, eq=False)
class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """One refused command: the reason, what exactly is wrong, and the resources it is about.

    `related_ids` are the resources that hold the refused one (domain 4, `related_object_ids`).
    """

    reason: Reason
    details: str
    resource_id: str | None = None
    resource_type: str | None = None
    related_ids: tuple[str, ...] = ()
    related_type: str | None = None

    def __str__(self) -> str:
        return f"{self.reason.value.key}: {self.details}"


def not_found(resource_type: str, resource_id: str) -> Refusal:
    """Return the refusal for a resource that the project does not have, or has no more (domain 4)."""
    return Refusal(
        Reason.NOT_FOUND,
        f"Cannot find {resource_type} with id {resource_id}",
        resource_id=resource_id,
        resource_type=resource_type,
    )
