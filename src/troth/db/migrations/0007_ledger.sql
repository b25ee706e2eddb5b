-- The ledger (domain 7). Postings are the truth and are only ever added; transactions are their heads; the counters of
-- cards and the points of buckets are their running sums.

CREATE TABLE card_transactions (
    member_id text COLLATE "C" NOT NULL,
    card_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    card_definition_id text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL CHECK (status IN ('PENDING', 'APPROVED', 'REJECTED')),
    details json NOT NULL,
    group_id text COLLATE "C" NOT NULL,
    source json NOT NULL,
    created_at timestamptz(3) NOT NULL,
    occurred_at timestamptz(3) NOT NULL,
    updated_at timestamptz(3),
    PRIMARY KEY (member_id, card_id, created_at, id)
);

CREATE TABLE postings (
    member_id text COLLATE "C" NOT NULL,
    card_id text COLLATE "C" NOT NULL,
    transaction_id text COLLATE "C" NOT NULL,
    place smallint NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (
        kind IN ('ADDED', 'SUBTRACTED', 'EARNED', 'PENDING_ADDED', 'PENDING_ACTIVATED', 'PENDING_CANCELED', 'LOCKED',
                 'UNLOCKED', 'SPENT', 'PURCHASED', 'PURCHASE_REVERSED', 'RETURNED', 'REFUNDED', 'EXPIRED')
    ),
    points bigint NOT NULL CHECK (points > 0),
    changes jsonb NOT NULL,
    posted_at timestamptz(3) NOT NULL,
    PRIMARY KEY (member_id, card_id, transaction_id, place)
);

CREATE TABLE points_buckets (
    member_id text COLLATE "C" NOT NULL,
    card_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    project_id text COLLATE "C" NOT NULL,
    expiration_type text COLLATE "C" NOT NULL,
    expiration_key text COLLATE "C" NOT NULL,
    expires_on date,
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    points bigint NOT NULL CHECK (points >= 0),
    status text COLLATE "C" NOT NULL CHECK (status IN ('ACTIVE', 'EXPIRED', 'DELETED')),
    created_at timestamptz(3) NOT NULL,
    updated_at timestamptz(3),
    PRIMARY KEY (member_id, card_id, id),
    CHECK (status <> 'EXPIRED' OR points = 0)
) WITH (fillfactor = 70);
CREATE INDEX points_buckets_due ON points_buckets (project_id, expires_on, member_id)
    WHERE status = 'ACTIVE' AND expires_on IS NOT NULL;

CREATE TABLE pending_buckets (
    member_id text COLLATE "C" NOT NULL,
    card_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    project_id text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL CHECK (type IN ('PERIOD_BASED', 'FIXED_DATES', 'EVENT_BASED')),
    date date NOT NULL,
    expiration jsonb NOT NULL,
    points bigint NOT NULL CHECK (points >= 0),
    status text COLLATE "C" NOT NULL CHECK (status IN ('PENDING', 'ACTIVATED', 'CANCELED', 'DELETED')),
    created_at timestamptz(3) NOT NULL,
    updated_at timestamptz(3),
    PRIMARY KEY (member_id, card_id, id),
    CHECK (status = 'DELETED' OR (status = 'PENDING') = (points > 0))
) WITH (fillfactor = 70);
CREATE INDEX pending_buckets_due ON pending_buckets (project_id, date, member_id) WHERE status = 'PENDING';

-- The date that all points of one sliding expiration on a card share. It moves with each qualifying activity and has no
-- index; `check_on`, which only the daily work moves, is never after it.

CREATE TABLE sliding_expirations (
    member_id text COLLATE "C" NOT NULL,
    card_id text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    project_id text COLLATE "C" NOT NULL,
    expiration jsonb NOT NULL,
    last_activity_on date NOT NULL,
    expires_on date NOT NULL,
    check_on date NOT NULL,
    PRIMARY KEY (member_id, card_id, key),
    CHECK (check_on <= expires_on)
) WITH (fillfactor = 70);
CREATE INDEX sliding_expirations_due ON sliding_expirations (project_id, check_on, member_id);

-- What a card shows of its buckets, so that reading one reads nothing else, and the instant of its last booking.

ALTER TABLE cards
    ADD COLUMN latest_at timestamptz(3),
    ADD COLUMN next_expiration_on date,
    ADD COLUMN next_expiration_points bigint,
    ADD COLUMN next_activation_on date,
    ADD COLUMN next_activation_points bigint,
    ADD COLUMN next_activation_type text COLLATE "C",
    ADD CONSTRAINT cards_next_whole CHECK (
        (next_expiration_on IS NULL) = (next_expiration_points IS NULL)
        AND (next_activation_on IS NULL) = (next_activation_points IS NULL)
        AND (next_activation_on IS NULL) = (next_activation_type IS NULL)
    );
