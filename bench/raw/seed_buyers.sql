-- $2 customers of project $1 who are members of the program $3, and 1,000 products to buy; their ids are made of numbers.
INSERT INTO customers (id, project_id, metadata, created_at)
SELECT 'cust_' || md5('buyer ' || n), $1, '{}', now()
FROM generate_series(1, $2::int) AS n
WHERE $3::text <> '';

INSERT INTO enrolments (program_id, customer_id, member_id)
SELECT $3, 'cust_' || md5('buyer ' || n), 'lmbr_' || md5('buyer ' || n)
FROM generate_series(1, $2::int) AS n
WHERE $1::text <> '';

INSERT INTO members (id, project_id, program_id, customer_id, status, metadata, created_at)
SELECT 'lmbr_' || md5('buyer ' || n), $1, $3, 'cust_' || md5('buyer ' || n), 'ACTIVE', '{}', now()
FROM generate_series(1, $2::int) AS n;

INSERT INTO products (id, project_id, source_id, name, price, attributes, metadata, created_at)
SELECT 'prod_' || md5('product ' || n), $1, 'product-' || n, 'Product ' || n, 100 + n, '[]', '{"category": "tea"}', now()
FROM generate_series(1, 1000) AS n
WHERE $2::int > 0 AND $3::text <> '';
