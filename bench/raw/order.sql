-- One order of five items, paid by a member of one program, as plain SQL: the same reads, then the same rows, one insert a
-- table, in one transaction.
\set i :i + 1
\set place :client_id * 100000000 + :i
\set customer random(1, :customers)
\set first random(1, 990)
BEGIN;
SELECT order_id FROM order_source_ids WHERE project_id = :project AND source_id = 'raw-' || :place;
SELECT id, source_id, name, price, metadata FROM products
WHERE id = ANY (ARRAY(SELECT 'prod_' || md5('product ' || n) FROM generate_series(:first::int, :first::int + 4) AS n))
    AND project_id = :project;
SELECT definitions_version FROM projects WHERE id = :project;
SELECT id, source_id, name, description, email, phone, birthday, address, metadata, created_at, updated_at FROM customers
WHERE id = 'cust_' || md5('buyer ' || :customer) AND project_id = :project AND deleted_at IS NULL
FOR NO KEY UPDATE;
INSERT INTO order_source_ids (project_id, source_id, order_id)
VALUES (:project, 'raw-' || :place, 'ord_' || lpad(to_hex(:place::bigint), 32, '0'));
INSERT INTO orders (
    id, project_id, source_id, status, customer_id, amount, discount_amount, items, metadata, paid_at, created_at
)
VALUES ('ord_' || lpad(to_hex(:place::bigint), 32, '0'), :project, 'raw-' || :place, 'PAID',
        'cust_' || md5('buyer ' || :customer), 1000, 0, :items::json, :metadata::jsonb, now(), now());
INSERT INTO triggers (member_id, project_id, kind, subject_id, occurred_at, payload)
SELECT member.id, :project, 'customer.order.paid', 'ord_' || lpad(to_hex(:place::bigint), 32, '0'), now(), :payload::json
FROM enrolments AS enrolment
JOIN members AS member ON member.id = enrolment.member_id
WHERE enrolment.customer_id = 'cust_' || md5('buyer ' || :customer) AND member.status = 'ACTIVE';
COMMIT;
