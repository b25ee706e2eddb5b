-- Requests with an idempotency key, and what they were answered (domain 17).

CREATE TABLE idempotency_keys (
    project_id text COLLATE "C" NOT NULL,
    -- SHA-256 of method, path and key.
    scope bytea NOT NULL CHECK (length(scope) = 32),
    body_digest bytea NOT NULL CHECK (length(body_digest) = 32),
    request_id text COLLATE "C" NOT NULL,
    created_at timestamptz(3) NOT NULL,
    -- The answer: null only within the transaction that makes it.
    status smallint CHECK (status BETWEEN 200 AND 299),
    headers bytea[],
    body bytea,
    PRIMARY KEY (project_id, scope)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
