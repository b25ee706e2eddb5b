-- Customers in bulk (domain 9): what was sent, in blocks of equal size until its rows are worked off.

CREATE TABLE customer_imports (
    async_action_id text COLLATE "C" PRIMARY KEY,
    project_id text COLLATE "C" NOT NULL REFERENCES projects,
    -- Of a CSV file; null where each line is a JSON value.
    header text[],
    read_bytes bigint NOT NULL DEFAULT 0,
    next_line bigint NOT NULL DEFAULT 1,
    chunks_count int NOT NULL DEFAULT 0,
    received_at timestamptz(3) NOT NULL,
    -- Null until all of it is received.
    due_at timestamptz(3)
) WITH (fillfactor = 70);
CREATE INDEX customer_imports_due ON customer_imports (due_at, async_action_id) WHERE due_at IS NOT NULL;
CREATE INDEX customer_imports_in_receipt ON customer_imports (received_at) WHERE due_at IS NULL;

CREATE TABLE customer_import_blocks (
    async_action_id text COLLATE "C" NOT NULL REFERENCES customer_imports ON DELETE CASCADE,
    number int NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (async_action_id, number)
);
ALTER TABLE customer_import_blocks ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- What came of the rows of each chunk that was worked off.

CREATE TABLE customer_import_chunks (
    async_action_id text COLLATE "C" NOT NULL REFERENCES async_actions,
    number int NOT NULL,
    outcomes json NOT NULL,
    PRIMARY KEY (async_action_id, number)
);
