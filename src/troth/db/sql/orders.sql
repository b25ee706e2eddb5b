-- Orders, and the key table that finds them by source id. Where an order is looked up by its id, the project is compared as
-- `project_id || ''`, which no index serves (see customers.sql).

-- name: lock
-- Sorted, so that two batches never wait for each other crosswise. Orders are locked before their customers, and after
-- the members who pay them.
SELECT
    found.id, found.source_id, found.status, found.customer_id, found.referrer_id, found.amount, found.initial_amount,
    found.discount_amount, found.items, found.metadata, found.paid_at, found.canceled_at, found.created_at,
    found.updated_at, found.points_paid_amount, found.payments_count, found.payer_ids
FROM (
    SELECT asked.id COLLATE "C" AS id FROM unnest($2::text[]) AS asked (id)
    UNION
    SELECT key.order_id FROM order_source_ids AS key
    WHERE key.project_id = $1 AND key.source_id = ANY ($3::text[])
    ORDER BY id
    OFFSET 0
) AS named
CROSS JOIN LATERAL (
    SELECT * FROM orders WHERE orders.id = named.id AND orders.project_id || '' = $1 FOR NO KEY UPDATE
) AS found;

-- name: goods
-- Products and SKUs by their ids and their source ids, and the products of those SKUs.
WITH found_skus AS (
    SELECT id, product_id, source_id, sku AS name, price, metadata FROM skus
    WHERE id = ANY ($4::text[]) AND project_id || '' = $1
    UNION
    SELECT id, product_id, source_id, sku AS name, price, metadata FROM skus
    WHERE project_id = $1 AND source_id = ANY ($5::text[])
)
SELECT 'sku' AS kind, id, product_id, source_id, name, price, metadata FROM found_skus
UNION ALL
SELECT 'product', id, NULL, source_id, name, price, metadata FROM products
WHERE id IN (SELECT unnest($2::text[]) UNION SELECT product_id FROM found_skus) AND project_id || '' = $1
UNION ALL
SELECT 'product', id, NULL, source_id, name, price, metadata FROM products
WHERE project_id = $1 AND source_id = ANY ($3::text[]);

-- name: insert
-- A batch travels as columns of text joined by the unit separator (U+001F), which JSON always escapes and no source id
-- holds; an empty text is null. Whoever takes one of these source ids at the same time waits at the first insert for the
-- other to commit, and then finds fewer rows counted than it sent.
WITH taken AS (
    INSERT INTO order_source_ids (project_id, source_id, order_id)
    SELECT $1, new.source_id, new.order_id
    FROM unnest(string_to_array($2, E'\x1f'), string_to_array($3, E'\x1f')) AS new (source_id, order_id)
    ON CONFLICT DO NOTHING
    RETURNING 1
), saved AS (
    INSERT INTO orders (
        id, project_id, source_id, status, customer_id, referrer_id, amount, initial_amount, discount_amount, items,
        metadata, paid_at, canceled_at, created_at
    )
    SELECT
        new.id, $1, nullif(new.source_id, ''), new.status, nullif(new.customer_id, ''), nullif(new.referrer_id, ''),
        new.amount::bigint, nullif(new.initial_amount, '')::bigint, new.discount_amount::bigint, new.items::json,
        new.metadata::jsonb, nullif(new.paid_at, '')::timestamptz, nullif(new.canceled_at, '')::timestamptz,
        new.created_at::timestamptz
    FROM unnest(
        string_to_array($4, E'\x1f'), string_to_array($5, E'\x1f'), string_to_array($6, E'\x1f'),
        string_to_array($7, E'\x1f'), string_to_array($8, E'\x1f'), string_to_array($9, E'\x1f'),
        string_to_array($10, E'\x1f'), string_to_array($11, E'\x1f'), string_to_array($12, E'\x1f'),
        string_to_array($13, E'\x1f'), string_to_array($14, E'\x1f'), string_to_array($15, E'\x1f'),
        string_to_array($16, E'\x1f')
    ) AS new (
        id, source_id, status, customer_id, referrer_id, amount, initial_amount, discount_amount, items, metadata,
        paid_at, canceled_at, created_at
    )
)
SELECT count(*) FROM taken;

-- name: change
WITH taken AS (
    INSERT INTO order_source_ids (project_id, source_id, order_id)
    SELECT $1, new.source_id, new.order_id FROM unnest($2::text[], $3::text[]) AS new (source_id, order_id)
    ON CONFLICT DO NOTHING
    RETURNING 1
), saved AS (
    UPDATE orders SET
        source_id = new.source_id, status = new.status, customer_id = new.customer_id, referrer_id = new.referrer_id,
        amount = new.amount, initial_amount = new.initial_amount, discount_amount = new.discount_amount,
        items = new.items, metadata = new.metadata, paid_at = new.paid_at, canceled_at = new.canceled_at,
        created_at = new.created_at, updated_at = new.updated_at
    FROM json_to_recordset($4::json) AS new (
        id text, source_id text, status text, customer_id text, referrer_id text, amount bigint, initial_amount bigint,
        discount_amount bigint, items json, metadata jsonb, paid_at timestamptz, canceled_at timestamptz,
        created_at timestamptz, updated_at timestamptz
    )
    WHERE orders.id = new.id AND orders.project_id || '' = $1
)
SELECT count(*) FROM taken;

-- name: is_saved
SELECT true FROM orders WHERE id = $1;

-- name: one
-- By its id, else by its source id.
SELECT
    id, source_id, status, customer_id, referrer_id, amount, initial_amount, discount_amount, items, metadata, paid_at,
    canceled_at, created_at, updated_at, points_paid_amount, payments_count, payer_ids
FROM orders
WHERE id = coalesce(
    (SELECT by_id.id FROM orders AS by_id WHERE by_id.id = $2 AND by_id.project_id || '' = $1),
    (SELECT key.order_id FROM order_source_ids AS key WHERE key.project_id = $1 AND key.source_id = $3)
);

-- name: listed
SELECT
    id, source_id, status, customer_id, referrer_id, amount, initial_amount, discount_amount, items, metadata, paid_at,
    canceled_at, created_at, updated_at, points_paid_amount, payments_count, payer_ids
FROM orders
WHERE project_id = $1;
