-- How granted benefits are fulfilled: what came of it, in which group of the member's events, and when it is tried again
-- after failures, by the wall clock; null is at once.

ALTER TABLE benefit_grants
    ADD COLUMN details json,
    ADD COLUMN group_id text COLLATE "C",
    ADD COLUMN due_at timestamptz(3),
    ADD COLUMN failures int NOT NULL DEFAULT 0,
    ADD CONSTRAINT benefit_grants_told_when_decided CHECK ((status = 'PENDING') = (details IS NULL));
DROP INDEX benefit_grants_pending;
CREATE INDEX benefit_grants_pending ON benefit_grants (project_id, created_at, id) WHERE status = 'PENDING';
