-- name: assigned
-- The rewards of programs, whatever their status, the oldest assignment first.
SELECT
    assignment.program_id, assignment.stock_quantity IS NOT NULL AS is_limited,
    definition.id, definition.kind, definition.name, definition.status, definition.configuration, definition.metadata,
    definition.created_at, definition.updated_at
FROM program_assignments AS assignment
JOIN definitions AS definition ON definition.id = assignment.definition_id
WHERE definition.project_id = $1 AND assignment.program_id = ANY ($2::text[]) AND assignment.kind = 'reward'
ORDER BY assignment.program_id, assignment.position;
