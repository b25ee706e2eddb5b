-- Batches of enrolments (domain 6): what was asked for, in chunks that workers claim one by one.

-- How many entries an async action works off; null where it is done in one piece.
ALTER TABLE async_actions ADD COLUMN entries_count int;

CREATE TABLE member_batches (
    async_action_id text COLLATE "C" PRIMARY KEY REFERENCES async_actions,
    project_id text COLLATE "C" NOT NULL REFERENCES projects,
    program_id text COLLATE "C" NOT NULL,
    source json NOT NULL
);

-- A chunk has its entries until it is worked off, and from then on what came of each.

CREATE TABLE member_batch_chunks (
    async_action_id text COLLATE "C" NOT NULL REFERENCES member_batches,
    number int NOT NULL,
    entries json,
    outcomes json,
    PRIMARY KEY (async_action_id, number),
    CONSTRAINT member_batch_chunks_waiting_or_done CHECK ((entries IS NULL) <> (outcomes IS NULL))
);
-- In the order in which chunks are claimed: batches take turns.
CREATE INDEX member_batch_chunks_waiting ON member_batch_chunks (number, async_action_id) WHERE outcomes IS NULL;
