-- Who is in which segment: listed one by one, or found by a filter and kept.

-- name: memberships
SELECT customer_id, segment_id FROM segment_customers WHERE customer_id = ANY ($1::text[]);

-- name: save
-- Gives back those who were not in their segments before.
WITH gone AS (
    DELETE FROM segment_customers AS membership
    USING unnest($1::text[], $2::text[]) AS left_now (customer_id, segment_id)
    WHERE membership.customer_id = left_now.customer_id AND membership.segment_id = left_now.segment_id
)
INSERT INTO segment_customers (customer_id, segment_id, created_at)
SELECT joined.customer_id, joined.segment_id, $5
FROM unnest($3::text[], $4::text[]) AS joined (customer_id, segment_id)
ORDER BY joined.customer_id, joined.segment_id
ON CONFLICT DO NOTHING
RETURNING customer_id, segment_id;

-- name: is_member
SELECT true FROM segment_customers WHERE customer_id = $1 AND segment_id = $2 AND created_at = $3;

-- name: has_left
SELECT NOT EXISTS (SELECT FROM segment_customers WHERE customer_id = $1 AND segment_id = $2);

-- name: of_customer
SELECT segment.id, segment.kind, segment.name, segment.configuration, segment.created_at, segment.updated_at
FROM segment_customers AS membership
JOIN platform_resources AS segment ON segment.id = membership.segment_id
WHERE membership.customer_id = $2 AND segment.project_id = $1
ORDER BY segment.created_at, segment.id;

-- name: keep_customers
-- Waits for everybody who changes customers of the project, and lets nobody begin until the transaction ends.
SELECT pg_advisory_xact_lock(20190, hashtext($1));

-- name: customers_to_filter
-- A project's customers with a column for each field of a filter.
SELECT
    id, source_id, name, description, email, phone, birthday,
    address ->> 'city' AS "address.city",
    address ->> 'state' AS "address.state",
    address ->> 'line_1' AS "address.line_1",
    address ->> 'line_2' AS "address.line_2",
    address ->> 'country' AS "address.country",
    address ->> 'postal_code' AS "address.postal_code",
    metadata, created_at, updated_at
FROM customers
WHERE project_id = $1 AND deleted_at IS NULL;

-- name: begin_settling
INSERT INTO segment_settlements (project_id, due_at) VALUES ($1, $2) ON CONFLICT (project_id) DO NOTHING;

-- name: settlement_due
SELECT due_at FROM segment_settlements WHERE project_id = $1;

-- name: put_off_settlement
UPDATE segment_settlements SET due_at = $3 WHERE project_id = $1 AND due_at = $2;

-- name: move_settlement
UPDATE segment_settlements SET due_at = $2 WHERE project_id = $1;

-- name: is_put_off
SELECT true FROM segment_settlements WHERE project_id = $1 AND due_at >= $2;
