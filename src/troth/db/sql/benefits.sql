-- Benefits that were granted to members (domain 13). Whoever decides holds the grants, the project's row, as every change
-- of a definition does, and then the members.

-- name: claim
-- Of the given project, or of one, the longest granted first.
SELECT
    member_id, id, project_id, program_id, benefit_id, earning_rule_id, earning_item_id, trigger, created_at, failures
FROM benefit_grants
WHERE status = 'PENDING' AND (due_at IS NULL OR due_at <= $1) AND project_id = coalesce($3, (
    SELECT project_id FROM benefit_grants WHERE status = 'PENDING' AND (due_at IS NULL OR due_at <= $1) LIMIT 1
))
ORDER BY created_at, id
LIMIT $2
FOR NO KEY UPDATE SKIP LOCKED;

-- name: hold_definitions
SELECT definitions_version FROM projects WHERE id = $1 FOR NO KEY UPDATE;

-- name: definitions
-- Also those that are deleted: what was granted may outlive its rule.
SELECT id, kind, name, status, configuration, metadata, created_at, updated_at
FROM definitions
WHERE id = ANY ($2::text[]) AND project_id = $1;

-- name: take
UPDATE definitions AS definition
SET configuration = jsonb_set(configuration, '{stock,limited,quantity}', to_jsonb(taken.quantity))
FROM unnest($2::text[], $3::bigint[]) AS taken (id, quantity)
WHERE definition.id = taken.id AND definition.project_id = $1;

-- name: save
WITH done AS (
    SELECT *
    FROM unnest(
        $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::text[], $8::timestamptz[], $9::text[], $10::boolean[]
    ) AS done (member_id, created_at, id, status, details, updated_at, group_id, is_alone)
), saved AS (
    UPDATE benefit_grants AS present
    SET status = done.status, details = done.details::json, updated_at = done.updated_at, group_id = done.group_id,
        due_at = NULL
    FROM done
    WHERE present.member_id = done.member_id AND present.created_at = done.created_at AND present.id = done.id
)
INSERT INTO outbox (member_id, id, project_id, created_at)
SELECT member_id, group_id, $1, $2 FROM done WHERE is_alone;

-- name: is_saved
SELECT true FROM benefit_grants WHERE member_id = $1 AND created_at = $2 AND id = $3 AND status <> 'PENDING';

-- name: put_off
UPDATE benefit_grants SET due_at = $4, failures = failures + 1
WHERE member_id = $1 AND created_at = $2 AND id = $3 AND status = 'PENDING';

-- name: listed
SELECT
    id, member_id, benefit_id, replace(benefit_id, 'lben_', 'linc_') AS incentive_id, program_id, earning_rule_id, status,
    details, created_at, updated_at
FROM benefit_grants
WHERE member_id = $1;
