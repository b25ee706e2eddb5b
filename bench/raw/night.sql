-- A night of the seeded members as bare SQL: the same rows updated and inserted, set by set, in one transaction.
WITH due AS (
    UPDATE points_buckets SET points = 0, status = 'EXPIRED', updated_at = now()
    WHERE project_id = $1 AND status = 'ACTIVE' AND expires_on < current_date AND member_id LIKE 'lmbr\_e%'
    RETURNING member_id, card_id, id
), cards_due AS (
    SELECT member_id, card_id, jsonb_object_agg(id, -10) AS changes FROM due GROUP BY member_id, card_id
), saved_cards AS (
    UPDATE cards AS card
    SET expired = expired + 50, latest_at = now(), updated_at = now(), next_expiration_on = NULL, next_expiration_points = NULL
    FROM cards_due
    WHERE card.member_id = cards_due.member_id AND card.id = cards_due.card_id
), saved_transactions AS (
    INSERT INTO card_transactions (
        member_id, card_id, id, card_definition_id, type, status, details, group_id, source, created_at, occurred_at
    )
    SELECT member_id, card_id, 'lctx_d' || md5(card_id), 'lcdef_1', 'POINTS_EXPIRED', 'APPROVED', $2::json, 'lgrp_d', '{}', now(), now()
    FROM cards_due
), saved_postings AS (
    INSERT INTO postings (member_id, card_id, transaction_id, place, kind, points, changes, posted_at)
    SELECT member_id, card_id, 'lctx_d' || md5(card_id), 0, 'EXPIRED', 50, changes, now() FROM cards_due
)
INSERT INTO outbox (member_id, id, project_id, created_at)
SELECT member_id, 'lgrp_d' || md5(card_id), $1, now() FROM cards_due;
