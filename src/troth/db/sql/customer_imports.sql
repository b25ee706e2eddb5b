-- Customers in bulk: received block by block, then worked off by whoever claims an import next.

-- name: receive
WITH begun AS (
    INSERT INTO customer_imports (async_action_id, project_id, received_at)
    VALUES ($2, $1, $5)
    ON CONFLICT (async_action_id) DO UPDATE SET received_at = excluded.received_at
)
INSERT INTO customer_import_blocks (async_action_id, number, bytes)
SELECT $2, $3::int + new.place - 1, new.bytes FROM unnest($4::bytea[]) WITH ORDINALITY AS new (bytes, place);

-- name: is_received
SELECT true FROM customer_import_blocks WHERE async_action_id = $1 AND number = $2;

-- name: begin
UPDATE customer_imports
SET header = $3, read_bytes = $4, next_line = $5, due_at = $6
WHERE async_action_id = $2 AND project_id = $1;

-- name: discard
DELETE FROM customer_imports WHERE async_action_id = $2 AND project_id = $1 AND due_at IS NULL;

-- name: discard_abandoned
DELETE FROM customer_imports WHERE due_at IS NULL AND received_at < $1;

-- name: claim
-- Imports take turns: after each chunk one is due later than all others.
SELECT async_action_id, project_id, header, read_bytes, next_line, chunks_count
FROM customer_imports
WHERE due_at <= $1 AND async_action_id = coalesce($2, async_action_id) AND project_id = coalesce($3, project_id)
ORDER BY due_at, async_action_id
LIMIT 1
FOR UPDATE SKIP LOCKED;

-- name: block
SELECT bytes FROM customer_import_blocks WHERE async_action_id = $1 AND number = $2;

-- name: advance
WITH saved AS (
    INSERT INTO customer_import_chunks (async_action_id, number, outcomes) VALUES ($1, $2, $3::json)
)
UPDATE customer_imports
SET read_bytes = $4, next_line = $5, chunks_count = $2 + 1, due_at = $6
WHERE async_action_id = $1;

-- name: is_advanced
SELECT true FROM customer_import_chunks WHERE async_action_id = $1 AND number = $2;

-- name: finish
DELETE FROM customer_imports WHERE async_action_id = $1;

-- name: outcomes
SELECT outcomes FROM customer_import_chunks WHERE async_action_id = $1 AND number >= $2 ORDER BY number LIMIT $3;
