-- Queues of triggers, one for each member.

-- name: record
-- One statement, in which the customers' locks come first: the numbers of their members' rows are drawn after them. Those
-- of one statement follow the order of what happened.
WITH asked AS (
    SELECT * FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
        WITH ORDINALITY AS asked (customer_id, kind, subject_id, payload, payload_of_inactive, place)
), locked AS MATERIALIZED (
    SELECT customer.id FROM customers AS customer
    WHERE customer.id = ANY ($3::text[]) AND customer.project_id || '' = $1 AND customer.deleted_at IS NULL
    ORDER BY customer.id
    FOR NO KEY UPDATE
), recorded AS (
    INSERT INTO triggers (member_id, project_id, kind, subject_id, occurred_at, payload)
    SELECT
        member.id, $1, asked.kind, asked.subject_id, $2,
        CASE member.status WHEN 'ACTIVE' THEN asked.payload::json ELSE asked.payload_of_inactive::json END
    FROM locked
    JOIN asked ON asked.customer_id = locked.id
    JOIN enrolments AS enrolment ON enrolment.customer_id = locked.id
    JOIN members AS member ON member.id = enrolment.member_id
    WHERE member.project_id || '' = $1
        AND (member.status = 'ACTIVE' OR member.status = 'INACTIVE' AND asked.payload_of_inactive IS NOT NULL)
    ORDER BY asked.place, member.id
    RETURNING 1
)
SELECT count(*) FROM recorded;

-- name: record_crossings_of
-- Whoever is in the segment or not: so many have changed at once that nobody asks who. Their customers are locked first,
-- as in `record`.
WITH asking AS (
    SELECT DISTINCT assignment.program_id
    FROM definition_references AS reference
    JOIN program_assignments AS assignment ON assignment.definition_id = reference.definition_id
    JOIN programs AS program ON program.id = assignment.program_id
    WHERE reference.referred_id = $2 AND assignment.kind = 'tier_structure' AND program.project_id = $1
), locked AS MATERIALIZED (
    SELECT customer.id, enrolment.member_id
    FROM asking
    JOIN enrolments AS enrolment ON enrolment.program_id = asking.program_id
    JOIN customers AS customer ON customer.id = enrolment.customer_id
    WHERE customer.project_id || '' = $1 AND customer.deleted_at IS NULL
    ORDER BY customer.id
    FOR NO KEY UPDATE OF customer
)
INSERT INTO triggers (member_id, project_id, kind, subject_id, occurred_at, payload)
SELECT member_id, $1, 'customer.segment.crossed', $2, $3, '{}'
FROM locked
ORDER BY member_id;

-- name: claim
-- The next members, in the order of their ids, whose first trigger is due: one step of the index for each, however many
-- triggers wait behind it. Members at whom somebody else is have no member_id.
WITH RECURSIVE head AS (
    (SELECT member_id, due_at FROM triggers WHERE member_id > $1 ORDER BY member_id, seq LIMIT 1)
    UNION ALL
    SELECT following.member_id, following.due_at
    FROM head
    CROSS JOIN LATERAL (
        SELECT member_id, due_at FROM triggers WHERE member_id > head.member_id ORDER BY member_id, seq LIMIT 1
    ) AS following
), due AS MATERIALIZED (
    SELECT member_id FROM head WHERE due_at IS NULL OR due_at <= $2 LIMIT $3
), claimed AS MATERIALIZED (
    SELECT member.id FROM members AS member
    WHERE member.id IN (SELECT member_id FROM due)
    ORDER BY member.id
    FOR NO KEY UPDATE SKIP LOCKED
)
SELECT due.member_id AS asked_id, claimed.id AS member_id
FROM due
LEFT JOIN claimed ON claimed.id = due.member_id
ORDER BY due.member_id;

-- name: claim_of_project
-- Members of one project whose first trigger is due. Read through where a clock is moved, and nowhere else: no index is
-- kept for it.
WITH head AS (
    SELECT DISTINCT ON (member_id) member_id, due_at FROM triggers WHERE project_id = $1 ORDER BY member_id, seq
)
SELECT member.id AS member_id FROM members AS member
WHERE member.id IN (SELECT member_id FROM head WHERE due_at IS NULL OR due_at <= $2)
ORDER BY member.id
LIMIT $3
FOR NO KEY UPDATE SKIP LOCKED;

-- name: waiting
-- A statement of its own, after the members are locked: it sees what others did before they let them go.
SELECT
    trigger.member_id, trigger.seq, trigger.project_id, trigger.kind, trigger.subject_id, trigger.occurred_at,
    trigger.payload, trigger.failures, trigger.due_at
FROM unnest($1::text[]) AS claimed (member_id)
CROSS JOIN LATERAL (
    SELECT * FROM triggers WHERE triggers.member_id = claimed.member_id ORDER BY triggers.seq LIMIT $2
) AS trigger
ORDER BY trigger.member_id, trigger.seq;

-- name: remove
DELETE FROM triggers
USING unnest($1::text[], $2::bigint[]) AS done (member_id, seq)
WHERE triggers.member_id = done.member_id AND triggers.seq = done.seq;

-- name: is_removed
SELECT NOT EXISTS (SELECT FROM triggers WHERE member_id = $1 AND seq = $2);

-- name: put_off
UPDATE triggers SET failures = failures + 1, due_at = failed.due_at
FROM unnest($1::text[], $2::bigint[], $3::timestamptz[]) AS failed (member_id, seq, due_at)
WHERE triggers.member_id = failed.member_id AND triggers.seq = failed.seq;

-- name: park
WITH failed AS (
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[]) AS failed (member_id, seq, failure)
), gone AS (
    DELETE FROM triggers USING failed
    WHERE triggers.member_id = failed.member_id AND triggers.seq = failed.seq
    RETURNING triggers.*, failed.failure
)
INSERT INTO parked_triggers (
    member_id, seq, project_id, kind, subject_id, occurred_at, payload, failures, failure, parked_at
)
SELECT member_id, seq, project_id, kind, subject_id, occurred_at, payload, failures + 1, failure, $4 FROM gone;

-- name: parked
SELECT member_id, seq, project_id, kind, subject_id, occurred_at, failures, failure, parked_at
FROM parked_triggers
WHERE $1::text IS NULL OR project_id = $1
ORDER BY parked_at DESC, member_id DESC, seq DESC
LIMIT $2;

-- name: retry
-- Their old numbers put them before all that wait.
WITH gone AS (
    DELETE FROM parked_triggers AS parked
    USING unnest($1::text[], $2::bigint[]) AS asked (member_id, seq)
    WHERE parked.member_id = asked.member_id AND parked.seq = asked.seq
    RETURNING parked.*
), again AS (
    INSERT INTO triggers (member_id, seq, project_id, kind, subject_id, occurred_at, payload)
    OVERRIDING SYSTEM VALUE
    SELECT member_id, seq, project_id, kind, subject_id, occurred_at, payload FROM gone
    RETURNING 1
)
SELECT count(*) FROM again;
