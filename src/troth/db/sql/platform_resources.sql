-- name: insert
INSERT INTO platform_resources (id, project_id, kind, name, configuration, created_at)
VALUES ($2, $1, $3, $4, $5::jsonb, $6)
ON CONFLICT (project_id, kind, name) WHERE kind IN ('event_schema', 'metadata_schema', 'campaign') DO NOTHING
RETURNING id;

-- name: is_saved
SELECT true FROM platform_resources WHERE id = $1;

-- name: put
-- Of a kind whose names are unique.
INSERT INTO platform_resources (id, project_id, kind, name, configuration, created_at)
VALUES ($2, $1, $3, $4, $5::jsonb, $6)
ON CONFLICT (project_id, kind, name) WHERE kind IN ('event_schema', 'metadata_schema', 'campaign')
DO UPDATE SET configuration = excluded.configuration, updated_at = excluded.created_at
RETURNING id, kind, name, configuration, created_at, updated_at;

-- name: save
UPDATE platform_resources
SET name = $3, configuration = $4::jsonb, updated_at = $5
WHERE id = $2 AND project_id = $1;

-- name: one
-- By its id, else by a name that no other resource of its kind has.
SELECT id, kind, name, configuration, created_at, updated_at
FROM platform_resources
WHERE id = coalesce(
    (SELECT by_id.id FROM platform_resources AS by_id
     WHERE by_id.id = $3 AND by_id.project_id = $1 AND by_id.kind = $2),
    (SELECT by_name.id FROM platform_resources AS by_name
     WHERE by_name.project_id = $1 AND by_name.kind = $2 AND by_name.name = $3
     AND by_name.kind IN ('event_schema', 'metadata_schema', 'campaign'))
);

-- name: owner_of
SELECT id FROM platform_resources
WHERE project_id = $1 AND kind = $2 AND name = $3 AND kind IN ('event_schema', 'metadata_schema', 'campaign');

-- name: delete
DELETE FROM platform_resources WHERE id = $2 AND project_id = $1;

-- name: is_deleted
SELECT NOT EXISTS (SELECT FROM platform_resources WHERE id = $1);

-- name: listed
SELECT id, kind, name, configuration ->> 'type' AS type, configuration, created_at, updated_at
FROM platform_resources
WHERE project_id = $1 AND kind = $2;

-- name: existing
SELECT id FROM platform_resources WHERE id = ANY ($2::text[]) AND project_id = $1;
