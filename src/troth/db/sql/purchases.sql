-- Purchases of rewards: what they are decided on, and what becomes of them. Whoever names members has locked them, or
-- found them in their project.

-- name: stock
-- What is left of limited rewards, locked until the transaction ends: the last lock that a purchase takes.
SELECT assignment.program_id, assignment.definition_id, assignment.stock_quantity
FROM unnest($2::text[], $3::text[]) AS asked (program_id, reward_id)
JOIN programs AS program ON program.id = asked.program_id AND program.project_id = $1
JOIN program_assignments AS assignment
    ON assignment.program_id = asked.program_id AND assignment.definition_id = asked.reward_id
ORDER BY assignment.program_id, assignment.definition_id
FOR NO KEY UPDATE OF assignment;

-- name: stock_seen
SELECT assignment.program_id, assignment.definition_id, assignment.stock_quantity
FROM unnest($2::text[], $3::text[]) AS asked (program_id, reward_id)
JOIN programs AS program ON program.id = asked.program_id AND program.project_id = $1
JOIN program_assignments AS assignment
    ON assignment.program_id = asked.program_id AND assignment.definition_id = asked.reward_id;

-- name: bought
-- When members last bought rewards, and how often from an instant on; only what counts for limits.
SELECT asked.member_id, asked.reward_id, max(purchase.created_at) AS last_at,
    count(*) FILTER (WHERE purchase.created_at >= asked.since) AS count
FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS asked (member_id, reward_id, since)
JOIN reward_transactions AS purchase ON purchase.member_id = asked.member_id AND purchase.reward_id = asked.reward_id
WHERE purchase.type = 'PURCHASE' AND purchase.status = ANY ($4::text[])
GROUP BY asked.member_id, asked.reward_id;

-- name: customers
SELECT id, metadata, ARRAY(SELECT segment_id FROM segment_customers WHERE customer_id = customer.id) AS segment_ids
FROM customers AS customer
WHERE id = ANY ($2::text[]) AND project_id = $1;

-- name: save
-- New purchases, and what they took of the stock.
WITH new AS (
    SELECT *
    FROM unnest(
        string_to_array($3, E'\x1f'), string_to_array($4, E'\x1f'), string_to_array($5, E'\x1f'),
        string_to_array($6, E'\x1f'), string_to_array($7, E'\x1f'), string_to_array($8, E'\x1f'),
        string_to_array($9, E'\x1f'), string_to_array($10, E'\x1f'), string_to_array($11, E'\x1f'),
        string_to_array($12, E'\x1f')
    ) AS new (
        member_id, id, program_id, reward_id, card_id, card_transaction_id, details, goods, group_id, created_at
    )
), keys AS (
    INSERT INTO reward_transaction_members (id, project_id, member_id)
    SELECT id, $1, member_id FROM new
), taken AS (
    UPDATE program_assignments AS assignment
    SET stock_quantity = assignment.stock_quantity - taken.units
    FROM unnest($13::text[], $14::text[], $15::bigint[]) AS taken (program_id, reward_id, units)
    WHERE assignment.program_id = taken.program_id AND assignment.definition_id = taken.reward_id
)
INSERT INTO reward_transactions (
    member_id, id, project_id, program_id, reward_id, card_id, card_transaction_id, type, status, details, goods,
    group_id, due_at, created_at
)
SELECT member_id, id, $1, program_id, reward_id, card_id, card_transaction_id, 'PURCHASE', 'PENDING', details::json,
    goods::json, group_id, $2, created_at::timestamptz
FROM new;

-- name: listed
SELECT id, member_id, program_id, reward_id, card_id, card_transaction_id, type, status, details, created_at, updated_at
FROM reward_transactions
WHERE member_id = $1;

-- name: claim
-- Of the given project, or of the one whose purchase waits longest.
SELECT member_id, id, project_id, created_at, failures
FROM reward_transactions
WHERE due_at <= $1 AND project_id = coalesce($3, (
    SELECT project_id FROM reward_transactions WHERE due_at <= $1 ORDER BY due_at, member_id, id LIMIT 1
))
ORDER BY due_at, member_id, id
LIMIT $2
FOR NO KEY UPDATE SKIP LOCKED;

-- name: waiting
SELECT
    purchase.id, purchase.member_id, purchase.program_id, purchase.reward_id, purchase.card_id,
    purchase.card_transaction_id, purchase.type, purchase.status, purchase.details, purchase.created_at,
    purchase.updated_at, purchase.goods, member.customer_id
FROM unnest($1::text[], $2::text[]) AS asked (member_id, id)
JOIN reward_transactions AS purchase ON purchase.member_id = asked.member_id AND purchase.id = asked.id
JOIN members AS member ON member.id = asked.member_id
ORDER BY purchase.member_id, purchase.created_at, purchase.id;

-- name: put_off
UPDATE reward_transactions SET due_at = $4, failures = failures + 1
WHERE member_id = $1 AND created_at = $2 AND id = $3 AND due_at IS NOT NULL;

-- name: save_ended
UPDATE reward_transactions AS purchase
SET status = ended.status, details = ended.details::json, updated_at = ended.updated_at,
    updated_group_id = ended.group_id, due_at = NULL
FROM unnest(
    $1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[]
) AS ended (member_id, created_at, id, status, details, updated_at, group_id)
WHERE purchase.member_id = ended.member_id AND purchase.created_at = ended.created_at AND purchase.id = ended.id;

-- name: change_stock
-- A reward that is not assigned any more has no stock to go back to.
WITH locked AS (
    SELECT assignment.program_id, assignment.definition_id, changed.back, changed.redeemed
    FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) AS changed (program_id, reward_id, back, redeemed)
    JOIN program_assignments AS assignment
        ON assignment.program_id = changed.program_id AND assignment.definition_id = changed.reward_id
    ORDER BY assignment.program_id, assignment.definition_id
    FOR NO KEY UPDATE OF assignment
)
UPDATE program_assignments AS assignment
SET stock_quantity = assignment.stock_quantity + locked.back,
    redeemed_count = greatest(assignment.redeemed_count + locked.redeemed, 0)
FROM locked
WHERE assignment.program_id = locked.program_id AND assignment.definition_id = locked.definition_id;

-- name: member_of
SELECT member_id FROM reward_transaction_members WHERE id = $2 AND project_id = $1;

-- name: pending
SELECT member_id, id FROM reward_transactions
WHERE member_id = ANY ($1::text[]) AND status = 'PENDING'
ORDER BY member_id, created_at, id;

-- name: is_refundable
SELECT configuration #>> '{refunds,type}' = 'REFUNDABLE' FROM definitions WHERE id = $2 AND project_id = $1;

-- name: save_refund
WITH undone AS (
    UPDATE reward_transactions SET status = 'REFUNDED', updated_at = $9, updated_group_id = $10
    WHERE member_id = $2 AND created_at = $3 AND id = $4
    RETURNING program_id, reward_id, goods
), keys AS (
    INSERT INTO reward_transaction_members (id, project_id, member_id) VALUES ($5, $1, $2)
)
INSERT INTO reward_transactions (
    member_id, id, project_id, program_id, reward_id, card_id, card_transaction_id, type, status, details, goods,
    group_id, created_at
)
SELECT $2, $5, $1, program_id, reward_id, $6, $7, 'REFUND', 'APPROVED', $8::json, goods, $10, $9
FROM undone;
