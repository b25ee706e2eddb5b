-- name: insert
INSERT INTO async_actions (id, project_id, type, status, request_id, result, created_at, updated_at)
VALUES ($2, $1, $3, $4, $5, $6::jsonb, $7, $8);

-- name: is_saved
SELECT true FROM async_actions WHERE id = $1;

-- name: one
SELECT id, type, status, request_id, result, created_at, updated_at
FROM async_actions
WHERE id = $2 AND project_id = $1;

-- name: listed
SELECT id, type, status, request_id, result, created_at, updated_at
FROM async_actions
WHERE project_id = $1;
