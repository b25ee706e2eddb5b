-- $2 customers of project $1, each a member of program $3 with one card.
INSERT INTO customers (id, project_id, metadata, created_at)
SELECT 'cust_f' || lpad(to_hex(n), 31, '0'), $1, '{}', now() FROM generate_series(1, $2::int) AS n
WHERE $3::text <> ''
ON CONFLICT DO NOTHING;

INSERT INTO members (id, project_id, program_id, customer_id, status, metadata, created_at)
SELECT 'lmbr_f' || lpad(to_hex(n), 31, '0'), $1, $3, 'cust_f' || lpad(to_hex(n), 31, '0'), 'ACTIVE', '{}', now()
FROM generate_series(1, $2::int) AS n;

INSERT INTO enrolments (program_id, customer_id, member_id)
SELECT $3, 'cust_f' || lpad(to_hex(n), 31, '0'), 'lmbr_f' || lpad(to_hex(n), 31, '0')
FROM generate_series(1, $2::int) AS n
WHERE $1::text <> '';

INSERT INTO cards (member_id, id, project_id, card_definition_id, code, allow_negative, created_at)
SELECT 'lmbr_f' || lpad(to_hex(n), 31, '0'), 'lcrd_f1' || lpad(to_hex(n), 30, '0'), $1,
    'lcdef_' || lpad('1', 32, '0'), 'EARN-' || n, false, now()
FROM generate_series(1, $2::int) AS n
WHERE $3::text <> '';
