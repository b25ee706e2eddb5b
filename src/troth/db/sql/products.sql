-- name: lock
-- Sorted, so that two transactions never wait for each other crosswise.
SELECT id, source_id, name, price, attributes, image_url, metadata, created_at, updated_at
FROM products
WHERE project_id = $1 AND (id = $2 OR source_id = $3)
ORDER BY id
FOR NO KEY UPDATE;

-- name: one
SELECT id, source_id, name, price, attributes, image_url, metadata, created_at, updated_at
FROM products
WHERE id = coalesce(
    (SELECT by_id.id FROM products AS by_id WHERE by_id.id = $2 AND by_id.project_id = $1),
    (SELECT by_source.id FROM products AS by_source WHERE by_source.project_id = $1 AND by_source.source_id = $2)
);

-- name: insert
INSERT INTO products (
    id, project_id, source_id, name, price, attributes, image_url, metadata, created_at, updated_at
)
SELECT
    new.id, $1, new.source_id, new.name, new.price, new.attributes, new.image_url, new.metadata, new.created_at,
    new.updated_at
FROM json_to_record($2::json) AS new (
    id text, source_id text, name text, price bigint, attributes jsonb, image_url text, metadata jsonb,
    created_at timestamptz, updated_at timestamptz
)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: save
UPDATE products SET
    source_id = new.source_id, name = new.name, price = new.price, attributes = new.attributes,
    image_url = new.image_url, metadata = new.metadata, updated_at = new.updated_at
FROM json_to_record($2::json) AS new (
    id text, source_id text, name text, price bigint, attributes jsonb, image_url text, metadata jsonb,
    updated_at timestamptz
)
WHERE products.id = new.id AND products.project_id = $1;

-- name: is_saved
SELECT true FROM products WHERE id = $1;

-- name: delete
DELETE FROM products WHERE id = $2 AND project_id = $1;

-- name: is_deleted
SELECT NOT EXISTS (SELECT FROM products WHERE id = $1);

-- name: listed
SELECT id, source_id, name, price, attributes, image_url, metadata, created_at, updated_at
FROM products
WHERE project_id = $1;

-- name: several
SELECT id, source_id, name, price, attributes, image_url, metadata, created_at, updated_at
FROM products
WHERE id = ANY ($2::text[]) AND project_id = $1;

-- name: existing
SELECT id FROM products WHERE id = ANY ($2::text[]) AND project_id = $1;
