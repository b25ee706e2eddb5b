-- What postings make of counters and buckets (domain 7): the one place in SQL that knows which kind of posting moves
-- which counter. Cards that nothing was posted to are in it with zeros.

CREATE VIEW posted_counters AS
SELECT
    card.member_id, card.id AS card_id,
    coalesce(sum(points) FILTER (WHERE kind IN ('EARNED', 'ADDED', 'PURCHASED', 'PENDING_ACTIVATED')), 0)::bigint AS total,
    coalesce(sum(points) FILTER (WHERE kind = 'EARNED'), 0)::bigint AS earned,
    coalesce(sum(points) FILTER (WHERE kind = 'ADDED'), 0)::bigint AS added,
    coalesce(sum(points) FILTER (WHERE kind = 'PURCHASED'), 0)::bigint AS purchased,
    coalesce(sum(points) FILTER (WHERE kind = 'PURCHASE_REVERSED'), 0)::bigint AS purchased_reversed,
    coalesce(sum(points) FILTER (WHERE kind = 'SUBTRACTED'), 0)::bigint AS subtracted,
    coalesce(sum(points) FILTER (WHERE kind = 'EXPIRED'), 0)::bigint AS expired,
    coalesce(sum(points) FILTER (WHERE kind = 'SPENT'), 0)::bigint AS spent,
    coalesce(sum(points) FILTER (WHERE kind = 'REFUNDED'), 0)::bigint AS refunded,
    coalesce(sum(points) FILTER (WHERE kind = 'RETURNED'), 0)::bigint AS returned,
    coalesce(sum(points) FILTER (WHERE kind = 'LOCKED'), 0)::bigint AS locked,
    coalesce(sum(points) FILTER (WHERE kind = 'UNLOCKED'), 0)::bigint AS unlocked,
    coalesce(sum(points) FILTER (WHERE kind = 'PENDING_ADDED'), 0)::bigint AS pending_total,
    coalesce(sum(points) FILTER (WHERE kind = 'PENDING_ACTIVATED'), 0)::bigint AS pending_activated,
    coalesce(sum(points) FILTER (WHERE kind = 'PENDING_CANCELED'), 0)::bigint AS pending_canceled
FROM cards AS card
LEFT JOIN postings AS posting ON posting.member_id = card.member_id AND posting.card_id = card.id
GROUP BY card.member_id, card.id;

CREATE VIEW posted_buckets AS
SELECT posting.member_id, posting.card_id, change.key COLLATE "C" AS id, sum(change.value::bigint)::bigint AS points
FROM postings AS posting, jsonb_each_text(posting.changes) AS change
GROUP BY posting.member_id, posting.card_id, change.key;

-- How far the nightly audit of the whole ledger is, by the day (UTC) on which it began.

CREATE TABLE ledger_audits (
    day date PRIMARY KEY,
    after_member text COLLATE "C" NOT NULL DEFAULT '',
    members bigint NOT NULL DEFAULT 0,
    differences bigint NOT NULL DEFAULT 0,
    finished_at timestamptz(3)
);
