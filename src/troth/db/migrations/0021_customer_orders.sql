-- What a customer has ordered: the sum and the number of its orders that are PAID or FULFILLED, changed with them under the
-- customer's lock. The last of them is found by the index.

CREATE TABLE customer_orders (
    customer_id text COLLATE "C" PRIMARY KEY REFERENCES customers,
    -- After discounts, in minor units.
    total_amount numeric NOT NULL CHECK (total_amount >= 0),
    total_count bigint NOT NULL CHECK (total_count >= 0)
) WITH (fillfactor = 70);

CREATE INDEX orders_of_customer ON orders (customer_id, created_at, id)
    WHERE customer_id IS NOT NULL AND status IN ('PAID', 'FULFILLED');

INSERT INTO customer_orders (customer_id, total_amount, total_count)
SELECT placed.customer_id, sum(placed.total_amount), count(*)
FROM (
    SELECT customer_id, greatest(amount - discount_amount - coalesce((
        SELECT sum((item ->> 'discount_amount')::bigint) FROM json_array_elements(items) AS item
    ), 0), 0) AS total_amount
    FROM orders
    WHERE customer_id IS NOT NULL AND status IN ('PAID', 'FULFILLED')
) AS placed
JOIN customers AS customer ON customer.id = placed.customer_id
WHERE customer.deleted_at IS NULL
GROUP BY placed.customer_id;
