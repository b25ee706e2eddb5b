-- $2 members of project $1 with two cards, a history and an outbox row, in the program $3; the first one has a history
-- of $2 entries more, and its first card as many transactions. One statement each, parted by semicolons.
INSERT INTO enrolments (program_id, customer_id, member_id)
SELECT $3, 'cust_' || md5(n::text), 'lmbr_' || md5(n::text)
FROM generate_series(1, $2::int) AS n
WHERE $1::text <> '';

INSERT INTO members (id, project_id, program_id, customer_id, status, metadata, created_at)
SELECT member_id, $1, program_id, customer_id, 'ACTIVE', '{}', now() - random() * interval '1 year'
FROM enrolments
WHERE program_id = $3 AND $2::int > 0;

INSERT INTO cards (member_id, id, project_id, card_definition_id, code, allow_negative, created_at)
SELECT member_id, 'lcrd_' || n || substr(member_id, 6), $1, 'lcdef_' || lpad(to_hex(n), 32, '0'), 'seed', false, now()
FROM enrolments, generate_series(1, 2) AS n
WHERE program_id = $3 AND $2::int > 0;

INSERT INTO card_codes (project_id, code, card_id, member_id)
SELECT $1, id, id, member_id FROM cards
WHERE code = 'seed' AND $2::int > 0 AND $3::text <> '';

INSERT INTO member_activities (member_id, id, subject_id, type, data, group_id, source, created_at)
SELECT member_id, 'lambr_' || n || substr(member_id, 6), member_id, 'vl.member.created', '{}', 'lgrp_seed', '{}', now()
FROM enrolments, generate_series(1, 7) AS n
WHERE program_id = $3 AND $1::text <> '' AND $2::int > 0;

INSERT INTO outbox (member_id, id, project_id, created_at)
SELECT member_id, 'lgrp_' || substr(member_id, 6), $1, now()
FROM enrolments
WHERE program_id = $3 AND $2::int > 0;

INSERT INTO member_activities (member_id, id, subject_id, type, data, group_id, source, created_at)
SELECT 'lmbr_' || md5('1'), 'lambr_' || md5(n::text), 'lmbr_' || md5('1'), 'vl.member.updated', '{"member": {}}', 'lgrp_seed', '{}',
    now() - n * interval '1 second'
FROM generate_series(1, $2::int) AS n
WHERE $1::text <> '' AND $3::text <> '';

INSERT INTO card_transactions (
    member_id, card_id, id, card_definition_id, type, status, details, group_id, source, created_at, occurred_at
)
SELECT 'lmbr_' || md5('1'), 'lcrd_1' || md5('1'), 'lctx_' || md5(n::text), 'lcdef_' || lpad('1', 32, '0'), 'ADMIN_CREDIT',
    'APPROVED', '{"reason": null, "points": {"total": 1}, "metadata": {}}', 'lgrp_seed', '{}',
    now() - n * interval '1 second', now() - n * interval '1 second'
FROM generate_series(1, $2::int) AS n
WHERE $1::text <> '' AND $3::text <> '';
