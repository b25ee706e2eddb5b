-- What earning rules look at, and what came of them.

-- name: customers
-- Customers with the segments that they are in.
SELECT
    id, metadata,
    ARRAY(SELECT segment_id FROM segment_customers AS membership WHERE membership.customer_id = customer.id) AS segment_ids
FROM customers AS customer
WHERE id = ANY ($2::text[]) AND project_id || '' = $1;

-- name: canceled_orders
SELECT id FROM orders WHERE id = ANY ($2::text[]) AND project_id || '' = $1 AND canceled_at IS NOT NULL;

-- name: last_successes
SELECT asked.member_id, asked.earning_rule_id, success.occurred_at
FROM unnest($1::text[], $2::text[]) AS asked (member_id, earning_rule_id)
CROSS JOIN LATERAL (
    SELECT occurred_at FROM earning_successes
    WHERE member_id = asked.member_id AND earning_rule_id = asked.earning_rule_id
    ORDER BY occurred_at DESC
    LIMIT 1
) AS success;

-- name: successes_in_period
SELECT member_id, earning_rule_id, count(*)::bigint AS count
FROM earning_successes
WHERE member_id = ANY ($1::text[]) AND earning_rule_id = ANY ($2::text[]) AND occurred_at >= $3 AND occurred_at < $4
GROUP BY member_id, earning_rule_id;

-- name: order_earnings
-- In the order in which they were earned: a transaction's id begins with its time.
SELECT order_id, transaction_id, card_id, points, bucket_id, base, amount, taken, earning.member_id
FROM order_earnings AS earning
JOIN unnest($1::text[], $2::text[]) AS asked (member_id, order_id) USING (member_id, order_id)
ORDER BY earning.member_id, order_id, transaction_id;

-- name: save
WITH saved_evaluations AS (
    INSERT INTO earning_evaluations (
        member_id, id, project_id, trigger, subject_id, occurred_at, rules, earned, created_at
    )
    SELECT member_id, id, $1, trigger, subject_id, occurred_at, rules::json, earned, created_at
    FROM unnest(
        $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[], $8::boolean[], $9::timestamptz[]
    ) AS new (member_id, id, trigger, subject_id, occurred_at, rules, earned, created_at)
), saved_successes AS (
    INSERT INTO earning_successes (member_id, earning_rule_id, occurred_at, evaluation_id)
    SELECT * FROM unnest($10::text[], $11::text[], $12::timestamptz[], $13::text[])
), saved_earnings AS (
    INSERT INTO order_earnings (member_id, order_id, transaction_id, card_id, points, bucket_id, base, amount, taken)
    SELECT member_id, order_id, transaction_id, card_id, points, bucket_id, base::json, amount, taken
    FROM unnest(
        $14::text[], $15::text[], $16::text[], $17::text[], $18::bigint[], $19::text[], $20::text[], $21::numeric[],
        $22::bigint[]
    ) AS new (member_id, order_id, transaction_id, card_id, points, bucket_id, base, amount, taken)
    ON CONFLICT (member_id, order_id, transaction_id) DO UPDATE SET taken = excluded.taken
)
INSERT INTO benefit_grants (
    member_id, id, project_id, program_id, benefit_id, earning_rule_id, earning_item_id, trigger, created_at
)
SELECT member_id, id, $1, program_id, benefit_id, earning_rule_id, earning_item_id, trigger::json, created_at
FROM unnest(
    $23::text[], $24::text[], $25::text[], $26::text[], $27::text[], $28::text[], $29::text[], $30::timestamptz[]
) AS new (member_id, id, program_id, benefit_id, earning_rule_id, earning_item_id, trigger, created_at);

-- name: evaluations
SELECT id, trigger, subject_id, occurred_at, rules, earned, created_at
FROM earning_evaluations
WHERE member_id = $1;

-- name: forget
DELETE FROM earning_evaluations
WHERE (member_id, created_at, id) IN (
    SELECT member_id, created_at, id FROM earning_evaluations
    WHERE (earned AND created_at < $1) OR (NOT earned AND created_at < $2)
    LIMIT $3
    FOR UPDATE SKIP LOCKED
);
