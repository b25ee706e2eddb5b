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

-- name: has_program
SELECT true FROM programs WHERE id = $2 AND project_id = $1;
