-- Projects and the credentials that find them (domain 2).

CREATE TABLE projects (
    id text COLLATE "C" PRIMARY KEY,
    name text NOT NULL,
    time_zone text NOT NULL,
    sandbox boolean NOT NULL,
    definitions_version bigint NOT NULL DEFAULT 1,
    created_at timestamptz(3) NOT NULL,
    updated_at timestamptz(3)
) WITH (fillfactor = 70);

CREATE TABLE api_keys (
    app_id text COLLATE "C" PRIMARY KEY,
    project_id text COLLATE "C" NOT NULL REFERENCES projects,
    name text NOT NULL,
    role text NOT NULL CHECK (role IN ('ADMIN', 'READ_ONLY')),
    token_digest bytea NOT NULL CHECK (length(token_digest) = 32),
    created_at timestamptz(3) NOT NULL,
    rotated_at timestamptz(3),
    revoked_at timestamptz(3)
);
CREATE INDEX api_keys_of_project ON api_keys (project_id, created_at, app_id);

CREATE TABLE secrets (
    purpose text COLLATE "C" PRIMARY KEY,
    secret bytea NOT NULL CHECK (length(secret) >= 32),
    created_at timestamptz(3) NOT NULL
);

CREATE TABLE revoked_access_tokens (
    token_id text COLLATE "C" PRIMARY KEY,
    project_id text COLLATE "C" NOT NULL REFERENCES projects,
    expires_at timestamptz(3) NOT NULL
);
CREATE INDEX revoked_access_tokens_expired ON revoked_access_tokens (expires_at);

-- Definitions: card definitions, earning rules, tier structures, benefits, rewards; and the programs that connect
-- them (domain 5). They are small; each process keeps a project's definitions and compares definitions_version.

CREATE TABLE definitions (
    id text COLLATE "C" PRIMARY KEY,
    project_id text COLLATE "C" NOT NULL REFERENCES projects,
    kind text COLLATE "C" NOT NULL
        CHECK (kind IN ('card_definition', 'earning_rule', 'tier_structure', 'benefit', 'reward')),
    name text NOT NULL,
    status text COLLATE "C" NOT NULL CHECK (status IN ('DRAFT', 'ACTIVE', 'INACTIVE', 'DELETED')),
    configuration jsonb NOT NULL,
    metadata jsonb NOT NULL,
    created_at timestamptz(3) NOT NULL,
    updated_at timestamptz(3)
);
CREATE INDEX definitions_of_project ON definitions (project_id, kind, created_at, id);

CREATE TABLE definition_references (
    definition_id text COLLATE "C" NOT NULL REFERENCES definitions,
    referred_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (definition_id, referred_id)
);
CREATE INDEX definition_references_back ON definition_references (referred_id, definition_id);

CREATE TABLE tiers (
    id text COLLATE "C" PRIMARY KEY,
    tier_structure_id text COLLATE "C" NOT NULL REFERENCES definitions,
    name text NOT NULL,
    configuration jsonb NOT NULL,
    metadata jsonb NOT NULL,
    created_at timestamptz(3) NOT NULL,
    updated_at timestamptz(3),
    deleted_at timestamptz(3)
);
CREATE INDEX tiers_of_structure ON tiers (tier_structure_id, created_at, id);

CREATE TABLE programs (
    id text COLLATE "C" PRIMARY KEY,
    project_id text COLLATE "C" NOT NULL REFERENCES projects,
    name text NOT NULL,
    status text COLLATE "C" NOT NULL CHECK (status IN ('DRAFT', 'ACTIVE', 'INACTIVE', 'DELETED')),
    configuration jsonb NOT NULL,
    metadata jsonb NOT NULL,
    created_at timestamptz(3) NOT NULL,
    updated_at timestamptz(3)
);
CREATE INDEX programs_of_project ON programs (project_id, created_at, id);

CREATE TABLE program_assignments (
    program_id text COLLATE "C" NOT NULL REFERENCES programs,
    definition_id text COLLATE "C" NOT NULL REFERENCES definitions,
    kind text COLLATE "C" NOT NULL
        CHECK (kind IN ('card_definition', 'earning_rule', 'tier_structure', 'reward')),
    position bigint GENERATED ALWAYS AS IDENTITY,
    stock_quantity bigint CHECK (stock_quantity >= 0),
    redeemed_count bigint NOT NULL DEFAULT 0 CHECK (redeemed_count >= 0),
    created_at timestamptz(3) NOT NULL,
    updated_at timestamptz(3),
    PRIMARY KEY (program_id, definition_id)
);
CREATE INDEX program_assignments_back ON program_assignments (definition_id, program_id);

CREATE TABLE activities (
    subject_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL UNIQUE,
    project_id text COLLATE "C" NOT NULL REFERENCES projects,
    type text COLLATE "C" NOT NULL,
    data json NOT NULL,
    group_id text COLLATE "C" NOT NULL,
    source json NOT NULL,
    created_at timestamptz(3) NOT NULL,
    PRIMARY KEY (subject_id, created_at, id)
);

-- Customers (domain 9). A source id is unique in the project and found by a key table.

CREATE TABLE customers (
    id text COLLATE "C" PRIMARY KEY,
    project_id text COLLATE "C" NOT NULL,
    source_id text COLLATE "C",
    name text,
    description text,
    email text,
    phone text,
    birthday date,
    address jsonb,
    metadata jsonb NOT NULL,
    created_at timestamptz(3) NOT NULL,
    updated_at timestamptz(3),
    deleted_at timestamptz(3)
) WITH (fillfactor = 85);
CREATE INDEX customers_of_project ON customers (project_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX customers_by_email ON customers (project_id, email) WHERE deleted_at IS NULL AND email IS NOT NULL;

CREATE TABLE customer_source_ids (
    project_id text COLLATE "C" NOT NULL,
    source_id text COLLATE "C" NOT NULL,
    customer_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (project_id, source_id)
);

-- Members and their cards (domain 6). Every table of a member starts with its id.

CREATE TABLE enrolments (
    program_id text COLLATE "C" NOT NULL,
    customer_id text COLLATE "C" NOT NULL,
    member_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (program_id, customer_id)
);
CREATE INDEX enrolments_of_customer ON enrolments (customer_id);

CREATE TABLE members (
    id text COLLATE "C" PRIMARY KEY,
    project_id text COLLATE "C" NOT NULL,
    program_id text COLLATE "C" NOT NULL,
    customer_id text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL CHECK (status IN ('ACTIVE', 'INACTIVE', 'DELETED')),
    metadata jsonb NOT NULL,
    created_at timestamptz(3) NOT NULL,
    updated_at timestamptz(3)
) WITH (fillfactor = 85);
CREATE INDEX members_of_program ON members (program_id, created_at, id);

CREATE TABLE cards (
    member_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    project_id text COLLATE "C" NOT NULL,
    card_definition_id text COLLATE "C" NOT NULL,
    code text COLLATE "C",
    code_due_at timestamptz(3),
    code_failures int NOT NULL DEFAULT 0,
    allow_negative boolean NOT NULL,
    total bigint NOT NULL DEFAULT 0,
    earned bigint NOT NULL DEFAULT 0,
    added bigint NOT NULL DEFAULT 0,
    purchased bigint NOT NULL DEFAULT 0,
    purchased_reversed bigint NOT NULL DEFAULT 0,
    subtracted bigint NOT NULL DEFAULT 0,
    expired bigint NOT NULL DEFAULT 0,
    spent bigint NOT NULL DEFAULT 0,
    refunded bigint NOT NULL DEFAULT 0,
    returned bigint NOT NULL DEFAULT 0,
    locked bigint NOT NULL DEFAULT 0,
    unlocked bigint NOT NULL DEFAULT 0,
    pending_total bigint NOT NULL DEFAULT 0,
    pending_activated bigint NOT NULL DEFAULT 0,
    pending_canceled bigint NOT NULL DEFAULT 0,
    created_at timestamptz(3) NOT NULL,
    updated_at timestamptz(3),
    deleted_at timestamptz(3),
    PRIMARY KEY (member_id, id),
    CONSTRAINT cards_counters_bounded CHECK (
        least(total, earned, added, purchased, purchased_reversed, subtracted, expired, spent, refunded, returned,
              locked, unlocked, pending_total, pending_activated, pending_canceled) >= 0
        AND greatest(total, subtracted, expired, spent, refunded, returned, locked, unlocked, purchased_reversed,
                     pending_total) <= 9007199254740991
    ),
    CONSTRAINT cards_total_is_its_parts CHECK (total = earned + added + purchased + pending_activated),
    CONSTRAINT cards_balance_allowed CHECK (
        allow_negative
        OR total - subtracted - expired - spent - refunded + returned - locked + unlocked - purchased_reversed >= 0
    ),
    CONSTRAINT cards_pending_covered CHECK (pending_total >= pending_activated + pending_canceled),
    CONSTRAINT cards_code_or_due CHECK ((code IS NULL AND deleted_at IS NULL) = (code_due_at IS NOT NULL))
) WITH (fillfactor = 70);
CREATE INDEX cards_without_code ON cards (code_due_at, member_id, id) WHERE code_due_at IS NOT NULL;

CREATE TABLE card_codes (
    project_id text COLLATE "C" NOT NULL,
    code text COLLATE "C" NOT NULL,
    card_id text COLLATE "C" NOT NULL,
    member_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (project_id, code)
);

CREATE TABLE member_activities (
    member_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    subject_id text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    data json NOT NULL,
    group_id text COLLATE "C" NOT NULL,
    source json NOT NULL,
    created_at timestamptz(3) NOT NULL,
    PRIMARY KEY (member_id, subject_id, created_at, id)
);

-- What happened to a member in one commit, for whoever wants to be told (domain 17); the group's activities and
-- transactions carry its id as group_id.

CREATE TABLE outbox (
    member_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    project_id text COLLATE "C" NOT NULL,
    created_at timestamptz(3) NOT NULL,
    PRIMARY KEY (member_id, id)
);
