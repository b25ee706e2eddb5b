-- Points for $2 seeded members of project $1, and two rewards of program $3: any number of one, many of the other.
UPDATE cards SET total = 1000000000, added = 1000000000
WHERE id LIKE 'lcrd\_f1%' AND project_id = $1 AND $2::int > 0 AND $3::text <> '';

INSERT INTO points_buckets (member_id, card_id, id, project_id, expiration_type, expiration_key, month, points, status, created_at)
SELECT 'lmbr_f' || lpad(to_hex(n), 31, '0'), 'lcrd_f1' || lpad(to_hex(n), 30, '0'), 'lcpeb_f' || lpad(to_hex(n), 31, '0'), $1,
    'NO_EXPIRATION', 'seed', '2026-01-01', 1000000000, 'ACTIVE', now()
FROM generate_series(1, $2::int) AS n
WHERE $3::text <> '';

INSERT INTO definitions (id, project_id, kind, name, status, configuration, metadata, created_at)
SELECT 'lrew_' || lpad(to_hex(n), 32, '0'), $1, 'reward', 'Mug', 'ACTIVE', jsonb_build_object(
        'type', 'MATERIAL',
        'material', '{"type": "PRODUCT", "product": {"id": "prod_1"}}'::jsonb,
        'costs', jsonb_build_array(jsonb_build_object('id', 'lrcst_1', 'spending', jsonb_build_array(
            jsonb_build_object('id', 'lrspn_1', 'points', 10, 'card_definition_id', 'lcdef_' || lpad('1', 32, '0'))))),
        'purchase_limits', '{"cooldown": {"type": "NO_COOLDOWN"}, "frequency": {"type": "NO_LIMIT", "limits": []}}'::jsonb,
        'refunds', '{"type": "NONE"}'::jsonb, 'validity_hours', '{"type": "ANY_TIME"}'::jsonb
    ), '{}', now()
FROM generate_series(1, 2) AS n
WHERE $2::int > 0 AND $3::text <> '';

INSERT INTO program_assignments (program_id, definition_id, kind, stock_quantity, created_at)
SELECT $3, 'lrew_' || lpad(to_hex(n), 32, '0'), 'reward', CASE n WHEN 2 THEN 1000000000 END, now()
FROM generate_series(1, 2) AS n
WHERE $1::text <> '' AND $2::int > 0;

UPDATE projects SET definitions_version = definitions_version + 1 WHERE id = $1 AND $2::int > 0 AND $3::text <> '';
