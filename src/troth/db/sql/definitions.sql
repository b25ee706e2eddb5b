-- name: in_force
-- Everything in one statement, hence of one snapshot.
SELECT
    project.definitions_version AS version,
    project.time_zone,
    ARRAY(
        SELECT ARRAY[id, name, status, configuration::text] FROM programs
        WHERE project_id = project.id AND status <> 'DELETED' ORDER BY id
    ) AS programs,
    ARRAY(
        SELECT ARRAY[assignment.program_id, assignment.definition_id]
        FROM program_assignments AS assignment
        JOIN definitions AS definition ON definition.id = assignment.definition_id
        WHERE definition.project_id = project.id AND definition.kind = 'card_definition' AND definition.status = 'ACTIVE'
        ORDER BY assignment.program_id, assignment.position
    ) AS wallet_assignments,
    ARRAY(
        SELECT ARRAY[id, configuration::text] FROM definitions
        WHERE project_id = project.id AND kind = 'card_definition' AND status = 'ACTIVE'
    ) AS wallets,
    ARRAY(
        SELECT ARRAY[
            resource.kind, resource.id, resource.name, resource.configuration::text,
            (extract(epoch FROM coalesce(resource.updated_at, resource.created_at)) * 1000)::bigint::text
        ]
        FROM platform_resources AS resource
        WHERE resource.project_id = project.id AND (
            resource.kind IN ('event_schema', 'metadata_schema')
            OR resource.kind = 'segment' AND resource.configuration ->> 'type' <> 'static'
        )
        ORDER BY resource.created_at, resource.id
    ) AS resources,
    ARRAY(
        SELECT ARRAY[assignment.program_id, structure.id, structure.configuration::text]
        FROM program_assignments AS assignment
        JOIN definitions AS structure ON structure.id = assignment.definition_id
        WHERE structure.project_id = project.id AND structure.kind = 'tier_structure' AND structure.status = 'ACTIVE'
    ) AS structures,
    ARRAY(
        SELECT ARRAY[structure.id, tier.id, tier.name, tier.configuration::text]
        FROM definitions AS structure
        JOIN tiers AS tier ON tier.tier_structure_id = structure.id
        WHERE structure.project_id = project.id AND structure.kind = 'tier_structure' AND structure.status = 'ACTIVE'
            AND tier.deleted_at IS NULL
    ) AS tiers
FROM projects AS project
WHERE project.id = $1;

-- name: earning_rules
SELECT
    assignment.program_id, rule.id, rule.kind, rule.name, rule.status, rule.configuration, rule.metadata, rule.created_at,
    rule.updated_at
FROM program_assignments AS assignment
JOIN definitions AS rule ON rule.id = assignment.definition_id
WHERE assignment.program_id = ANY ($2::text[]) AND rule.project_id = $1 AND rule.kind = 'earning_rule'
    AND rule.status <> 'DELETED'
ORDER BY assignment.program_id, assignment.position;

-- name: version
SELECT definitions_version FROM projects WHERE id = $1;

-- name: change
-- The project's row is the lock under which its definitions are changed: one change at a time, seen by all that decide
-- after its commit.
UPDATE projects SET definitions_version = definitions_version + 1 WHERE id = $1 RETURNING definitions_version;

-- name: insert
INSERT INTO definitions (id, project_id, kind, name, status, configuration, metadata, created_at)
VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7::jsonb, $8);

-- name: one
-- No lock: whoever decides on it holds the project's row.
SELECT id, kind, name, status, configuration, metadata, created_at, updated_at
FROM definitions
WHERE id = $2 AND project_id = $1 AND kind = $3 AND status <> 'DELETED';

-- name: several
SELECT id, kind, name, status, configuration, metadata, created_at, updated_at
FROM definitions
WHERE id = ANY ($2::text[]) AND project_id = $1 AND status <> 'DELETED';

-- name: save
UPDATE definitions
SET name = $3, status = $4, configuration = $5::jsonb, metadata = $6::jsonb, updated_at = $7
WHERE id = $2 AND project_id = $1;

-- name: forget_references
DELETE FROM definition_references
WHERE definition_id = $1 AND referred_id <> ALL ($2::text[]);

-- name: keep_references
INSERT INTO definition_references (definition_id, referred_id)
SELECT $1, referred_id FROM unnest($2::text[]) AS new (referred_id)
ON CONFLICT DO NOTHING;

-- name: unassign
-- A definition that is deleted leaves its programs.
DELETE FROM program_assignments AS assignment
USING programs AS program
WHERE assignment.definition_id = $2 AND program.id = assignment.program_id AND program.project_id = $1;

-- name: holders
SELECT 'program' AS kind, program.id, program.status
FROM program_assignments AS assignment
JOIN programs AS program ON program.id = assignment.program_id
WHERE assignment.definition_id = $2 AND program.project_id = $1 AND program.status <> 'DELETED'
UNION ALL
SELECT referrer.kind, referrer.id, referrer.status
FROM definition_references AS reference
JOIN definitions AS referrer ON referrer.id = reference.definition_id
WHERE reference.referred_id = $2 AND referrer.project_id = $1 AND referrer.status <> 'DELETED';

-- name: existing_definitions
SELECT id FROM definitions WHERE id = ANY ($2::text[]) AND project_id = $1 AND status <> 'DELETED';

-- name: existing_tiers
SELECT tier.id
FROM tiers AS tier
JOIN definitions AS structure ON structure.id = tier.tier_structure_id
WHERE tier.id = ANY ($2::text[]) AND tier.deleted_at IS NULL
    AND structure.project_id = $1 AND structure.status <> 'DELETED';

-- name: listed
SELECT
    id, kind, name, coalesce(configuration ->> 'type', 'INDIVIDUAL') AS type, status, configuration, metadata,
    created_at, updated_at
FROM definitions
WHERE project_id = $1 AND kind = $2 AND status <> 'DELETED';

-- name: retry_codes
-- Cards that wait for a code are tried again at once, whatever their failures so far.
UPDATE cards SET code_due_at = $3, code_failures = 0
WHERE project_id = $1 AND card_definition_id = $2 AND code_due_at IS NOT NULL;
