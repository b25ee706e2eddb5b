-- Where members' cards stand in the tier structures of their programs, and how they came there (domain 10).

CREATE TABLE tier_states (
    member_id text COLLATE "C" NOT NULL,
    card_id text COLLATE "C" NOT NULL,
    project_id text COLLATE "C" NOT NULL,
    tier_structure_id text COLLATE "C" NOT NULL,
    tier_id text COLLATE "C",
    since timestamptz(3),
    safe_through date,
    grace_through date,
    fell_on date,
    secured_id text COLLATE "C",
    tracking_number int,
    tracking_points bigint,
    tracking_points_before bigint,
    -- The next day whose midnight may change anything; the only column with an index, so that points are counted in place.
    due_on date,
    PRIMARY KEY (member_id, card_id),
    CONSTRAINT tier_states_whole CHECK (
        (tier_id IS NULL) = (since IS NULL)
        AND (tracking_number IS NULL) = (tracking_points IS NULL)
        AND (tracking_number IS NULL) = (tracking_points_before IS NULL)
    ),
    CONSTRAINT tier_states_nothing_to_keep CHECK (tier_id IS NOT NULL OR coalesce(safe_through, grace_through) IS NULL)
) WITH (fillfactor = 70);
CREATE INDEX tier_states_due ON tier_states (project_id, due_on, member_id) WHERE due_on IS NOT NULL;

CREATE TABLE tier_transactions (
    member_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    card_id text COLLATE "C" NOT NULL,
    card_definition_id text COLLATE "C" NOT NULL,
    tier_structure_id text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL CHECK (type IN ('JOINED', 'UPGRADED', 'PROLONGED', 'DOWNGRADED', 'LEFT')),
    status text COLLATE "C" NOT NULL CHECK (status IN ('PENDING', 'APPROVED', 'REJECTED')),
    tier_from text COLLATE "C",
    tier_to text COLLATE "C",
    points bigint NOT NULL,
    start_at timestamptz(3) NOT NULL,
    expires_at timestamptz(3),
    origin json,
    rejection text COLLATE "C",
    group_id text COLLATE "C" NOT NULL,
    updated_group_id text COLLATE "C",
    created_at timestamptz(3) NOT NULL,
    updated_at timestamptz(3),
    PRIMARY KEY (member_id, created_at, id),
    CONSTRAINT tier_transactions_rejected CHECK ((status = 'REJECTED') = (rejection IS NOT NULL)),
    CONSTRAINT tier_transactions_ends CHECK ((type = 'JOINED') = (tier_from IS NULL) AND (type = 'LEFT') = (tier_to IS NULL))
) WITH (fillfactor = 90);
CREATE UNIQUE INDEX tier_transactions_pending ON tier_transactions (member_id, card_id) WHERE status = 'PENDING';
