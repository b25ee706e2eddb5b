-- One purchase of a reward as plain SQL: the same reads under the same lock, then the same rows, in one transaction.
\set i :i + 1
\set place :client_id * 100000000 + :i
\set member random(1, :members)
BEGIN;
SELECT definitions_version FROM projects WHERE id = :project;
SELECT id, customer_id, program_id, status, metadata, created_at, updated_at FROM members
WHERE id = 'lmbr_f' || lpad(to_hex(:member::bigint), 31, '0') AND project_id = :project
FOR NO KEY UPDATE;
SELECT * FROM cards WHERE member_id = 'lmbr_f' || lpad(to_hex(:member::bigint), 31, '0') ORDER BY id;
SELECT * FROM points_buckets WHERE member_id = 'lmbr_f' || lpad(to_hex(:member::bigint), 31, '0') AND status = 'ACTIVE';
SELECT * FROM pending_buckets WHERE member_id = 'lmbr_f' || lpad(to_hex(:member::bigint), 31, '0') AND status = 'PENDING';
SELECT * FROM sliding_expirations WHERE member_id = 'lmbr_f' || lpad(to_hex(:member::bigint), 31, '0');
INSERT INTO card_transactions (member_id, card_id, id, card_definition_id, type, status, details, group_id, source, created_at, occurred_at)
VALUES ('lmbr_f' || lpad(to_hex(:member::bigint), 31, '0'), 'lcrd_f1' || lpad(to_hex(:member::bigint), 30, '0'), 'lctx_f' || lpad(to_hex(:place::bigint), 31, '0'),
        :definition, 'POINTS_SPENT_ON_REWARD', 'PENDING', :paid::json, 'lgrp_f' || lpad(to_hex(:place::bigint), 31, '0'), :source::json, now(), now());
INSERT INTO postings (member_id, card_id, transaction_id, place, kind, points, changes, posted_at)
VALUES ('lmbr_f' || lpad(to_hex(:member::bigint), 31, '0'), 'lcrd_f1' || lpad(to_hex(:member::bigint), 30, '0'), 'lctx_f' || lpad(to_hex(:place::bigint), 31, '0'),
        0, 'LOCKED', 10, jsonb_build_object('lcpeb_f' || lpad(to_hex(:member::bigint), 31, '0'), -10), now());
UPDATE points_buckets SET points = points - 10, updated_at = now()
WHERE member_id = 'lmbr_f' || lpad(to_hex(:member::bigint), 31, '0') AND card_id = 'lcrd_f1' || lpad(to_hex(:member::bigint), 30, '0')
    AND id = 'lcpeb_f' || lpad(to_hex(:member::bigint), 31, '0');
UPDATE cards SET locked = locked + 10, latest_at = now(), updated_at = now()
WHERE member_id = 'lmbr_f' || lpad(to_hex(:member::bigint), 31, '0') AND id = 'lcrd_f1' || lpad(to_hex(:member::bigint), 30, '0');
INSERT INTO outbox (member_id, id, project_id, created_at)
VALUES ('lmbr_f' || lpad(to_hex(:member::bigint), 31, '0'), 'lgrp_f' || lpad(to_hex(:place::bigint), 31, '0'), :project, now());
INSERT INTO reward_transaction_members (id, project_id, member_id)
VALUES ('lrtx_f' || lpad(to_hex(:place::bigint), 31, '0'), :project, 'lmbr_f' || lpad(to_hex(:member::bigint), 31, '0'));
INSERT INTO reward_transactions (member_id, id, project_id, program_id, reward_id, card_id, card_transaction_id, type, status, details, goods, group_id, due_at, created_at)
VALUES ('lmbr_f' || lpad(to_hex(:member::bigint), 31, '0'), 'lrtx_f' || lpad(to_hex(:place::bigint), 31, '0'), :project, :program, :reward,
        'lcrd_f1' || lpad(to_hex(:member::bigint), 30, '0'), 'lctx_f' || lpad(to_hex(:place::bigint), 31, '0'), 'PURCHASE', 'PENDING', :details::json, :goods::json,
        'lgrp_f' || lpad(to_hex(:place::bigint), 31, '0'), now(), now());
COMMIT;
