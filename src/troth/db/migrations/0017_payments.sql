-- Payments of orders with points (domain 12), on two sides: what a member has paid, and what has been paid of an order.

ALTER TABLE orders
    -- What was paid with points and is not returned, in minor units.
    ADD COLUMN points_paid_amount bigint NOT NULL DEFAULT 0 CHECK (points_paid_amount >= 0),
    ADD COLUMN payments_count int NOT NULL DEFAULT 0,
    -- The customers who paid: they are told of what becomes of the order.
    ADD COLUMN payer_ids text[] COLLATE "C" NOT NULL DEFAULT '{}';

CREATE TABLE order_transactions (
    member_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    project_id text COLLATE "C" NOT NULL,
    program_id text COLLATE "C" NOT NULL,
    card_id text COLLATE "C" NOT NULL,
    card_definition_id text COLLATE "C" NOT NULL,
    card_transaction_id text COLLATE "C" NOT NULL,
    order_id text COLLATE "C" NOT NULL,
    number int NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    points bigint NOT NULL CHECK (points > 0),
    details json NOT NULL,
    group_id text COLLATE "C" NOT NULL,
    created_at timestamptz(3) NOT NULL,
    PRIMARY KEY (member_id, created_at, id)
);

-- What of each payment can be returned: `consumed` has the buckets that its points came from, in the order in which they
-- were taken, `mode` is null where the wallet returns nothing, `items_amount` what the order's items were worth.

CREATE TABLE order_payments (
    order_id text COLLATE "C" NOT NULL,
    number int NOT NULL,
    project_id text COLLATE "C" NOT NULL,
    member_id text COLLATE "C" NOT NULL,
    transaction_id text COLLATE "C" NOT NULL,
    card_id text COLLATE "C" NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    points bigint NOT NULL CHECK (points > 0),
    mode text COLLATE "C",
    items_amount bigint NOT NULL,
    consumed json NOT NULL,
    returned_amount bigint NOT NULL DEFAULT 0 CHECK (returned_amount BETWEEN 0 AND amount),
    PRIMARY KEY (order_id, number)
) WITH (fillfactor = 85);
