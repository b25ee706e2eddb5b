-- Members and their cards. A batch travels as columns of text joined by the unit separator (U+001F), which no id holds
-- and which JSON always escapes: cheaper than arrays on both sides (docs/performance.md).

-- name: enrolment_facts
SELECT
    found.version,
    found.customer_id,
    (SELECT enrolment.member_id FROM enrolments AS enrolment
     WHERE enrolment.program_id = found.program_id AND enrolment.customer_id = found.customer_id) AS member_id
FROM (
    SELECT
        (SELECT definitions_version FROM projects WHERE id = $1) AS version,
        asked.program_id,
        (
            -- The project is compared in the select list: in the condition it would let the planner, with statistics of a
            -- smaller table, skip through the index of the project's customers in place of the primary key.
            SELECT CASE WHEN customer.project_id = $1 AND customer.deleted_at IS NULL THEN customer.id END
            FROM customers AS customer
            WHERE customer.id = coalesce(
                nullif(asked.customer_id, ''),
                (SELECT key.customer_id FROM customer_source_ids AS key
                 WHERE key.project_id = $1 AND key.source_id = asked.source_id)
            )
            FOR KEY SHARE
        ) AS customer_id,
        asked.place
    FROM unnest(string_to_array($2, E'\x1f'), string_to_array($3, E'\x1f'), string_to_array($4, E'\x1f'))
        WITH ORDINALITY AS asked (program_id, customer_id, source_id, place)
    OFFSET 0
) AS found
ORDER BY found.place;

-- name: save_enrolments
-- One statement, all tables. Whoever enrols the same customer at the same time waits at the first insert for the other
-- to commit, and then finds fewer rows counted than it sent.
WITH enrolled AS (
    INSERT INTO enrolments (program_id, customer_id, member_id)
    SELECT * FROM unnest(
        string_to_array($3, E'\x1f'), string_to_array($4, E'\x1f'), string_to_array($5, E'\x1f')
    )
    ON CONFLICT DO NOTHING
    RETURNING 1
), saved_members AS (
    INSERT INTO members (id, project_id, program_id, customer_id, status, metadata, created_at)
    SELECT id, $1, program_id, customer_id, status, metadata::jsonb, $2
    FROM unnest(
        string_to_array($5, E'\x1f'), string_to_array($3, E'\x1f'), string_to_array($4, E'\x1f'),
        string_to_array($6, E'\x1f'), string_to_array($7, E'\x1f')
    ) AS new (id, program_id, customer_id, status, metadata)
), saved_cards AS (
    INSERT INTO cards (member_id, id, project_id, card_definition_id, allow_negative, code_due_at, created_at)
    SELECT member_id, id, $1, card_definition_id, allow_negative::boolean, $20, $2
    FROM unnest(
        string_to_array($8, E'\x1f'), string_to_array($9, E'\x1f'),
        string_to_array($10, E'\x1f'), string_to_array($11, E'\x1f')
    ) AS new (member_id, id, card_definition_id, allow_negative)
), saved_activities AS (
    INSERT INTO member_activities (member_id, id, subject_id, type, data, group_id, source, created_at)
    SELECT member_id, id, subject_id, type, data::json, group_id, source::json, $2
    FROM unnest(
        string_to_array($12, E'\x1f'), string_to_array($13, E'\x1f'), string_to_array($14, E'\x1f'),
        string_to_array($15, E'\x1f'), string_to_array($16, E'\x1f'), string_to_array($17, E'\x1f'),
        string_to_array($18, E'\x1f')
    ) AS new (member_id, id, subject_id, type, data, group_id, source)
), saved_outbox AS (
    INSERT INTO outbox (member_id, id, project_id, created_at)
    SELECT member_id, id, $1, $2
    FROM unnest(string_to_array($5, E'\x1f'), string_to_array($19, E'\x1f')) AS new (member_id, id)
)
SELECT count(*) FROM enrolled;

-- name: is_saved
SELECT true FROM members WHERE id = $1;

-- name: with_cards
SELECT
    member.id AS member_id, member.customer_id, member.program_id, member.status, member.metadata,
    member.created_at AS member_created_at, member.updated_at,
    card.id, card.card_definition_id, card.code, card.created_at,
    card.total, card.earned, card.added, card.purchased, card.purchased_reversed, card.subtracted, card.expired,
    card.spent, card.refunded, card.returned, card.locked, card.unlocked,
    card.pending_total, card.pending_activated, card.pending_canceled,
    card.next_expiration_on, card.next_expiration_points,
    card.next_activation_on, card.next_activation_points, card.next_activation_type
FROM members AS member
LEFT JOIN cards AS card ON card.member_id = member.id
WHERE member.id = ANY (string_to_array($2, E'\x1f')) AND member.project_id = $1 AND member.status <> 'DELETED'
ORDER BY member.id, card.id;

-- name: lock
-- Nobody else changes the member until the transaction ends.
SELECT id, customer_id, program_id, status, metadata, created_at, updated_at
FROM members
WHERE id = $3 AND project_id = $1 AND program_id = $2 AND status <> 'DELETED'
FOR NO KEY UPDATE;

-- name: lock_of_customer
-- One that another transaction deletes meanwhile is gone by the time that its lock is free.
SELECT
    member.id, member.customer_id, member.program_id, member.status, member.metadata, member.created_at,
    member.updated_at
FROM enrolments AS enrolment
JOIN members AS member ON member.id = enrolment.member_id
WHERE enrolment.customer_id = $2 AND member.project_id = $1 AND member.status <> 'DELETED'
ORDER BY member.id
FOR NO KEY UPDATE OF member;

-- name: lock_cards
SELECT
    card.member_id, card.id, card.card_definition_id, card.code, card.created_at,
    card.total, card.earned, card.added, card.purchased, card.purchased_reversed, card.subtracted, card.expired,
    card.spent, card.refunded, card.returned, card.locked, card.unlocked,
    card.pending_total, card.pending_activated, card.pending_canceled,
    card.next_expiration_on, card.next_expiration_points,
    card.next_activation_on, card.next_activation_points, card.next_activation_type
FROM cards AS card
WHERE card.member_id = ANY ($1::text[])
ORDER BY card.member_id, card.id
FOR NO KEY UPDATE;

-- name: save_changes
-- A member that is deleted is no longer enrolled, its cards wait for no code, and its buckets for no date.
WITH changed AS (
    SELECT * FROM unnest($5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
        AS new (id, program_id, customer_id, status, metadata)
), saved_members AS (
    UPDATE members AS member
    SET status = changed.status, metadata = changed.metadata::jsonb, updated_at = $2
    FROM changed
    WHERE member.id = changed.id AND member.project_id = $1
), left_programs AS (
    DELETE FROM enrolments AS enrolment
    USING changed
    WHERE changed.status = 'DELETED' AND enrolment.member_id = changed.id
        AND enrolment.program_id = changed.program_id AND enrolment.customer_id = changed.customer_id
), deleted_cards AS (
    UPDATE cards AS card
    SET deleted_at = $2, code_due_at = NULL
    FROM changed
    WHERE changed.status = 'DELETED' AND card.member_id = changed.id
), left_buckets AS (
    UPDATE points_buckets AS bucket
    SET status = 'DELETED', updated_at = $2
    FROM changed
    WHERE changed.status = 'DELETED' AND bucket.member_id = changed.id AND bucket.status = 'ACTIVE'
), left_pending AS (
    UPDATE pending_buckets AS bucket
    SET status = 'DELETED', updated_at = $2
    FROM changed
    WHERE changed.status = 'DELETED' AND bucket.member_id = changed.id AND bucket.status = 'PENDING'
), left_slidings AS (
    DELETE FROM sliding_expirations AS sliding
    USING changed
    WHERE changed.status = 'DELETED' AND sliding.member_id = changed.id
), saved_activities AS (
    INSERT INTO member_activities (member_id, id, subject_id, type, data, group_id, source, created_at)
    SELECT new.member_id, new.id, new.subject_id, new.type, new.data::json, $3, $4::json, $2
    FROM unnest($10::text[], $11::text[], $12::text[], $13::text[], $14::text[])
        AS new (member_id, id, subject_id, type, data)
)
INSERT INTO outbox (member_id, id, project_id, created_at)
SELECT id, $3, $1, $2 FROM changed;

-- name: is_changed
SELECT true FROM outbox WHERE member_id = $1 AND id = $2;

-- name: listed
SELECT id, customer_id, program_id, status, metadata, created_at, updated_at
FROM members
WHERE project_id = $1 AND program_id = $2 AND status <> 'DELETED';

-- name: activities
SELECT id, subject_id, type, data, group_id, source, created_at
FROM member_activities
WHERE member_id = $1 AND subject_id = $2;

-- name: has_program
SELECT true FROM programs WHERE id = $2 AND project_id = $1 AND status <> 'DELETED';
