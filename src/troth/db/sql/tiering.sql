-- Where cards stand in tier structures, and the transactions that tell how they came there. Whoever names members has
-- locked them, or found them in their project. A batch travels as in ledger.sql.

-- name: save
-- The last columns are those of tier_states. A transaction that was PENDING is decided in place; that comes before the
-- PENDING one that takes its place, since a card has one at a time.
WITH saved_transactions AS (
    INSERT INTO tier_transactions AS present (
        member_id, id, card_id, card_definition_id, tier_structure_id, type, status, tier_from, tier_to, points, start_at,
        expires_at, origin, rejection, group_id, updated_group_id, created_at, updated_at
    )
    SELECT member_id, id, card_id, card_definition_id, tier_structure_id, type, status, nullif(tier_from, ''),
        nullif(tier_to, ''), points::bigint, start_at::timestamptz, nullif(expires_at, '')::timestamptz,
        nullif(origin, '')::json, nullif(rejection, ''), group_id, CASE WHEN updated_at <> '' THEN group_id END,
        created_at::timestamptz, nullif(updated_at, '')::timestamptz
    FROM unnest(
        string_to_array($2, E'\x1f'), string_to_array($3, E'\x1f'), string_to_array($4, E'\x1f'),
        string_to_array($5, E'\x1f'), string_to_array($6, E'\x1f'), string_to_array($7, E'\x1f'),
        string_to_array($8, E'\x1f'), string_to_array($9, E'\x1f'), string_to_array($10, E'\x1f'),
        string_to_array($11, E'\x1f'), string_to_array($12, E'\x1f'), string_to_array($13, E'\x1f'),
        string_to_array($14, E'\x1f'), string_to_array($15, E'\x1f'), string_to_array($16, E'\x1f'),
        string_to_array($17, E'\x1f'), string_to_array($18, E'\x1f')
    ) WITH ORDINALITY AS new (
        member_id, id, card_id, card_definition_id, tier_structure_id, type, status, tier_from, tier_to, points, start_at,
        expires_at, origin, rejection, group_id, created_at, updated_at, place
    )
    ORDER BY new.status = 'PENDING', new.place
    ON CONFLICT (member_id, created_at, id) DO UPDATE
    SET status = excluded.status, rejection = excluded.rejection, updated_at = excluded.updated_at,
        updated_group_id = excluded.updated_group_id
)
INSERT INTO tier_states AS present (
    project_id, member_id, card_id, tier_structure_id, tier_id, since, safe_through, grace_through, fell_on, secured_id,
    tracking_number, tracking_points, tracking_points_before, due_on, booked_count
)
SELECT $1, member_id, card_id, tier_structure_id, nullif(tier_id, ''), nullif(since, '')::timestamptz,
    nullif(safe_through, '')::date, nullif(grace_through, '')::date, nullif(fell_on, '')::date, nullif(secured_id, ''),
    nullif(number, '')::int, nullif(points, '')::bigint, nullif(points_before, '')::bigint, nullif(due_on, '')::date, booked_count::int
FROM unnest(
    string_to_array($19, E'\x1f'), string_to_array($20, E'\x1f'), string_to_array($21, E'\x1f'),
    string_to_array($22, E'\x1f'), string_to_array($23, E'\x1f'), string_to_array($24, E'\x1f'),
    string_to_array($25, E'\x1f'), string_to_array($26, E'\x1f'), string_to_array($27, E'\x1f'),
    string_to_array($28, E'\x1f'), string_to_array($29, E'\x1f'), string_to_array($30, E'\x1f'),
    string_to_array($31, E'\x1f'), string_to_array($32, E'\x1f')
) AS new (
    member_id, card_id, tier_structure_id, tier_id, since, safe_through, grace_through, fell_on, secured_id, number, points,
    points_before, due_on, booked_count
)
ON CONFLICT (member_id, card_id) DO UPDATE
SET tier_id = excluded.tier_id, since = excluded.since, safe_through = excluded.safe_through,
    grace_through = excluded.grace_through, fell_on = excluded.fell_on, secured_id = excluded.secured_id,
    tracking_number = excluded.tracking_number, tracking_points = excluded.tracking_points,
    tracking_points_before = excluded.tracking_points_before, due_on = excluded.due_on, booked_count = excluded.booked_count;

-- name: segments_of
-- Which of the segments ($2) each customer is in.
SELECT customer_id, segment_id FROM segment_customers
WHERE customer_id = ANY ($1::text[]) AND segment_id = ANY ($2::text[]);

-- name: transactions
SELECT
    id, card_id, card_definition_id, tier_structure_id, type, status, tier_from, tier_to, points, start_at, expires_at,
    origin, rejection, created_at, updated_at
FROM tier_transactions
WHERE member_id = $1;
