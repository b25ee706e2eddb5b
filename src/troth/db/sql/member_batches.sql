-- name: insert
WITH saved AS (
    INSERT INTO member_batches (async_action_id, project_id, program_id, source) VALUES ($2, $1, $3, $4::json)
)
INSERT INTO member_batch_chunks (async_action_id, number, entries)
SELECT $2, new.number - 1, new.entries::json FROM unnest($5::text[]) WITH ORDINALITY AS new (entries, number);

-- name: claim
-- One chunk, passing over those that another worker is at. Batches take turns: the first chunk of each goes before the
-- second of any.
SELECT chunk.async_action_id, chunk.number, batch.project_id, batch.program_id, batch.source, chunk.entries
FROM (
    SELECT async_action_id, number, entries
    FROM member_batch_chunks
    WHERE outcomes IS NULL AND (
        $1::text IS NULL OR async_action_id IN (SELECT async_action_id FROM member_batches WHERE project_id = $1)
    )
    ORDER BY number, async_action_id
    LIMIT 1
    FOR NO KEY UPDATE SKIP LOCKED
) AS chunk
JOIN member_batches AS batch ON batch.async_action_id = chunk.async_action_id;

-- name: save
UPDATE member_batch_chunks SET entries = NULL, outcomes = $3::json WHERE async_action_id = $1 AND number = $2;

-- name: is_done
SELECT true FROM member_batch_chunks WHERE async_action_id = $1 AND number = $2 AND outcomes IS NOT NULL;

-- name: is_batch
SELECT true FROM member_batches WHERE async_action_id = $2 AND project_id = $1;

-- name: chunks
SELECT number, entries, outcomes
FROM member_batch_chunks
WHERE async_action_id = $1 AND number >= $2
ORDER BY number
LIMIT $3;
