-- What happened to customers and is still to be evaluated (domain 8): a queue for each member. Numbers are drawn while
-- the customer is locked, so that among a member's rows the order of numbers is the order of commits.

CREATE TABLE triggers (
    member_id text COLLATE "C" NOT NULL,
    seq bigint GENERATED ALWAYS AS IDENTITY (CACHE 1),
    project_id text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN (
        'customer.order.paid', 'customer.order.changed', 'customer.custom_event', 'customer.segment.entered'
    )),
    -- The order, the event or the segment.
    subject_id text COLLATE "C" NOT NULL,
    occurred_at timestamptz(3) NOT NULL,
    payload json NOT NULL,
    failures int NOT NULL DEFAULT 0,
    -- Null: at once.
    due_at timestamptz(3),
    PRIMARY KEY (member_id, seq)
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

-- Triggers that failed again and again: out of the way of those that follow, until somebody has them tried anew.

CREATE TABLE parked_triggers (
    member_id text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    project_id text COLLATE "C" NOT NULL REFERENCES projects,
    kind text COLLATE "C" NOT NULL,
    subject_id text COLLATE "C" NOT NULL,
    occurred_at timestamptz(3) NOT NULL,
    payload json NOT NULL,
    failures int NOT NULL,
    failure text NOT NULL,
    parked_at timestamptz(3) NOT NULL,
    PRIMARY KEY (member_id, seq)
);
CREATE INDEX parked_triggers_newest ON parked_triggers (parked_at, member_id, seq);
