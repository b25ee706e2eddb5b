-- Payments of orders with points. Whoever names members has locked them, or found them in their project; orders are locked
-- after them. As in members.sql, a batch travels as columns of text joined by U+001F.

-- name: save
-- New payments, on both sides, and what the orders have had paid by now.
WITH new AS (
    SELECT *
    FROM unnest(
        string_to_array($2, E'\x1f'), string_to_array($3, E'\x1f'), string_to_array($4, E'\x1f'),
        string_to_array($5, E'\x1f'), string_to_array($6, E'\x1f'), string_to_array($7, E'\x1f'),
        string_to_array($8, E'\x1f'), string_to_array($9, E'\x1f'), string_to_array($10, E'\x1f'),
        string_to_array($11, E'\x1f'), string_to_array($12, E'\x1f'), string_to_array($13, E'\x1f'),
        string_to_array($14, E'\x1f'), string_to_array($15, E'\x1f'), string_to_array($16, E'\x1f'),
        string_to_array($17, E'\x1f')
    ) AS new (
        member_id, id, program_id, card_id, card_definition_id, card_transaction_id, order_id, number, amount, points,
        details, group_id, created_at, mode, items_amount, consumed
    )
), of_members AS (
    INSERT INTO order_transactions (
        member_id, id, project_id, program_id, card_id, card_definition_id, card_transaction_id, order_id, number,
        amount, points, details, group_id, created_at
    )
    SELECT member_id, id, $1, program_id, card_id, card_definition_id, card_transaction_id, order_id, number::int,
        amount::bigint, points::bigint, details::json, group_id, created_at::timestamptz
    FROM new
), of_orders AS (
    INSERT INTO order_payments (
        order_id, number, project_id, member_id, transaction_id, card_id, amount, points, mode, items_amount, consumed
    )
    SELECT order_id, number::int, $1, member_id, id, card_id, amount::bigint, points::bigint, nullif(mode, ''),
        items_amount::bigint, consumed::json
    FROM new
)
UPDATE orders
SET points_paid_amount = paid.amount::bigint, payments_count = paid.count::int,
    payer_ids = string_to_array(paid.payer_ids, ',')
FROM unnest(
    string_to_array($18, E'\x1f'), string_to_array($19, E'\x1f'), string_to_array($20, E'\x1f'),
    string_to_array($21, E'\x1f')
) AS paid (id, amount, count, payer_ids)
WHERE orders.id = paid.id AND orders.project_id || '' = $1;

-- name: listed
SELECT id, member_id, program_id, card_id, card_definition_id, card_transaction_id, order_id, number, amount, points,
    details, created_at
FROM order_transactions
WHERE member_id = $1;

-- name: of_orders
-- In the order in which they were made.
SELECT order_id, number, member_id, transaction_id, card_id, amount, points, mode, items_amount, consumed,
    returned_amount
FROM order_payments
WHERE order_id = ANY ($2::text[]) AND project_id || '' = $1
ORDER BY order_id, number;

-- name: save_returns
-- What was given back of payments of locked orders, and in all of each order.
WITH given_back AS (
    SELECT * FROM unnest($2::text[], $3::int[], $4::bigint[]) AS given_back (order_id, number, amount)
), of_payments AS (
    UPDATE order_payments AS payment
    SET returned_amount = payment.returned_amount + given_back.amount
    FROM given_back
    WHERE payment.order_id = given_back.order_id AND payment.number = given_back.number
        AND payment.project_id || '' = $1
)
UPDATE orders
SET points_paid_amount = orders.points_paid_amount - of_order.amount
FROM (SELECT order_id, sum(amount)::bigint AS amount FROM given_back GROUP BY order_id) AS of_order
WHERE orders.id = of_order.order_id AND orders.project_id || '' = $1;
