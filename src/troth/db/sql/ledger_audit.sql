-- The ledger worked out again from its postings, and held against what is stored (domain 7). One statement sees one
-- snapshot, so that cards may be moved meanwhile.

-- name: members
SELECT id, project_id FROM members
WHERE id > $1 AND ($2::text IS NULL OR project_id = $2::text)
ORDER BY id
LIMIT $3;

-- name: differences
WITH posted AS (
    SELECT * FROM posted_counters WHERE member_id = ANY ($1::text[])
), changed AS (
    SELECT * FROM posted_buckets WHERE member_id = ANY ($1::text[])
), buckets AS (
    SELECT member_id, card_id, id, points FROM points_buckets WHERE member_id = ANY ($1::text[])
    UNION ALL
    SELECT member_id, card_id, id, points FROM pending_buckets WHERE member_id = ANY ($1::text[])
), compared AS (
    SELECT card.member_id, card.id AS card_id, counter.name, counter.stored, coalesce(counter.posted, 0) AS posted
    FROM cards AS card
    LEFT JOIN posted ON posted.member_id = card.member_id AND posted.card_id = card.id
    CROSS JOIN LATERAL (VALUES
        ('total', card.total, posted.total), ('earned', card.earned, posted.earned), ('added', card.added, posted.added),
        ('purchased', card.purchased, posted.purchased),
        ('purchased_reversed', card.purchased_reversed, posted.purchased_reversed),
        ('subtracted', card.subtracted, posted.subtracted), ('expired', card.expired, posted.expired),
        ('spent', card.spent, posted.spent), ('refunded', card.refunded, posted.refunded),
        ('returned', card.returned, posted.returned), ('locked', card.locked, posted.locked),
        ('unlocked', card.unlocked, posted.unlocked), ('pending_total', card.pending_total, posted.pending_total),
        ('pending_activated', card.pending_activated, posted.pending_activated),
        ('pending_canceled', card.pending_canceled, posted.pending_canceled)
    ) AS counter (name, stored, posted)
    WHERE card.member_id = ANY ($1::text[])
    UNION ALL
    SELECT
        coalesce(bucket.member_id, changed.member_id), coalesce(bucket.card_id, changed.card_id),
        coalesce(bucket.id, changed.id), coalesce(bucket.points, 0), coalesce(changed.points, 0)
    FROM buckets AS bucket
    FULL JOIN changed USING (member_id, card_id, id)
    UNION ALL
    -- Buckets hold what the balance says, nothing when it is below zero.
    SELECT
        card.member_id, card.id, 'balance',
        greatest(card.total - card.subtracted - card.expired - card.spent - card.refunded + card.returned - card.locked
            + card.unlocked - card.purchased_reversed, 0),
        coalesce((SELECT sum(points) FROM points_buckets WHERE member_id = card.member_id AND card_id = card.id), 0)
    FROM cards AS card
    WHERE card.member_id = ANY ($1::text[])
    UNION ALL
    SELECT posting.member_id, posting.card_id, posting.transaction_id, 0, posting.points
    FROM postings AS posting
    WHERE posting.member_id = ANY ($1::text[]) AND NOT EXISTS (
        SELECT FROM card_transactions AS head
        WHERE head.member_id = posting.member_id AND head.card_id = posting.card_id AND head.id = posting.transaction_id
            AND head.status <> 'REJECTED'
    )
)
SELECT member_id, card_id, name, stored::bigint AS stored, posted::bigint AS posted
FROM compared
WHERE stored <> posted
ORDER BY member_id, card_id, name;

-- name: repair_cards
-- The counters that its postings make, for each card of one locked member.
UPDATE cards AS card
SET (total, earned, added, purchased, purchased_reversed, subtracted, expired, spent, refunded, returned, locked,
     unlocked, pending_total, pending_activated, pending_canceled)
    = (posted.total, posted.earned, posted.added, posted.purchased, posted.purchased_reversed, posted.subtracted,
       posted.expired, posted.spent, posted.refunded, posted.returned, posted.locked, posted.unlocked,
       posted.pending_total, posted.pending_activated, posted.pending_canceled)
FROM posted_counters AS posted
WHERE card.member_id = $1 AND posted.member_id = $1 AND posted.card_id = card.id;

-- name: repair_points_buckets
UPDATE points_buckets AS bucket SET points = posted.points
FROM posted_buckets AS posted
WHERE bucket.member_id = $1 AND posted.member_id = $1 AND posted.card_id = bucket.card_id AND posted.id = bucket.id
    AND bucket.points <> posted.points;

-- name: repair_pending_buckets
UPDATE pending_buckets AS bucket SET points = posted.points
FROM posted_buckets AS posted
WHERE bucket.member_id = $1 AND posted.member_id = $1 AND posted.card_id = bucket.card_id AND posted.id = bucket.id
    AND bucket.points <> posted.points;

-- name: repair_next
-- What cards show of their buckets.
UPDATE cards AS card
SET next_expiration_on = new.expiration_on, next_expiration_points = new.expiration_points,
    next_activation_on = new.activation_on, next_activation_points = new.activation_points,
    next_activation_type = new.activation_type
FROM unnest($2::text[], $3::date[], $4::bigint[], $5::date[], $6::bigint[], $7::text[])
    AS new (card_id, expiration_on, expiration_points, activation_on, activation_points, activation_type)
WHERE card.member_id = $1 AND card.id = new.card_id;

-- name: start
INSERT INTO ledger_audits (day) VALUES ($1) ON CONFLICT DO NOTHING;

-- name: claim
SELECT day, after_member, members, differences FROM ledger_audits
WHERE day = $1 AND finished_at IS NULL
FOR NO KEY UPDATE SKIP LOCKED;

-- name: proceed
UPDATE ledger_audits SET after_member = $2, members = $3, differences = $4, finished_at = $5 WHERE day = $1;
