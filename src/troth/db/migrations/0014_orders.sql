-- Orders (domain 9): a source id is unique in the project and found by a key table. Items lie with their order, which is
-- read and written as a whole.

CREATE TABLE orders (
    id text COLLATE "C" PRIMARY KEY,
    project_id text COLLATE "C" NOT NULL,
    source_id text COLLATE "C",
    status text COLLATE "C" NOT NULL CHECK (status IN ('CREATED', 'PAID', 'CANCELED', 'FULFILLED')),
    customer_id text COLLATE "C",
    referrer_id text COLLATE "C",
    amount bigint NOT NULL CHECK (amount BETWEEN 0 AND 9007199254740991),
    -- Null: the amount.
    initial_amount bigint CHECK (initial_amount BETWEEN 0 AND 9007199254740991),
    discount_amount bigint NOT NULL CHECK (discount_amount BETWEEN 0 AND 9007199254740991),
    items json NOT NULL,
    metadata jsonb NOT NULL,
    -- When it became PAID for the first time: once for ever, and with it its trigger.
    paid_at timestamptz(3),
    -- When it was first CANCELED after that.
    canceled_at timestamptz(3),
    created_at timestamptz(3) NOT NULL,
    updated_at timestamptz(3),
    CONSTRAINT orders_paid_or_not CHECK (
        (status <> 'PAID' OR paid_at IS NOT NULL) AND (canceled_at IS NULL OR paid_at IS NOT NULL)
    )
) WITH (fillfactor = 85);
CREATE INDEX orders_of_project ON orders (project_id, created_at, id);

CREATE TABLE order_source_ids (
    project_id text COLLATE "C" NOT NULL,
    source_id text COLLATE "C" NOT NULL,
    order_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (project_id, source_id)
);

-- Orders in bulk: what was asked for, in chunks that are worked off one after the other. A chunk has its entries until
-- then, and from then on what came of each.

CREATE TABLE order_imports (
    async_action_id text COLLATE "C" PRIMARY KEY REFERENCES async_actions,
    project_id text COLLATE "C" NOT NULL REFERENCES projects,
    chunks_count int NOT NULL,
    chunks_done int NOT NULL DEFAULT 0
) WITH (fillfactor = 70);
-- In the order in which imports are claimed: they take turns.
CREATE INDEX order_imports_waiting ON order_imports (chunks_done, async_action_id) WHERE chunks_done < chunks_count;

CREATE TABLE order_import_chunks (
    async_action_id text COLLATE "C" NOT NULL REFERENCES order_imports,
    number int NOT NULL,
    entries json,
    outcomes json,
    PRIMARY KEY (async_action_id, number),
    CONSTRAINT order_import_chunks_waiting_or_done CHECK ((entries IS NULL) <> (outcomes IS NULL))
);

-- Custom events (domain 9): what happened, and to whom. The row proves that it was recorded.

CREATE TABLE custom_events (
    customer_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    project_id text COLLATE "C" NOT NULL,
    schema_id text COLLATE "C" NOT NULL,
    name text NOT NULL,
    metadata jsonb NOT NULL,
    created_at timestamptz(3) NOT NULL,
    PRIMARY KEY (customer_id, id)
);
