-- name: add_customers
INSERT INTO segment_customers (customer_id, segment_id, created_at)
SELECT customer.id, $2, $4
FROM customers AS customer
WHERE customer.id = ANY ($3::text[]) AND customer.project_id = $1 AND customer.deleted_at IS NULL
RETURNING customer_id;
