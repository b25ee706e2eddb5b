-- Programs and what is assigned to them. Whoever decides on them holds the project's row (definitions.change).

-- name: insert
INSERT INTO programs (id, project_id, name, status, configuration, metadata, created_at)
VALUES ($2, $1, $3, $4, $5::jsonb, $6::jsonb, $7);

-- name: one
SELECT id, name, status, configuration, metadata, created_at, updated_at
FROM programs
WHERE id = $2 AND project_id = $1 AND status <> 'DELETED';

-- name: save
UPDATE programs
SET name = $3, status = $4, configuration = $5::jsonb, metadata = $6::jsonb, updated_at = $7
WHERE id = $2 AND project_id = $1;

-- name: listed
SELECT id, name, status, configuration, metadata, created_at, updated_at
FROM programs
WHERE project_id = $1 AND status <> 'DELETED';

-- name: assigned
-- Oldest first, each with what the decisions on a program ask of its definition.
SELECT
    assignment.kind, assignment.definition_id, assignment.stock_quantity, assignment.redeemed_count,
    assignment.created_at, assignment.updated_at, definition.status,
    ARRAY(
        SELECT reference.referred_id FROM definition_references AS reference
        WHERE reference.definition_id = assignment.definition_id
    ) AS referred_ids
FROM program_assignments AS assignment
JOIN definitions AS definition ON definition.id = assignment.definition_id
WHERE assignment.program_id = $2 AND definition.project_id = $1
ORDER BY assignment.position;

-- name: listed_assignments
SELECT
    assignment.kind, assignment.definition_id, assignment.stock_quantity, assignment.redeemed_count,
    assignment.created_at, assignment.updated_at
FROM program_assignments AS assignment
JOIN programs AS program ON program.id = assignment.program_id
WHERE assignment.program_id = $2 AND program.project_id = $1 AND assignment.kind = $3;

-- name: assign
INSERT INTO program_assignments (program_id, definition_id, kind, stock_quantity, created_at)
SELECT program.id, new.definition_id, new.kind, new.stock_quantity, $6
FROM programs AS program,
    unnest($3::text[], $4::text[], $5::bigint[]) WITH ORDINALITY AS new (definition_id, kind, stock_quantity, place)
WHERE program.id = $2 AND program.project_id = $1
ORDER BY new.place;

-- name: unassign
DELETE FROM program_assignments AS assignment
USING programs AS program
WHERE program.id = $2 AND program.project_id = $1
    AND assignment.program_id = program.id AND assignment.definition_id = ANY ($3::text[]);

-- name: set_stock
-- What was redeemed meanwhile stays as it is: the row answers with it.
UPDATE program_assignments AS assignment
SET stock_quantity = $4, updated_at = $5
FROM programs AS program
WHERE program.id = $2 AND program.project_id = $1
    AND assignment.program_id = program.id AND assignment.definition_id = $3 AND assignment.kind = 'reward'
RETURNING
    assignment.kind, assignment.definition_id, assignment.stock_quantity, assignment.redeemed_count,
    assignment.created_at, assignment.updated_at;
