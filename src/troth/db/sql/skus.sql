-- name: lock
-- Sorted, so that two transactions never wait for each other crosswise.
SELECT
    id, product_id, source_id, sku, price, currency, attributes, image_url, metadata, created_at, updated_at
FROM skus
WHERE project_id = $1 AND (id = $2 OR source_id = $3)
ORDER BY id
FOR NO KEY UPDATE;

-- name: one
SELECT
    id, product_id, source_id, sku, price, currency, attributes, image_url, metadata, created_at, updated_at
FROM skus
WHERE id = coalesce(
    (SELECT by_id.id FROM skus AS by_id WHERE by_id.id = $2 AND by_id.project_id = $1),
    (SELECT by_source.id FROM skus AS by_source WHERE by_source.project_id = $1 AND by_source.source_id = $2)
);

-- name: insert
INSERT INTO skus (
    id, project_id, product_id, source_id, sku, price, currency, attributes, image_url, metadata, created_at, updated_at
)
SELECT
    new.id, $1, new.product_id, new.source_id, new.sku, new.price, new.currency, new.attributes, new.image_url,
    new.metadata, new.created_at, new.updated_at
FROM json_to_record($2::json) AS new (
    id text, product_id text, source_id text, sku text, price bigint, currency text, attributes jsonb, image_url text,
    metadata jsonb, created_at timestamptz, updated_at timestamptz
)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: save
UPDATE skus SET
    source_id = new.source_id, sku = new.sku, price = new.price, currency = new.currency, attributes = new.attributes,
    image_url = new.image_url, metadata = new.metadata, updated_at = new.updated_at
FROM json_to_record($2::json) AS new (
    id text, source_id text, sku text, price bigint, currency text, attributes jsonb, image_url text, metadata jsonb,
    updated_at timestamptz
)
WHERE skus.id = new.id AND skus.project_id = $1;

-- name: is_saved
SELECT true FROM skus WHERE id = $1;

-- name: delete
DELETE FROM skus WHERE id = $2 AND project_id = $1;

-- name: is_deleted
SELECT NOT EXISTS (SELECT FROM skus WHERE id = $1);

-- name: listed
SELECT
    id, product_id, source_id, sku, price, currency, attributes, image_url, metadata, created_at, updated_at
FROM skus
WHERE product_id = $2 AND project_id = $1;

-- name: oldest
-- The first of each product's SKUs; how many it has in all stands in each of its rows.
SELECT
    first.id, first.product_id, first.source_id, first.sku, first.price, first.currency, first.attributes,
    first.image_url, first.metadata, first.created_at, first.updated_at, first.skus_count
FROM unnest($2::text[]) AS product (id)
CROSS JOIN LATERAL (
    SELECT *, count(*) OVER () AS skus_count
    FROM skus
    WHERE skus.product_id = product.id AND skus.project_id = $1
    ORDER BY skus.created_at, skus.id
    LIMIT $3
) AS first;

-- name: several
SELECT
    id, product_id, source_id, sku, price, currency, attributes, image_url, metadata, created_at, updated_at
FROM skus
WHERE id = ANY ($2::text[]) AND project_id = $1;

-- name: existing
SELECT id FROM skus WHERE id = ANY ($2::text[]) AND project_id = $1;

-- name: ids_of_product
SELECT id FROM skus WHERE product_id = $2 AND project_id = $1;
