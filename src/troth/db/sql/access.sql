-- Projects, their keys, the installation's secrets, and the bearer tokens that were revoked before their time.

-- name: insert_project
INSERT INTO projects (id, name, time_zone, sandbox, created_at) VALUES ($1, $2, $3, $4, $5);

-- name: project_exists
SELECT true FROM projects WHERE id = $1;

-- name: project
SELECT id, name, time_zone, sandbox, created_at, clock_at, updated_at FROM projects WHERE id = $1;

-- name: save_project
UPDATE projects SET name = $2, time_zone = $3, updated_at = $4 WHERE id = $1;

-- name: has_members
SELECT EXISTS (
    SELECT FROM programs AS program
    JOIN members AS member ON member.program_id = program.id
    WHERE program.project_id = $1
);

-- name: projects
SELECT id, name, time_zone, sandbox, created_at, clock_at, updated_at FROM projects ORDER BY created_at, id;

-- name: insert_key
INSERT INTO api_keys (app_id, project_id, name, role, token_digest, created_at) VALUES ($1, $2, $3, $4, $5, $6);

-- name: key_exists
SELECT true FROM api_keys WHERE app_id = $1;

-- name: keys_of_project
SELECT app_id, project_id, name, role, created_at, rotated_at, revoked_at
FROM api_keys
WHERE project_id = $1
ORDER BY created_at, app_id;

-- name: credential
SELECT
    key.app_id, key.project_id, key.name, key.role, key.created_at, key.rotated_at, key.revoked_at, key.token_digest,
    EXISTS (SELECT FROM revoked_access_tokens AS revoked WHERE revoked.token_id = $2) AS token_revoked
FROM api_keys AS key
WHERE key.app_id = $1 AND key.revoked_at IS NULL;

-- name: rotate_key
UPDATE api_keys SET token_digest = $2, rotated_at = $3
WHERE app_id = $1 AND revoked_at IS NULL
RETURNING app_id, project_id, name, role, created_at, rotated_at, revoked_at;

-- name: key_rotated
SELECT true FROM api_keys WHERE encode(token_digest, 'hex') = $1;

-- name: revoke_key
UPDATE api_keys SET revoked_at = coalesce(revoked_at, $2)
WHERE app_id = $1
RETURNING app_id, project_id, name, role, created_at, rotated_at, revoked_at;

-- name: key_revoked
SELECT true FROM api_keys WHERE app_id = $1 AND revoked_at IS NOT NULL;

-- name: secret
SELECT secret FROM secrets WHERE purpose = $1;

-- name: insert_secret
INSERT INTO secrets (purpose, secret, created_at) VALUES ($1, $2, $3) ON CONFLICT (purpose) DO NOTHING;

-- name: secret_exists
SELECT true FROM secrets WHERE purpose = $1;

-- name: revoke_access_token
INSERT INTO revoked_access_tokens (token_id, project_id, expires_at) VALUES ($1, $2, $3)
ON CONFLICT (token_id) DO NOTHING
RETURNING true;

-- name: access_token_revoked
SELECT true FROM revoked_access_tokens WHERE token_id = $1;

-- name: forget_expired
DELETE FROM revoked_access_tokens
WHERE token_id IN (SELECT token_id FROM revoked_access_tokens WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)
RETURNING token_id;

-- name: access_token_forgotten
SELECT true WHERE NOT EXISTS (SELECT FROM revoked_access_tokens WHERE token_id = $1);
