-- The work that midnights bring, project by project.

-- name: insert
INSERT INTO daily_work (project_id, night_at, try_at) VALUES ($1, $2, $2);

-- name: claim
-- The project that nobody has looked at for the longest time, which thereby goes to the end of the queue.
UPDATE daily_work SET try_at = $1
WHERE project_id = (
    SELECT project_id FROM daily_work
    WHERE try_at <= $1
    ORDER BY try_at, project_id
    LIMIT 1
    FOR NO KEY UPDATE SKIP LOCKED
)
RETURNING project_id, try_at, failures;

-- name: put_off
UPDATE daily_work SET try_at = $3, failures = $4 WHERE project_id = $1 AND try_at = $2;
