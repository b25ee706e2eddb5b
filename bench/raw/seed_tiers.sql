-- A tier structure for program $3 of project $1, and $2 members with one card each who have been in Gold for a year, which
-- was safe through yesterday and is deserved no longer.
INSERT INTO definitions (id, project_id, kind, name, status, configuration, metadata, created_at)
SELECT 'lts_' || lpad('1', 32, '0'), $1, 'tier_structure', 'Levels', 'ACTIVE',
    '{"type": "POINT_EARNED", "point_earned": {"card_definition_id": "lcdef_00000000000000000000000000000001",
      "period": {"value": 1, "unit": "YEAR"}, "type": "IMMEDIATELY"},
      "expiration": {"type": "FIXED_DURATION", "fixed_duration": {"period": {"value": 1, "unit": "YEAR"}}},
      "downgrade": {"type": "MULTI_LEVEL"}}', '{}', now()
WHERE $2::int > 0 AND $3::text <> ''
ON CONFLICT DO NOTHING;

INSERT INTO tiers (id, tier_structure_id, name, configuration, metadata, created_at)
SELECT 'lt_' || lpad(place::text, 32, '0'), 'lts_' || lpad('1', 32, '0'), name,
    jsonb_build_object('qualification_rules', jsonb_build_object('type', 'POINTS', 'points', jsonb_build_object('min_value', least))),
    '{}', now()
FROM (VALUES (1, 'Bronze', 0), (2, 'Silver', 100), (3, 'Gold', 500)) AS tier (place, name, least)
WHERE $1::text <> '' AND $2::int > 0 AND $3::text <> ''
ON CONFLICT DO NOTHING;

INSERT INTO program_assignments (program_id, definition_id, kind, created_at)
SELECT $3, 'lts_' || lpad('1', 32, '0'), 'tier_structure', now() WHERE $1::text <> '' AND $2::int > 0
ON CONFLICT DO NOTHING;

UPDATE projects SET definitions_version = definitions_version + 1 WHERE id = $1 AND $2::int > 0 AND $3::text <> '';

INSERT INTO customers (id, project_id, metadata, created_at)
SELECT 'cust_a' || lpad(to_hex(n), 31, '0'), $1, '{}', now() FROM generate_series(1, $2::int) AS n
WHERE $3::text <> ''
ON CONFLICT DO NOTHING;

INSERT INTO members (id, project_id, program_id, customer_id, status, metadata, created_at)
SELECT 'lmbr_a' || lpad(to_hex(n), 31, '0'), $1, $3, 'cust_a' || lpad(to_hex(n), 31, '0'), 'ACTIVE', '{}', now() - interval '400 days'
FROM generate_series(1, $2::int) AS n;

INSERT INTO enrolments (program_id, customer_id, member_id)
SELECT $3, 'cust_a' || lpad(to_hex(n), 31, '0'), 'lmbr_a' || lpad(to_hex(n), 31, '0') FROM generate_series(1, $2::int) AS n
WHERE $1::text <> '';

INSERT INTO cards (member_id, id, project_id, card_definition_id, code, allow_negative, earned, total, created_at)
SELECT 'lmbr_a' || lpad(to_hex(n), 31, '0'), 'lcrd_a' || lpad(to_hex(n), 31, '0'), $1, 'lcdef_' || lpad('1', 32, '0'),
    'TIER-' || n, false, 600, 600, now() - interval '400 days'
FROM generate_series(1, $2::int) AS n
WHERE $3::text <> '';

INSERT INTO tier_states (
    member_id, card_id, project_id, tier_structure_id, tier_id, since, safe_through, tracking_number, tracking_points,
    tracking_points_before, due_on
)
SELECT 'lmbr_a' || lpad(to_hex(n), 31, '0'), 'lcrd_a' || lpad(to_hex(n), 31, '0'), $1, 'lts_' || lpad('1', 32, '0'),
    'lt_' || lpad('3', 32, '0'), now() - interval '366 days', current_date - 1, 1, 0, 600, current_date
FROM generate_series(1, $2::int) AS n
WHERE $3::text <> '';
