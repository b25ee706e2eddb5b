-- One membership with its card, where that stands, and its tiers' ledger, as plain SQL: what answers
-- GET …/memberships/{customerId}.
\set place random(1, :members)
SELECT
    member.id AS member_id, member.customer_id, member.program_id, member.status, member.metadata,
    member.created_at AS member_created_at, member.updated_at, program.name, program.status, program.metadata,
    card.id, card.card_definition_id, card.code, card.created_at,
    card.total, card.earned, card.added, card.purchased, card.purchased_reversed, card.subtracted, card.expired,
    card.spent, card.refunded, card.returned, card.locked, card.unlocked,
    card.pending_total, card.pending_activated, card.pending_canceled,
    state.*,
    (SELECT json_agg(bucket) FROM points_buckets AS bucket
     WHERE bucket.member_id = card.member_id AND bucket.card_id = card.id AND bucket.status = 'ACTIVE') AS buckets,
    (SELECT json_agg(bucket) FROM pending_buckets AS bucket
     WHERE bucket.member_id = card.member_id AND bucket.card_id = card.id AND bucket.status = 'PENDING') AS pending
FROM enrolments AS enrolment
JOIN members AS member ON member.id = enrolment.member_id
JOIN programs AS program ON program.id = member.program_id
JOIN cards AS card ON card.member_id = member.id
JOIN tier_states AS state ON state.member_id = card.member_id AND state.card_id = card.id
WHERE enrolment.program_id = :program AND member.project_id = :project AND member.status <> 'DELETED'
    AND enrolment.customer_id = 'cust_a' || lpad(to_hex(:place::bigint), 31, '0');
