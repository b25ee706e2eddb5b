"""Which jobs there are: a name, as `Engine.wake` says it, and the action that does one batch."""

from collections.abc import Mapping
from typing import Final

from troth.actions import (
    customer_imports,
    daily,
    earning,
    fulfilment,
    idempotency_keys,
    issuing,
    ledger_audit,
    member_batches,
    order_imports,
)
from troth.actions.card_codes import make_card_codes
from troth.actions.customer_imports import CUSTOMER_IMPORTS
from troth.actions.daily import DAILY_WORK
from troth.actions.earning_evaluations import FORGET_EVALUATIONS, forget_evaluations
from troth.actions.fulfilment import FULFILMENT
from troth.actions.idempotency_keys import IDEMPOTENCY_KEYS
from troth.actions.issuing import ISSUING
from troth.actions.ledger_audit import LEDGER_AUDIT
from troth.actions.member_batches import MEMBER_BATCHES
from troth.actions.members import CARD_CODES
from troth.actions.order_imports import ORDER_IMPORTS
from troth.actions.triggers import TRIGGERS, Round
from troth.worker.loop import Job

JOBS: Final[Mapping[str, Job]] = {
    CARD_CODES: make_card_codes,
    MEMBER_BATCHES: member_batches.work_off,
    CUSTOMER_IMPORTS: customer_imports.Importer().work_off,
    ORDER_IMPORTS: order_imports.work_off,
    TRIGGERS: Round(earning.evaluate).work_off,
    ISSUING: issuing.work_off,
    FULFILMENT: fulfilment.work_off,
    LEDGER_AUDIT: ledger_audit.work_off,
    IDEMPOTENCY_KEYS: idempotency_keys.forget_expired,
    DAILY_WORK: daily.work_off,
    FORGET_EVALUATIONS: forget_evaluations,
}

AT_ONCE: Final[Mapping[str, int]] = {TRIGGERS: 2}
"""How many batches of a job a worker has under way where that is not one.

Two batches of triggers: while one waits for the database the other decides, and so orders that are served by the same
process do not outrun their points.
"""
