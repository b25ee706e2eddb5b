-- One member with its two cards as plain SQL: the read that answers GET …/members/{memberId}.
\set place random(1, :members)
SELECT
    member.id AS member_id, member.customer_id, member.program_id, member.status, member.metadata,
    member.created_at AS member_created_at, member.updated_at,
    card.id, card.card_definition_id, card.code, card.created_at,
    card.total, card.earned, card.added, card.purchased, card.purchased_reversed, card.subtracted, card.expired,
    card.spent, card.refunded, card.returned, card.locked, card.unlocked,
    card.pending_total, card.pending_activated, card.pending_canceled,
    card.next_expiration_on, card.next_expiration_points,
    card.next_activation_on, card.next_activation_points, card.next_activation_type
FROM members AS member
LEFT JOIN cards AS card ON card.member_id = member.id
WHERE member.id = 'lmbr_f' || lpad(to_hex(:place::bigint), 31, '0') AND member.project_id = :project
    AND member.status <> 'DELETED'
ORDER BY card.id;
