-- What customers have ordered. Whoever changes it has locked them.

-- name: add
-- An erased customer has no row, and gets none again.
WITH change AS (
    SELECT * FROM unnest($1::text[], $2::numeric[], $3::bigint[]) AS change (customer_id, amount, count)
), added AS (
    UPDATE customer_orders AS present
    SET total_amount = present.total_amount + change.amount, total_count = present.total_count + change.count
    FROM change
    WHERE present.customer_id = change.customer_id
    RETURNING present.customer_id
)
INSERT INTO customer_orders (customer_id, total_amount, total_count)
SELECT change.customer_id, change.amount, change.count
FROM change
JOIN customers AS customer ON customer.id = change.customer_id
WHERE customer.deleted_at IS NULL AND NOT EXISTS (SELECT FROM added WHERE added.customer_id = change.customer_id);

-- name: summaries
SELECT total.customer_id, total.total_amount, total.total_count, latest.amount AS last_amount, latest.created_at AS last_at
FROM customer_orders AS total
LEFT JOIN LATERAL (
    SELECT placed.created_at, greatest(placed.amount - placed.discount_amount - coalesce((
        SELECT sum((item ->> 'discount_amount')::bigint) FROM json_array_elements(placed.items) AS item
    ), 0), 0) AS amount
    FROM orders AS placed
    WHERE placed.customer_id = total.customer_id AND placed.status IN ('PAID', 'FULFILLED')
    ORDER BY placed.created_at DESC, placed.id DESC
    LIMIT 1
) AS latest ON true
WHERE total.customer_id = ANY ($1::text[]);
