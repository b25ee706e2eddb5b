-- $2 members of project $1 in program $3 with one card each, whose 50 points are in five buckets that all had their last
-- day of use yesterday.
INSERT INTO members (id, project_id, program_id, customer_id, status, metadata, created_at)
SELECT 'lmbr_e' || lpad(to_hex(n), 31, '0'), $1, $3, 'cust_e' || lpad(to_hex(n), 31, '0'), 'ACTIVE', '{}', now() - interval '1 year'
FROM generate_series(1, $2::int) AS n;

INSERT INTO cards (
    member_id, id, project_id, card_definition_id, code, allow_negative, added, total, created_at,
    next_expiration_on, next_expiration_points
)
SELECT 'lmbr_e' || lpad(to_hex(n), 31, '0'), 'lcrd_e' || lpad(to_hex(n), 31, '0'), $1, 'lcdef_' || lpad('1', 32, '0'),
    'NIGHT-' || n, false, 50, 50, now() - interval '1 year', current_date - 1, 50
FROM generate_series(1, $2::int) AS n
WHERE $3::text <> '';

INSERT INTO points_buckets (
    member_id, card_id, id, project_id, expiration_type, expiration_key, expires_on, month, points, status, created_at
)
SELECT 'lmbr_e' || lpad(to_hex(n), 31, '0'), 'lcrd_e' || lpad(to_hex(n), 31, '0'),
    'lcpeb_e' || m || lpad(to_hex(n), 30, '0'), $1, 'ROLLING_EXPIRATION', 'key', current_date - 1,
    (date_trunc('month', current_date) - m * interval '1 month')::date, 10, 'ACTIVE', now() - interval '1 year'
FROM generate_series(1, $2::int) AS n, generate_series(1, 5) AS m
WHERE $3::text <> '';

INSERT INTO postings (member_id, card_id, transaction_id, place, kind, points, changes, posted_at)
SELECT member_id, card_id, 'lctx_e' || substr(id, 8), 0, 'ADDED', points, jsonb_build_object(id, points), created_at
FROM points_buckets
WHERE member_id LIKE 'lmbr\_e%' AND project_id = $1 AND $2::int > 0 AND $3::text <> '';

INSERT INTO card_transactions (
    member_id, card_id, id, card_definition_id, type, status, details, group_id, source, created_at, occurred_at
)
SELECT member_id, card_id, transaction_id, 'lcdef_' || lpad('1', 32, '0'), 'ADMIN_CREDIT', 'APPROVED',
    '{"reason": null, "points": {"total": 10}, "metadata": {}}', 'lgrp_seed', '{}', posted_at, posted_at
FROM postings
WHERE member_id LIKE 'lmbr\_e%' AND $1::text <> '' AND $2::int > 0 AND $3::text <> '';
