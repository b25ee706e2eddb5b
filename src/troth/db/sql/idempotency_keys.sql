-- Requests with an idempotency key, and what they were answered.

-- name: take
-- Waits for whoever has taken the key and has not committed; without a row the key is someone else's.
INSERT INTO idempotency_keys (project_id, scope, body_digest, request_id, created_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (project_id, scope) DO UPDATE
SET body_digest = excluded.body_digest, request_id = excluded.request_id, created_at = excluded.created_at
WHERE idempotency_keys.created_at <= $6
RETURNING true;

-- name: given
SELECT body_digest, status, headers, body FROM idempotency_keys WHERE project_id = $1 AND scope = $2;

-- name: keep
UPDATE idempotency_keys SET status = $3, headers = $4, body = $5 WHERE project_id = $1 AND scope = $2;

-- name: is_kept
SELECT true FROM idempotency_keys WHERE project_id = $1 AND scope = $2 AND request_id = $3;

-- name: free
DELETE FROM idempotency_keys WHERE project_id = $1 AND scope = $2;

-- name: forget
DELETE FROM idempotency_keys
WHERE (project_id, scope) IN (
    SELECT project_id, scope
    FROM idempotency_keys
    WHERE created_at <= $1
    ORDER BY created_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
RETURNING true;
