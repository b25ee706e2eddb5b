-- Customers, and the key table that finds them by source id. Where a customer is looked up by its id, the project is
-- compared as `project_id || ''`, which no index serves: with statistics of a smaller table, the planner would read the
-- project's whole index in place of the primary key.

-- Whoever changes customers shares a lock of their project with all others who do, and with nobody who makes up a segment
-- meanwhile (segments.sql): so each either finds the other's customers or is found by the other's filter.

-- name: lock
-- The version of the project's definitions, and the customers. Sorted, so that two batches never wait for each other
-- crosswise; the lock lets enrolments of the customers pass.
SELECT
    project.definitions_version,
    customer.id, customer.source_id, customer.name, customer.description, customer.email, customer.phone,
    customer.birthday, customer.address, customer.metadata, customer.created_at, customer.updated_at
FROM (
    SELECT definitions_version, pg_advisory_xact_lock_shared(20190, hashtext(id)) AS shared
    FROM projects
    WHERE id = $1
) AS project
LEFT JOIN (
    SELECT customer.*
    FROM (
        SELECT asked.id COLLATE "C" AS id FROM unnest($2::text[]) AS asked (id)
        UNION
        SELECT key.customer_id FROM customer_source_ids AS key
        WHERE key.project_id = $1 AND key.source_id = ANY ($3::text[])
        ORDER BY id
        OFFSET 0
    ) AS named
    CROSS JOIN LATERAL (
        SELECT * FROM customers
        WHERE customers.id = named.id AND customers.project_id || '' = $1 AND customers.deleted_at IS NULL
        FOR NO KEY UPDATE
    ) AS customer
) AS customer ON true;

-- name: save
-- Whoever takes one of these source ids at the same time waits at the first insert for the other to commit, and then
-- finds fewer rows counted than it sent. Whoever decided on other definitions than those of now decides anew.
WITH taken AS (
    INSERT INTO customer_source_ids (project_id, source_id, customer_id)
    SELECT $1, new.source_id, new.customer_id FROM unnest($2::text[], $3::text[]) AS new (source_id, customer_id)
    ON CONFLICT DO NOTHING
    RETURNING 1
), saved AS (
    INSERT INTO customers (
        id, project_id, source_id, name, description, email, phone, birthday, address, metadata, created_at, updated_at
    )
    SELECT
        new.id, $1, new.source_id, new.name, new.description, new.email, new.phone, new.birthday, new.address,
        new.metadata, new.created_at, new.updated_at
    FROM json_to_recordset($4::json) AS new (
        id text, source_id text, name text, description text, email text, phone text, birthday date, address jsonb,
        metadata jsonb, created_at timestamptz, updated_at timestamptz
    )
    ON CONFLICT (id) DO UPDATE SET
        source_id = excluded.source_id,
        name = excluded.name,
        description = excluded.description,
        email = excluded.email,
        phone = excluded.phone,
        birthday = excluded.birthday,
        address = excluded.address,
        metadata = excluded.metadata,
        updated_at = excluded.updated_at
)
SELECT
    (SELECT count(*) FROM taken) AS taken_count,
    (SELECT definitions_version FROM projects WHERE id = $1) AS definitions_version;

-- name: is_saved
SELECT true FROM customers WHERE id = $1;

-- name: one
SELECT id, source_id, name, description, email, phone, birthday, address, metadata, created_at, updated_at
FROM customers
WHERE id = coalesce(
    (SELECT by_id.id FROM customers AS by_id
     WHERE by_id.id = $2 AND by_id.project_id || '' = $1 AND by_id.deleted_at IS NULL),
    (SELECT key.customer_id FROM customer_source_ids AS key WHERE key.project_id = $1 AND key.source_id = $2)
);

-- name: listed
SELECT
    id, source_id, name, description, email, phone, birthday, address, metadata, created_at, updated_at,
    address ->> 'city' AS city
FROM customers
WHERE project_id = $1 AND deleted_at IS NULL;

-- name: listed_in_segment
SELECT
    customer.id, customer.source_id, customer.name, customer.description, customer.email, customer.phone,
    customer.birthday, customer.address, customer.metadata, customer.created_at, customer.updated_at,
    customer.address ->> 'city' AS city
FROM segment_customers AS membership
JOIN customers AS customer ON customer.id = membership.customer_id
WHERE membership.segment_id = $2 AND customer.project_id || '' = $1 AND customer.deleted_at IS NULL;

-- name: lock_to_erase
-- No enrolment of the customer can begin until the transaction ends, and none afterwards.
SELECT id, pg_advisory_xact_lock_shared(20190, hashtext($1)) AS shared FROM customers
WHERE id = coalesce(
    (SELECT by_id.id FROM customers AS by_id
     WHERE by_id.id = $2 AND by_id.project_id || '' = $1 AND by_id.deleted_at IS NULL),
    (SELECT key.customer_id FROM customer_source_ids AS key WHERE key.project_id = $1 AND key.source_id = $2)
)
AND deleted_at IS NULL
FOR UPDATE;

-- name: erase
WITH freed AS (
    DELETE FROM customer_source_ids
    WHERE project_id = $1 AND source_id = (SELECT source_id FROM customers WHERE id = $2)
), left_segments AS (
    DELETE FROM segment_customers WHERE customer_id = $2
), forgotten_orders AS (
    DELETE FROM customer_orders WHERE customer_id = $2
), forgotten_events AS (
    UPDATE custom_events SET metadata = '{}' WHERE customer_id = $2
)
UPDATE customers SET
    source_id = NULL, name = NULL, description = NULL, email = NULL, phone = NULL, birthday = NULL, address = NULL,
    metadata = '{}', updated_at = $3, deleted_at = $3
WHERE id = $2 AND project_id || '' = $1;

-- name: is_erased
SELECT true FROM customers WHERE id = $1 AND deleted_at IS NOT NULL;
