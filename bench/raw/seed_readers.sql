-- $2 members of project $1 in program $3 with two cards each, to be read; their ids are numbered.
INSERT INTO members (id, project_id, program_id, customer_id, status, metadata, created_at)
SELECT 'lmbr_f' || lpad(to_hex(n), 31, '0'), $1, $3, 'cust_f' || lpad(to_hex(n), 31, '0'), 'ACTIVE', '{}', now()
FROM generate_series(1, $2::int) AS n;

INSERT INTO cards (member_id, id, project_id, card_definition_id, code, allow_negative, created_at)
SELECT 'lmbr_f' || lpad(to_hex(n), 31, '0'), 'lcrd_f' || d || lpad(to_hex(n), 30, '0'), $1,
    'lcdef_' || lpad(to_hex(d), 32, '0'), 'READ-' || n, false, now()
FROM generate_series(1, $2::int) AS n, generate_series(1, 2) AS d
WHERE $3::text <> '';
