-- One paid order that earns, as plain SQL: the order, its trigger recorded and worked off, the record of why, and points
-- in a bucket of a card, in one transaction.
\set i :i + 1
\set place :client_id * 100000000 + :i
\set member random(1, :members)
BEGIN;
INSERT INTO orders (id, project_id, status, customer_id, amount, discount_amount, items, metadata, paid_at, created_at)
VALUES ('ord_f' || lpad(to_hex(:place::bigint), 31, '0'), :project, 'PAID', 'cust_f' || lpad(to_hex(:member::bigint), 31, '0'), 1000, 0, :items::json, '{}', now(), now());
INSERT INTO order_source_ids (project_id, source_id, order_id)
VALUES (:project, 'raw-' || :place, 'ord_f' || lpad(to_hex(:place::bigint), 31, '0'));
INSERT INTO triggers (member_id, project_id, kind, subject_id, occurred_at, payload)
VALUES ('lmbr_f' || lpad(to_hex(:member::bigint), 31, '0'), :project, 'customer.order.paid', 'ord_f' || lpad(to_hex(:place::bigint), 31, '0'), now(), :payload::json);
SELECT id FROM members WHERE id = 'lmbr_f' || lpad(to_hex(:member::bigint), 31, '0') FOR NO KEY UPDATE;
SELECT * FROM cards WHERE member_id = 'lmbr_f' || lpad(to_hex(:member::bigint), 31, '0');
SELECT * FROM points_buckets WHERE member_id = 'lmbr_f' || lpad(to_hex(:member::bigint), 31, '0') AND status = 'ACTIVE';
INSERT INTO earning_evaluations (member_id, id, project_id, trigger, subject_id, occurred_at, rules, earned, created_at)
VALUES ('lmbr_f' || lpad(to_hex(:member::bigint), 31, '0'), 'leev_f' || lpad(to_hex(:place::bigint), 31, '0'), :project,
        'customer.order.paid', 'ord_f' || lpad(to_hex(:place::bigint), 31, '0'), now(), :rules::json, true, now());
INSERT INTO card_transactions (member_id, card_id, id, card_definition_id, type, status, details, group_id, source, created_at, occurred_at)
VALUES ('lmbr_f' || lpad(to_hex(:member::bigint), 31, '0'), 'lcrd_f1' || lpad(to_hex(:member::bigint), 30, '0'), 'lctx_f' || lpad(to_hex(:place::bigint), 31, '0'),
        :definition, 'POINTS_EARNED', 'APPROVED', :details::json, 'lgrp_f' || lpad(to_hex(:place::bigint), 31, '0'), :source::json, now(), now());
INSERT INTO postings (member_id, card_id, transaction_id, place, kind, points, changes, posted_at)
VALUES ('lmbr_f' || lpad(to_hex(:member::bigint), 31, '0'), 'lcrd_f1' || lpad(to_hex(:member::bigint), 30, '0'), 'lctx_f' || lpad(to_hex(:place::bigint), 31, '0'),
        0, 'EARNED', 10, jsonb_build_object('lcpeb_f' || lpad(to_hex(:member::bigint), 31, '0'), 10), now());
INSERT INTO points_buckets AS present (member_id, card_id, id, project_id, expiration_type, expiration_key, month, points, status, created_at)
VALUES ('lmbr_f' || lpad(to_hex(:member::bigint), 31, '0'), 'lcrd_f1' || lpad(to_hex(:member::bigint), 30, '0'), 'lcpeb_f' || lpad(to_hex(:member::bigint), 31, '0'),
        :project, 'NO_EXPIRATION', :key, '2026-01-01', 10, 'ACTIVE', now())
ON CONFLICT (member_id, card_id, id) DO UPDATE SET points = present.points + 10, updated_at = now();
UPDATE cards SET earned = earned + 10, total = total + 10, latest_at = now(), updated_at = now()
WHERE member_id = 'lmbr_f' || lpad(to_hex(:member::bigint), 31, '0') AND id = 'lcrd_f1' || lpad(to_hex(:member::bigint), 30, '0');
INSERT INTO outbox (member_id, id, project_id, created_at)
VALUES ('lmbr_f' || lpad(to_hex(:member::bigint), 31, '0'), 'lgrp_f' || lpad(to_hex(:place::bigint), 31, '0'), :project, now());
DELETE FROM triggers WHERE member_id = 'lmbr_f' || lpad(to_hex(:member::bigint), 31, '0')
    AND subject_id = 'ord_f' || lpad(to_hex(:place::bigint), 31, '0');
COMMIT;
