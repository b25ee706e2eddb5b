-- Clocks of projects. A step of one takes the project's advisory lock alone, whoever writes in a sandbox shares it: so a
-- transaction has one time, and none is under way while the clock moves. Locks end with their transaction.

-- name: is_sandbox
SELECT sandbox FROM projects WHERE id = $1;

-- name: share
SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0));

-- name: stands_at
-- A statement of its own: the one that waits for the lock sees the clock as it was before it waited.
SELECT clock_at FROM projects WHERE id = $1;
