-- One member with its two cards as plain SQL: the read that answers GET …/members/{memberId}.
\set place 1 + random(1, :members) - 1
SELECT
    member.id AS member_id, member.customer_id, member.program_id, member.status, member.metadata,
    member.created_at, member.updated_at, card.*
FROM members AS member
LEFT JOIN cards AS card ON card.member_id = member.id
WHERE member.id = :prefix || lpad(to_hex(:place::bigint), 32, '0') AND member.project_id = :project AND member.status <> 'DELETED'
ORDER BY card.id;
