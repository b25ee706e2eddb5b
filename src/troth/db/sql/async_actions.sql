-- name: insert
INSERT INTO async_actions (id, project_id, type, status, request_id, result, created_at, updated_at, entries_count)
VALUES ($2, $1, $3, $4, $5, $6::jsonb, $7, $8, $9);

-- name: is_saved
SELECT true FROM async_actions WHERE id = $1;

-- name: one
SELECT id, type, status, request_id, result, created_at, updated_at, entries_count
FROM async_actions
WHERE id = $2 AND project_id = $1;

-- name: listed
SELECT id, type, status, request_id, result, created_at, updated_at, entries_count
FROM async_actions
WHERE project_id = $1;

-- name: lock
SELECT id, type, status, request_id, result, created_at, updated_at, entries_count
FROM async_actions
WHERE id = $2 AND project_id = $1
FOR NO KEY UPDATE;

-- name: save
UPDATE async_actions SET status = $3, result = $4::jsonb, updated_at = $5 WHERE id = $2 AND project_id = $1;
