-- name: insert
WITH saved AS (
    INSERT INTO order_imports (async_action_id, project_id, chunks_count) VALUES ($2, $1, cardinality($3::text[]))
)
INSERT INTO order_import_chunks (async_action_id, number, entries)
SELECT $2, new.number - 1, new.entries::json FROM unnest($3::text[]) WITH ORDINALITY AS new (entries, number);

-- name: claim
-- The import that has come least far, passing over those that another worker is at.
SELECT async_action_id, project_id, chunks_done
FROM order_imports
WHERE chunks_done < chunks_count AND project_id = coalesce($1, project_id)
ORDER BY chunks_done, async_action_id
LIMIT 1
FOR NO KEY UPDATE SKIP LOCKED;

-- name: entries
SELECT entries FROM order_import_chunks WHERE async_action_id = $1 AND number = $2;

-- name: save
WITH advanced AS (
    UPDATE order_imports SET chunks_done = $2 + 1 WHERE async_action_id = $1
)
UPDATE order_import_chunks SET entries = NULL, outcomes = $3::json WHERE async_action_id = $1 AND number = $2;

-- name: is_done
SELECT true FROM order_import_chunks WHERE async_action_id = $1 AND number = $2 AND outcomes IS NOT NULL;

-- name: chunks
SELECT entries, outcomes
FROM order_import_chunks
WHERE async_action_id = $1 AND number >= $2
ORDER BY number
LIMIT $3;
