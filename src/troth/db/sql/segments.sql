-- name: add_customers
INSERT INTO segment_customers (customer_id, segment_id, created_at)
SELECT customer.id, $2, $4
FROM customers AS customer
WHERE customer.id = ANY ($3::text[]) AND customer.project_id = $1 AND customer.deleted_at IS NULL
RETURNING customer_id;

-- name: of_customer
-- Static segments that list a customer, and all that have a filter.
SELECT segment.id, segment.kind, segment.name, segment.configuration, segment.created_at, segment.updated_at
FROM platform_resources AS segment
WHERE segment.project_id = $1 AND segment.kind = 'segment'
    AND (
        segment.configuration ->> 'type' <> 'static'
        OR EXISTS (SELECT FROM segment_customers WHERE customer_id = $2 AND segment_id = segment.id)
    )
ORDER BY segment.created_at, segment.id;

-- name: customer_to_filter
-- A customer with a column for each field of a filter; a birthday begins at midnight in the project's time zone.
SELECT
    id, source_id, name, description, email, phone,
    birthday::timestamp AT TIME ZONE $3::text AS birthday,
    address ->> 'city' AS "address.city",
    address ->> 'state' AS "address.state",
    address ->> 'line_1' AS "address.line_1",
    address ->> 'line_2' AS "address.line_2",
    address ->> 'country' AS "address.country",
    address ->> 'postal_code' AS "address.postal_code",
    metadata, created_at, updated_at
FROM customers
WHERE id = $2 AND project_id || '' = $1 AND deleted_at IS NULL;
