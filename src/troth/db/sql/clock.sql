-- Clocks of projects. A step of one takes the project's advisory lock alone, whoever writes in a sandbox shares it: so a
-- transaction has one time, and none is under way while the clock moves. Locks end with their transaction.

-- name: is_sandbox
SELECT sandbox FROM projects WHERE id = $1;

-- name: share
SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0));

-- name: stands_at
-- A statement of its own: the one that waits for the lock sees the clock as it was before it waited.
SELECT clock_at FROM projects WHERE id = $1;

-- name: one
SELECT project.time_zone, project.sandbox, work.night_at, project.clock_at, work.moving_to, work.async_action_id
FROM projects AS project
JOIN daily_work AS work ON work.project_id = project.id
WHERE project.id = $1;

-- name: lock
-- The project's row too, before its advisory lock: whoever holds the row waits for the lock, never the other way round.
SELECT project.time_zone, project.sandbox, work.night_at, project.clock_at, work.moving_to, work.async_action_id
FROM projects AS project
JOIN daily_work AS work ON work.project_id = project.id
WHERE project.id = $1
FOR NO KEY UPDATE;

-- name: stop_writers
SELECT pg_advisory_xact_lock(hashtextextended($1, 0));

-- name: waiting
-- What of a project is still to be worked off, in the order in which one leads to the other; what has failed $2 times
-- keeps nobody waiting. Read where a clock is moved and nowhere else.
SELECT
    EXISTS (SELECT FROM customer_imports WHERE project_id = $1 AND due_at IS NOT NULL) AS customer_imports,
    EXISTS (
        SELECT FROM member_batch_chunks AS chunk
        JOIN member_batches AS batch ON batch.async_action_id = chunk.async_action_id
        WHERE chunk.outcomes IS NULL AND batch.project_id = $1
    ) AS member_batches,
    EXISTS (SELECT FROM order_imports WHERE project_id = $1 AND chunks_done < chunks_count) AS order_imports,
    EXISTS (SELECT FROM triggers WHERE project_id = $1) AS triggers,
    EXISTS (SELECT FROM benefit_grants WHERE project_id = $1 AND status = 'PENDING' AND failures < $2) AS benefits,
    EXISTS (
        SELECT FROM reward_transactions WHERE project_id = $1 AND due_at IS NOT NULL AND failures < $2
    ) AS reward_purchases;

-- name: save
WITH moved AS (
    UPDATE projects SET clock_at = $3 WHERE id = $1 AND clock_at IS DISTINCT FROM $3
)
UPDATE daily_work SET night_at = $2, moving_to = $4, async_action_id = $5, try_at = $6, failures = 0
WHERE project_id = $1;

-- name: is_moved
SELECT true
FROM projects AS project
JOIN daily_work AS work ON work.project_id = project.id
WHERE project.id = $1 AND (work.moving_to = $2 OR project.clock_at >= $2);
