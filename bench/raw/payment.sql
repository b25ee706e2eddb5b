-- One payment of 10 minor units for as many points, as plain SQL: the same reads under the same locks, then the same rows,
-- in one transaction.
\set i :i + 1
\set place :client_id * 100000000 + :i
\set member random(1, :members)
BEGIN;
SELECT definitions_version FROM projects WHERE id = :project;
SELECT id, customer_id, program_id, status, metadata, created_at, updated_at FROM members
WHERE id = 'lmbr_d' || lpad(to_hex(:member::bigint), 31, '0') AND project_id = :project
FOR NO KEY UPDATE;
SELECT id, source_id, status, customer_id, amount, discount_amount, items, metadata, points_paid_amount, payer_ids,
    payments_count AS count
FROM orders WHERE id = 'ord_d' || lpad(to_hex(:member::bigint), 31, '0') AND project_id = :project
FOR NO KEY UPDATE \gset
SELECT * FROM cards WHERE member_id = 'lmbr_d' || lpad(to_hex(:member::bigint), 31, '0') ORDER BY id;
SELECT * FROM points_buckets WHERE member_id = 'lmbr_d' || lpad(to_hex(:member::bigint), 31, '0') AND status = 'ACTIVE';
SELECT * FROM pending_buckets WHERE member_id = 'lmbr_d' || lpad(to_hex(:member::bigint), 31, '0') AND status = 'PENDING';
SELECT * FROM sliding_expirations WHERE member_id = 'lmbr_d' || lpad(to_hex(:member::bigint), 31, '0');
INSERT INTO card_transactions (member_id, card_id, id, card_definition_id, type, status, details, group_id, source, created_at, occurred_at)
VALUES ('lmbr_d' || lpad(to_hex(:member::bigint), 31, '0'), 'lcrd_d' || lpad(to_hex(:member::bigint), 31, '0'), 'lctx_e' || lpad(to_hex(:place::bigint), 31, '0'),
        :definition, 'POINTS_SPENT_ON_ORDER', 'APPROVED', :spent::json, 'lgrp_e' || lpad(to_hex(:place::bigint), 31, '0'), :source::json, now(), now());
INSERT INTO postings (member_id, card_id, transaction_id, place, kind, points, changes, posted_at)
VALUES ('lmbr_d' || lpad(to_hex(:member::bigint), 31, '0'), 'lcrd_d' || lpad(to_hex(:member::bigint), 31, '0'), 'lctx_e' || lpad(to_hex(:place::bigint), 31, '0'),
        0, 'SPENT', 10, jsonb_build_object('lcpeb_d' || lpad(to_hex(:member::bigint), 31, '0'), -10), now());
UPDATE points_buckets SET points = points - 10, updated_at = now()
WHERE member_id = 'lmbr_d' || lpad(to_hex(:member::bigint), 31, '0') AND card_id = 'lcrd_d' || lpad(to_hex(:member::bigint), 31, '0')
    AND id = 'lcpeb_d' || lpad(to_hex(:member::bigint), 31, '0');
UPDATE cards SET spent = spent + 10, latest_at = now(), updated_at = now()
WHERE member_id = 'lmbr_d' || lpad(to_hex(:member::bigint), 31, '0') AND id = 'lcrd_d' || lpad(to_hex(:member::bigint), 31, '0');
INSERT INTO outbox (member_id, id, project_id, created_at)
VALUES ('lmbr_d' || lpad(to_hex(:member::bigint), 31, '0'), 'lgrp_e' || lpad(to_hex(:place::bigint), 31, '0'), :project, now());
INSERT INTO order_transactions (
    member_id, id, project_id, program_id, card_id, card_definition_id, card_transaction_id, order_id, number, amount, points,
    details, group_id, created_at
)
VALUES ('lmbr_d' || lpad(to_hex(:member::bigint), 31, '0'), 'lotx_e' || lpad(to_hex(:place::bigint), 31, '0'), :project, :program,
        'lcrd_d' || lpad(to_hex(:member::bigint), 31, '0'), :definition, 'lctx_e' || lpad(to_hex(:place::bigint), 31, '0'),
        'ord_d' || lpad(to_hex(:member::bigint), 31, '0'), :count::int + 1, 10, 10, :details::json, 'lgrp_e' || lpad(to_hex(:place::bigint), 31, '0'), now());
INSERT INTO order_payments (
    order_id, number, project_id, member_id, transaction_id, card_id, amount, points, items_amount, consumed
)
VALUES ('ord_d' || lpad(to_hex(:member::bigint), 31, '0'), :count::int + 1, :project, 'lmbr_d' || lpad(to_hex(:member::bigint), 31, '0'),
        'lotx_e' || lpad(to_hex(:place::bigint), 31, '0'), 'lcrd_d' || lpad(to_hex(:member::bigint), 31, '0'), 10, 10, 1000,
        json_build_array(json_build_array('lcpeb_d' || lpad(to_hex(:member::bigint), 31, '0'), 10)));
UPDATE orders SET points_paid_amount = points_paid_amount + 10, payments_count = payments_count + 1, payer_ids = ARRAY['cust_d' || lpad(to_hex(:member::bigint), 31, '0')]
WHERE id = 'ord_d' || lpad(to_hex(:member::bigint), 31, '0') AND project_id = :project;
COMMIT;
