-- What came of each trigger for each member, with every rule and why (domain 8). Those that earned nothing are kept for a
-- shorter time.

CREATE TABLE earning_evaluations (
    member_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    project_id text COLLATE "C" NOT NULL,
    trigger text COLLATE "C" NOT NULL,
    subject_id text COLLATE "C" NOT NULL,
    occurred_at timestamptz(3) NOT NULL,
    rules json NOT NULL,
    earned boolean NOT NULL,
    created_at timestamptz(3) NOT NULL,
    PRIMARY KEY (member_id, created_at, id)
);
CREATE INDEX earning_evaluations_kept ON earning_evaluations (earned, created_at);

-- When a rule gave a member something: its cooldown and frequency count these, and nothing gives one back.

CREATE TABLE earning_successes (
    member_id text COLLATE "C" NOT NULL,
    earning_rule_id text COLLATE "C" NOT NULL,
    occurred_at timestamptz(3) NOT NULL,
    evaluation_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (member_id, earning_rule_id, occurred_at, evaluation_id)
);

-- What an order earned a member, by what it is taken back, and how much of it was.

CREATE TABLE order_earnings (
    member_id text COLLATE "C" NOT NULL,
    order_id text COLLATE "C" NOT NULL,
    transaction_id text COLLATE "C" NOT NULL,
    card_id text COLLATE "C" NOT NULL,
    points bigint NOT NULL CHECK (points > 0),
    bucket_id text COLLATE "C",
    base json NOT NULL,
    amount numeric NOT NULL,
    taken bigint NOT NULL DEFAULT 0 CHECK (taken BETWEEN 0 AND points),
    PRIMARY KEY (member_id, order_id, transaction_id)
) WITH (fillfactor = 85);

-- Benefits that rules have granted, with the trigger that they were granted for (domain 13).

CREATE TABLE benefit_grants (
    member_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    project_id text COLLATE "C" NOT NULL,
    program_id text COLLATE "C" NOT NULL,
    benefit_id text COLLATE "C" NOT NULL,
    earning_rule_id text COLLATE "C" NOT NULL,
    earning_item_id text COLLATE "C" NOT NULL,
    trigger json NOT NULL,
    status text COLLATE "C" NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING', 'APPROVED', 'REJECTED')),
    created_at timestamptz(3) NOT NULL,
    updated_at timestamptz(3),
    PRIMARY KEY (member_id, created_at, id)
);
CREATE INDEX benefit_grants_pending ON benefit_grants (member_id, id) WHERE status = 'PENDING';
