-- Tiers of tier structures. Whoever names a structure has found it in its project before.

-- name: insert
INSERT INTO tiers (id, tier_structure_id, name, configuration, metadata, created_at)
VALUES ($1, $2, $3, $4::jsonb, $5::jsonb, $6);

-- name: save
UPDATE tiers SET name = $3, configuration = $4::jsonb, metadata = $5::jsonb, updated_at = $6
WHERE id = $2 AND tier_structure_id = $1;

-- name: delete
-- The row stays: members' histories show the tiers that they were in.
UPDATE tiers SET deleted_at = $3 WHERE id = $2 AND tier_structure_id = $1;

-- name: strays
-- The tiers that are named with another structure than theirs.
SELECT tier.id
FROM unnest($1::text[], $2::text[]) AS named (tier_structure_id, tier_id)
JOIN tiers AS tier ON tier.id = named.tier_id AND tier.tier_structure_id <> named.tier_structure_id;

-- name: listed
SELECT id, name, configuration, metadata, created_at, updated_at
FROM tiers
WHERE tier_structure_id = $1 AND deleted_at IS NULL;
