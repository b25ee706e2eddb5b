-- Purchases of rewards and their refunds (domain 11). A purchase waits to be issued while due_at is set, by the wall
-- clock; `goods` is what is to be handed out.

CREATE TABLE reward_transactions (
    member_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    project_id text COLLATE "C" NOT NULL,
    program_id text COLLATE "C" NOT NULL,
    reward_id text COLLATE "C" NOT NULL,
    card_id text COLLATE "C" NOT NULL,
    card_transaction_id text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL CHECK (type IN ('PURCHASE', 'REFUND')),
    status text COLLATE "C" NOT NULL CHECK (status IN ('PENDING', 'APPROVED', 'REJECTED', 'REFUNDED')),
    details json NOT NULL,
    goods json NOT NULL,
    group_id text COLLATE "C" NOT NULL,
    -- The group in which it was last changed.
    updated_group_id text COLLATE "C",
    due_at timestamptz(3),
    failures int NOT NULL DEFAULT 0,
    created_at timestamptz(3) NOT NULL,
    updated_at timestamptz(3),
    PRIMARY KEY (member_id, created_at, id),
    CHECK ((status = 'PENDING') = (due_at IS NOT NULL)),
    CHECK (type = 'PURCHASE' OR status = 'APPROVED')
) WITH (fillfactor = 85);
CREATE INDEX reward_transactions_to_issue ON reward_transactions (due_at, member_id, id) WHERE due_at IS NOT NULL;

-- Whose a reward transaction is: refunds name it without its member.

CREATE TABLE reward_transaction_members (
    id text COLLATE "C" PRIMARY KEY,
    project_id text COLLATE "C" NOT NULL,
    member_id text COLLATE "C" NOT NULL
);

-- Stock is counted down in place.

ALTER TABLE program_assignments SET (fillfactor = 50);

-- Vouchers of campaigns, found by their code (domain 9). A gift card has a credit, in minor units.

CREATE TABLE vouchers (
    project_id text COLLATE "C" NOT NULL REFERENCES projects,
    code text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL UNIQUE,
    campaign_id text COLLATE "C" NOT NULL REFERENCES platform_resources ON DELETE CASCADE,
    holder_id text COLLATE "C",
    amount numeric,
    balance numeric,
    redeemed_count int NOT NULL DEFAULT 0 CHECK (redeemed_count >= 0),
    created_at timestamptz(3) NOT NULL,
    updated_at timestamptz(3),
    PRIMARY KEY (project_id, code),
    CHECK ((amount IS NULL) = (balance IS NULL)),
    CHECK (balance BETWEEN 0 AND amount)
);
CREATE INDEX vouchers_of_project ON vouchers (project_id, created_at, id);
CREATE INDEX vouchers_of_campaign ON vouchers (campaign_id, created_at, id);
CREATE INDEX vouchers_of_holder ON vouchers (holder_id) WHERE holder_id IS NOT NULL;
