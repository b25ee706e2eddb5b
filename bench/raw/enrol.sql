-- One enrolment as plain SQL: the same reads, then the same rows, one insert a table, in one transaction.
-- Ids come from a counter; every customer is enrolled once in each of a row of programs.
\set i :i + 1
\set place :client_id * 100000000 + :i
\set customer 1 + :i % :customers
\set program :client_id * 1000 + :i / :customers
BEGIN;
SELECT definitions_version FROM projects WHERE id = :project;
SELECT id FROM customers
WHERE id = 'cust_' || lpad(to_hex(:customer::bigint), 32, '0') AND project_id = :project AND deleted_at IS NULL
FOR KEY SHARE;
SELECT member_id FROM enrolments
WHERE program_id = 'lprg_' || :program AND customer_id = 'cust_' || lpad(to_hex(:customer::bigint), 32, '0');
INSERT INTO enrolments (program_id, customer_id, member_id)
VALUES ('lprg_' || :program, 'cust_' || lpad(to_hex(:customer::bigint), 32, '0'), 'lmbr_' || lpad(to_hex(:place::bigint), 32, '0'));
INSERT INTO members (id, project_id, program_id, customer_id, status, metadata, created_at)
VALUES ('lmbr_' || lpad(to_hex(:place::bigint), 32, '0'), :project, 'lprg_' || :program,
        'cust_' || lpad(to_hex(:customer::bigint), 32, '0'), 'ACTIVE', '{}', now());
INSERT INTO cards (member_id, id, project_id, card_definition_id, allow_negative, code_due_at, created_at)
VALUES ('lmbr_' || lpad(to_hex(:place::bigint), 32, '0'), 'lcrd_a' || lpad(to_hex(:place::bigint), 31, '0'), :project, :definition, false, now(), now()),
       ('lmbr_' || lpad(to_hex(:place::bigint), 32, '0'), 'lcrd_b' || lpad(to_hex(:place::bigint), 31, '0'), :project, :definition, false, now(), now());
INSERT INTO member_activities (member_id, id, subject_id, type, data, group_id, source, created_at)
VALUES ('lmbr_' || lpad(to_hex(:place::bigint), 32, '0'), 'lambr_a' || lpad(to_hex(:place::bigint), 31, '0'), 'lmbr_' || lpad(to_hex(:place::bigint), 32, '0'), 'vl.member.created', :member::json, 'lgrp_' || lpad(to_hex(:place::bigint), 32, '0'), :source::json, now()),
       ('lmbr_' || lpad(to_hex(:place::bigint), 32, '0'), 'lacrd_b' || lpad(to_hex(:place::bigint), 31, '0'), 'lcrd_a' || lpad(to_hex(:place::bigint), 31, '0'), 'vl.card.created', :card::json, 'lgrp_' || lpad(to_hex(:place::bigint), 32, '0'), :source::json, now()),
       ('lmbr_' || lpad(to_hex(:place::bigint), 32, '0'), 'lacrd_c' || lpad(to_hex(:place::bigint), 31, '0'), 'lcrd_a' || lpad(to_hex(:place::bigint), 31, '0'), 'vl.card.assigned', :assigned::json, 'lgrp_' || lpad(to_hex(:place::bigint), 32, '0'), :source::json, now()),
       ('lmbr_' || lpad(to_hex(:place::bigint), 32, '0'), 'lambr_d' || lpad(to_hex(:place::bigint), 31, '0'), 'lmbr_' || lpad(to_hex(:place::bigint), 32, '0'), 'vl.member.card.assigned', :membercard::json, 'lgrp_' || lpad(to_hex(:place::bigint), 32, '0'), :source::json, now()),
       ('lmbr_' || lpad(to_hex(:place::bigint), 32, '0'), 'lacrd_e' || lpad(to_hex(:place::bigint), 31, '0'), 'lcrd_b' || lpad(to_hex(:place::bigint), 31, '0'), 'vl.card.created', :card::json, 'lgrp_' || lpad(to_hex(:place::bigint), 32, '0'), :source::json, now()),
       ('lmbr_' || lpad(to_hex(:place::bigint), 32, '0'), 'lacrd_f' || lpad(to_hex(:place::bigint), 31, '0'), 'lcrd_b' || lpad(to_hex(:place::bigint), 31, '0'), 'vl.card.assigned', :assigned::json, 'lgrp_' || lpad(to_hex(:place::bigint), 32, '0'), :source::json, now()),
       ('lmbr_' || lpad(to_hex(:place::bigint), 32, '0'), 'lambr_9' || lpad(to_hex(:place::bigint), 31, '0'), 'lmbr_' || lpad(to_hex(:place::bigint), 32, '0'), 'vl.member.card.assigned', :membercard::json, 'lgrp_' || lpad(to_hex(:place::bigint), 32, '0'), :source::json, now());
INSERT INTO outbox (member_id, id, project_id, created_at)
VALUES ('lmbr_' || lpad(to_hex(:place::bigint), 32, '0'), 'lgrp_' || lpad(to_hex(:place::bigint), 32, '0'), :project, now());
COMMIT;
