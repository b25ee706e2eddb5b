-- One credit as plain SQL: the same reads under the same lock, then the same rows, in one transaction. The card's points
-- go into its one bucket, which the first credit opens.
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
        :definition, 'ADMIN_CREDIT', 'APPROVED', :details::json, 'lgrp_f' || lpad(to_hex(:place::bigint), 31, '0'), :source::json, now(), now());
INSERT INTO postings (member_id, card_id, transaction_id, place, kind, points, changes, posted_at)
VALUES ('lmbr_f' || lpad(to_hex(:member::bigint), 31, '0'), 'lcrd_f1' || lpad(to_hex(:member::bigint), 30, '0'), 'lctx_f' || lpad(to_hex(:place::bigint), 31, '0'),
        0, 'ADDED', 10, jsonb_build_object('lcpeb_f' || lpad(to_hex(:member::bigint), 31, '0'), 10), now());
INSERT INTO points_buckets AS present (member_id, card_id, id, project_id, expiration_type, expiration_key, month, points, status, created_at)
VALUES ('lmbr_f' || lpad(to_hex(:member::bigint), 31, '0'), 'lcrd_f1' || lpad(to_hex(:member::bigint), 30, '0'), 'lcpeb_f' || lpad(to_hex(:member::bigint), 31, '0'),
        :project, 'NO_EXPIRATION', :key, '2026-01-01', 10, 'ACTIVE', now())
ON CONFLICT (member_id, card_id, id) DO UPDATE SET points = present.points + 10, updated_at = now();
UPDATE cards SET added = added + 10, total = total + 10, latest_at = now(), updated_at = now()
WHERE member_id = 'lmbr_f' || lpad(to_hex(:member::bigint), 31, '0') AND id = 'lcrd_f1' || lpad(to_hex(:member::bigint), 30, '0');
INSERT INTO outbox (member_id, id, project_id, created_at)
VALUES ('lmbr_f' || lpad(to_hex(:member::bigint), 31, '0'), 'lgrp_f' || lpad(to_hex(:place::bigint), 31, '0'), :project, now());
COMMIT;
