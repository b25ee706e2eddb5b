-- $2 members of project $1 in program $3, each with a card that holds points without a date, and an order of five items to
-- pay; their ids are numbered.
INSERT INTO members (id, project_id, program_id, customer_id, status, metadata, created_at)
SELECT 'lmbr_d' || lpad(to_hex(n), 31, '0'), $1, $3, 'cust_d' || lpad(to_hex(n), 31, '0'), 'ACTIVE', '{}', now()
FROM generate_series(1, $2::int) AS n;

INSERT INTO cards (
    member_id, id, project_id, card_definition_id, code, allow_negative, total, added, latest_at, created_at
)
SELECT 'lmbr_d' || lpad(to_hex(n), 31, '0'), 'lcrd_d' || lpad(to_hex(n), 31, '0'), $1,
    'lcdef_' || lpad(to_hex(1), 32, '0'), 'PAY-' || n, false, 1000000000, 1000000000, now(), now()
FROM generate_series(1, $2::int) AS n
WHERE $3::text <> '';

INSERT INTO points_buckets (
    member_id, card_id, id, project_id, expiration_type, expiration_key, month, points, status, created_at
)
SELECT 'lmbr_d' || lpad(to_hex(n), 31, '0'), 'lcrd_d' || lpad(to_hex(n), 31, '0'), 'lcpeb_d' || lpad(to_hex(n), 31, '0'),
    $1, 'NO_EXPIRATION', 'key', '2026-01-01', 1000000000, 'ACTIVE', now()
FROM generate_series(1, $2::int) AS n
WHERE $3::text <> '';

INSERT INTO card_transactions (
    member_id, card_id, id, card_definition_id, type, status, details, group_id, source, created_at, occurred_at
)
SELECT 'lmbr_d' || lpad(to_hex(n), 31, '0'), 'lcrd_d' || lpad(to_hex(n), 31, '0'), 'lctx_d' || lpad(to_hex(n), 31, '0'),
    'lcdef_' || lpad(to_hex(1), 32, '0'), 'ADMIN_CREDIT', 'APPROVED', '{"points": {"total": 1000000000}}', 'lgrp_d', '{}',
    now(), now()
FROM generate_series(1, $2::int) AS n
WHERE $1::text <> '' AND $3::text <> '';

INSERT INTO postings (member_id, card_id, transaction_id, place, kind, points, changes, posted_at)
SELECT 'lmbr_d' || lpad(to_hex(n), 31, '0'), 'lcrd_d' || lpad(to_hex(n), 31, '0'), 'lctx_d' || lpad(to_hex(n), 31, '0'),
    0, 'ADDED', 1000000000, jsonb_build_object('lcpeb_d' || lpad(to_hex(n), 31, '0'), 1000000000), now()
FROM generate_series(1, $2::int) AS n
WHERE $1::text <> '' AND $3::text <> '';

INSERT INTO orders (
    id, project_id, status, customer_id, amount, discount_amount, items, metadata, paid_at, created_at
)
SELECT 'ord_d' || lpad(to_hex(n), 31, '0'), $1, 'PAID', 'cust_d' || lpad(to_hex(n), 31, '0'), 1000000000, 0,
    (SELECT json_agg(json_build_object(
        'source_id', 'tea-' || place, 'related_object', 'product', 'quantity', 2, 'discount_quantity', 0, 'price', 100,
        'amount', 200, 'discount_amount', 0, 'applied_discount_amount', 0, 'subtotal_amount', 200, 'metadata',
        json_build_object('gift', false), 'product', json_build_object('name', 'Tea ' || place, 'metadata', json_build_object())
    )) FROM generate_series(1, 5) AS place),
    '{"channel": "web"}', now(), now()
FROM generate_series(1, $2::int) AS n
WHERE $3::text <> '';
