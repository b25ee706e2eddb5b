-- Memberships of a customer. The project is compared as `project_id || ''` where a row is looked up by its id, for the
-- reason that customers.sql gives.

-- name: owner
SELECT customer.id, customer.source_id
FROM customers AS customer
WHERE customer.id = CASE $2
        WHEN 'customer_id' THEN $3
        WHEN 'customer_source_id' THEN (
            SELECT key.customer_id FROM customer_source_ids AS key WHERE key.project_id = $1 AND key.source_id = $3
        )
        WHEN 'member_id' THEN (
            SELECT member.customer_id FROM members AS member
            WHERE member.id = $3 AND member.project_id || '' = $1 AND member.status <> 'DELETED'
        )
    END
    AND customer.project_id || '' = $1 AND customer.deleted_at IS NULL;

-- name: listed
-- Oldest first.
SELECT enrolment.member_id, program.id, program.name, program.status, program.metadata
FROM enrolments AS enrolment
JOIN programs AS program ON program.id = enrolment.program_id
WHERE enrolment.customer_id = $2 AND program.project_id = $1
ORDER BY enrolment.member_id;

-- name: named
-- What there is of each path: its program, be it deleted, the customer, and the customer's member in the program with its
-- accounts, a row each. One statement, so that all of it is of one moment. No bucket is named ($1).
SELECT
    asked.place,
    (SELECT definitions_version FROM projects WHERE id = $2) AS version,
    program.id AS path_program_id, program.name, program.status AS program_status, program.metadata AS program_metadata,
    owner.id AS owner_id,
    member.id, member.customer_id, member.program_id, member.status, member.metadata, member.created_at, member.updated_at,
    account.*
FROM unnest($3::text[], $4::text[], $5::text[]) WITH ORDINALITY AS asked (program_id, type, reference, place)
LEFT JOIN LATERAL (
    SELECT id, name, status, metadata FROM programs WHERE id = asked.program_id AND project_id || '' = $2
) AS program ON true
LEFT JOIN LATERAL (
    SELECT customer.id FROM customers AS customer
    WHERE customer.id = CASE asked.type
            WHEN 'customer_id' THEN asked.reference
            WHEN 'customer_source_id' THEN (
                SELECT key.customer_id FROM customer_source_ids AS key
                WHERE key.project_id = $2 AND key.source_id = asked.reference
            )
            WHEN 'member_id' THEN (
                SELECT member.customer_id FROM members AS member
                WHERE member.id = asked.reference AND member.project_id || '' = $2 AND member.status <> 'DELETED'
            )
        END
        AND customer.project_id || '' = $2 AND customer.deleted_at IS NULL
) AS owner ON true
LEFT JOIN LATERAL (
    SELECT member.* FROM enrolments AS enrolment
    JOIN members AS member ON member.id = enrolment.member_id
    WHERE enrolment.program_id = program.id AND enrolment.customer_id = owner.id AND member.status <> 'DELETED'
) AS member ON true
LEFT JOIN LATERAL (
    SELECT found.* FROM (
        -- include: ledger.account
    ) AS found
    WHERE found.member_id = member.id
) AS account ON true
ORDER BY asked.place, account.id;
