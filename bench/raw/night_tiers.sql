-- A night of the seeded members' tiers as bare SQL: the same rows updated and inserted, set by set, in one transaction.
WITH due AS (
    UPDATE tier_states
    SET tier_id = 'lt_' || lpad('1', 32, '0'), since = now(), safe_through = current_date + 365, due_on = current_date + 330
    WHERE project_id = $1 AND due_on <= current_date
    RETURNING member_id, card_id, tier_structure_id
), saved_transactions AS (
    INSERT INTO tier_transactions (
        member_id, id, card_id, card_definition_id, tier_structure_id, type, status, tier_from, tier_to, points, start_at,
        expires_at, origin, group_id, created_at
    )
    SELECT member_id, 'lttx_d' || md5(card_id), card_id, 'lcdef_' || lpad('1', 32, '0'), tier_structure_id, 'DOWNGRADED',
        'APPROVED', 'lt_' || lpad('3', 32, '0'), 'lt_' || lpad('1', 32, '0'), 0, now(), now() + interval '1 year',
        '{"type":"daily_task_operations","card_transaction_ids":[]}', 'lgrp_d' || md5(card_id), now()
    FROM due
)
INSERT INTO outbox (member_id, id, project_id, created_at)
SELECT member_id, 'lgrp_d' || md5(card_id), $1, now() FROM due;
