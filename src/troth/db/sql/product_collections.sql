-- name: list_products
-- The products stay as long as the transaction runs; entries that the project does not have are left out.
INSERT INTO product_collection_items (collection_id, position, product_id)
SELECT $2, new.position, product.id
FROM unnest($3::int[], $4::text[]) AS new (position, id)
CROSS JOIN LATERAL (
    SELECT products.id FROM products WHERE products.id = new.id AND products.project_id = $1 FOR KEY SHARE
) AS product
RETURNING position;

-- name: list_skus
-- Likewise; where an entry names a product, the SKU must be one of its.
INSERT INTO product_collection_items (collection_id, position, product_id, sku_id)
SELECT $2, new.position, sku.product_id, sku.id
FROM unnest($3::int[], $4::text[], $5::text[]) AS new (position, id, product_id)
CROSS JOIN LATERAL (
    SELECT skus.id, skus.product_id FROM skus
    WHERE skus.id = new.id AND skus.project_id = $1 AND skus.product_id = coalesce(new.product_id, skus.product_id)
    FOR KEY SHARE
) AS sku
RETURNING position;

-- name: entries
SELECT item.collection_id, item.product_id, item.sku_id
FROM product_collection_items AS item
JOIN platform_resources AS collection ON collection.id = item.collection_id
WHERE item.collection_id = ANY ($2::text[]) AND collection.project_id = $1
ORDER BY item.collection_id, item.position;

-- name: holders
-- Which of these collections list which of these products and SKUs.
SELECT item.collection_id, coalesce(item.sku_id, item.product_id) AS id
FROM product_collection_items AS item
JOIN platform_resources AS collection ON collection.id = item.collection_id
WHERE item.collection_id = ANY ($2::text[]) AND collection.project_id = $1
    AND CASE WHEN item.sku_id IS NULL THEN item.product_id = ANY ($3::text[]) ELSE item.sku_id = ANY ($4::text[]) END;

-- name: with_filter
SELECT id, configuration FROM platform_resources
WHERE id = ANY ($2::text[]) AND project_id = $1 AND kind = 'products_collection'
    AND configuration ->> 'type' = 'AUTO_UPDATE';

-- name: listed_items
-- The products and SKUs of a static collection.
SELECT product.id, 'product' AS object, product.created_at, product.updated_at
FROM product_collection_items AS item
JOIN products AS product ON product.id = item.product_id
WHERE item.collection_id = $2 AND item.sku_id IS NULL AND product.project_id = $1
UNION ALL
SELECT sku.id, 'sku' AS object, sku.created_at, sku.updated_at
FROM product_collection_items AS item
JOIN skus AS sku ON sku.id = item.sku_id
WHERE item.collection_id = $2 AND sku.project_id = $1;
