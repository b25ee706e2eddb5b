-- Codes of cards. A card waits for one while code_due_at is set; a code once given stays in card_codes for ever.

-- name: claim
SELECT
    card.member_id, card.project_id, card.code_failures,
    definition.configuration -> 'code_config' AS code_config,
    card.id, card.card_definition_id, card.code, card.created_at,
    card.total, card.earned, card.added, card.purchased, card.purchased_reversed, card.subtracted, card.expired,
    card.spent, card.refunded, card.returned, card.locked, card.unlocked,
    card.pending_total, card.pending_activated, card.pending_canceled,
    card.next_expiration_on, card.next_expiration_points,
    card.next_activation_on, card.next_activation_points, card.next_activation_type
FROM cards AS card
JOIN definitions AS definition ON definition.id = card.card_definition_id
WHERE card.code_due_at <= $1 AND card.project_id = coalesce($3, card.project_id)
ORDER BY card.code_due_at, card.member_id, card.id
LIMIT $2
FOR UPDATE OF card SKIP LOCKED;

-- name: take
INSERT INTO card_codes (project_id, code, card_id, member_id)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
ON CONFLICT DO NOTHING
RETURNING card_id;

-- name: save
WITH outcome AS (
    SELECT * FROM unnest(
        $1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
        $7::text[], $8::text[], $9::text[], $10::text[]
    ) AS new (told_at, project_id, member_id, card_id, code, due_at, activity_id, type, data, group_id)
), saved_cards AS (
    UPDATE cards AS card
    SET code = outcome.code,
        code_due_at = outcome.due_at,
        code_failures = CASE WHEN outcome.code IS NULL THEN card.code_failures + 1 ELSE 0 END
    FROM outcome
    WHERE card.member_id = outcome.member_id AND card.id = outcome.card_id
), saved_activities AS (
    INSERT INTO member_activities (member_id, id, subject_id, type, data, group_id, source, created_at)
    SELECT member_id, activity_id, card_id, type, data::json, group_id, $11::json, told_at FROM outcome
)
INSERT INTO outbox (member_id, id, project_id, created_at)
SELECT DISTINCT member_id, group_id, project_id, told_at FROM outcome;

-- name: is_saved
SELECT true FROM outbox WHERE id = $1;

-- name: is_any_due
SELECT EXISTS (SELECT FROM cards WHERE code_due_at < $2 AND project_id = $1);

-- name: waiting
SELECT count(*) FROM (SELECT FROM cards WHERE code_due_at IS NOT NULL LIMIT $1) AS waiting;
