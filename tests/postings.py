"""Every card of a project held against its postings, in SQL that shares nothing with Troth's own (domain 7)."""

import asyncpg

_SUMS = ", ".join(
    f"coalesce(sum(points) FILTER (WHERE kind = '{kind}'), 0) AS {kind.lower()}"
    for kind in (
        "ADDED", "SUBTRACTED", "EARNED", "PENDING_ADDED", "PENDING_ACTIVATED", "PENDING_CANCELED", "LOCKED", "UNLOCKED",
        "SPENT", "PURCHASED", "PURCHASE_REVERSED", "RETURNED", "REFUNDED", "EXPIRED",
    )
)  # fmt: skip

_WRONG = {
    "counters": f"""
        SELECT card.id FROM cards AS card
        CROSS JOIN LATERAL (
            SELECT {_SUMS} FROM postings WHERE member_id = card.member_id AND card_id = card.id
        ) AS posted
        WHERE card.project_id = $1 AND (
            card.total, card.earned, card.added, card.purchased, card.purchased_reversed, card.subtracted, card.expired,
            card.spent, card.refunded, card.returned, card.locked, card.unlocked, card.pending_total,
            card.pending_activated, card.pending_canceled
        ) IS DISTINCT FROM (
            posted.added + posted.earned + posted.purchased + posted.pending_activated, posted.earned, posted.added,
            posted.purchased, posted.purchase_reversed, posted.subtracted, posted.expired, posted.spent,
            posted.refunded, posted.returned, posted.locked, posted.unlocked, posted.pending_added,
            posted.pending_activated, posted.pending_canceled
        )""",
    "buckets": """
        SELECT coalesce(bucket.id, changed.id)
        FROM (
            SELECT member_id, card_id, id, points FROM points_buckets WHERE project_id = $1
            UNION ALL
            SELECT member_id, card_id, id, points FROM pending_buckets WHERE project_id = $1
        ) AS bucket
        FULL JOIN (
            SELECT posting.member_id, posting.card_id, change.key AS id, sum(change.value::bigint) AS points
            FROM postings AS posting
            JOIN members ON members.id = posting.member_id AND members.project_id = $1
            CROSS JOIN LATERAL jsonb_each_text(posting.changes) AS change
            GROUP BY 1, 2, 3
        ) AS changed USING (member_id, card_id, id)
        WHERE bucket.points IS DISTINCT FROM changed.points""",
    "balances": """
        SELECT card.id FROM cards AS card
        WHERE card.project_id = $1 AND (
            SELECT coalesce(sum(points), 0) FROM points_buckets WHERE member_id = card.member_id AND card_id = card.id
        ) <> greatest(
            card.total - card.subtracted - card.expired - card.spent - card.refunded + card.returned - card.locked
            + card.unlocked - card.purchased_reversed, 0)""",
    "heads": """
        SELECT coalesce(head.id, posting.transaction_id)
        FROM (
            SELECT one.* FROM card_transactions AS one JOIN members ON members.id = one.member_id
            WHERE members.project_id = $1
                -- What is refused has moved nothing, but for a purchase: that locked its points first.
                AND (one.status <> 'REJECTED' OR one.type = 'POINTS_SPENT_ON_REWARD')
        ) AS head
        FULL JOIN (
            SELECT one.* FROM postings AS one JOIN members ON members.id = one.member_id
            WHERE members.project_id = $1 AND one.place = 0
        ) AS posting
            ON (posting.member_id, posting.card_id, posting.transaction_id) = (head.member_id, head.card_id, head.id)
        WHERE posting.transaction_id IS NULL OR head.id IS NULL
            OR abs(coalesce(head.details #>> '{points,total}', head.details #>> '{bucket,points,total}')::bigint)
                <> posting.points""",
    "twice": """
        SELECT id FROM card_transactions WHERE member_id IN (SELECT id FROM members WHERE project_id = $1)
        GROUP BY id HAVING count(*) > 1""",
    "untold": """
        SELECT one.id FROM card_transactions AS one JOIN members ON members.id = one.member_id
        WHERE members.project_id = $1
            AND NOT EXISTS (SELECT FROM outbox WHERE member_id = one.member_id AND id = one.group_id)""",
    "next expirations": """
        SELECT card.id FROM cards AS card
        LEFT JOIN LATERAL (
            SELECT coalesce(bucket.expires_on, sliding.expires_on) AS day, sum(bucket.points) AS points
            FROM points_buckets AS bucket
            LEFT JOIN sliding_expirations AS sliding
                ON (sliding.member_id, sliding.card_id, sliding.key)
                    = (bucket.member_id, bucket.card_id, bucket.expiration_key)
            WHERE bucket.member_id = card.member_id AND bucket.card_id = card.id AND bucket.status = 'ACTIVE'
                AND bucket.points > 0
            GROUP BY day HAVING coalesce(bucket.expires_on, sliding.expires_on) IS NOT NULL ORDER BY day LIMIT 1
        ) AS next ON true
        WHERE card.project_id = $1 AND card.deleted_at IS NULL
            AND (card.next_expiration_on, card.next_expiration_points) IS DISTINCT FROM (next.day, next.points)""",
    "next activations": """
        SELECT card.id FROM cards AS card
        LEFT JOIN LATERAL (
            SELECT bucket.date AS day, bucket.type, sum(bucket.points) AS points
            FROM pending_buckets AS bucket
            WHERE bucket.member_id = card.member_id AND bucket.card_id = card.id AND bucket.status = 'PENDING'
            GROUP BY day, bucket.type ORDER BY day, bucket.type LIMIT 1
        ) AS next ON true
        WHERE card.project_id = $1 AND card.deleted_at IS NULL
            AND (card.next_activation_on, card.next_activation_points, card.next_activation_type)
                IS DISTINCT FROM (next.day, next.points, next.type)""",
}
"""What must not be, by name: each finds the ids of what is wrong in a project."""


async def check_postings(connection: asyncpg.Connection, project_id: str) -> int:
    """Return how many cards a project has, having checked that each is the sum of its postings, all told of once."""
    for name, wrong in _WRONG.items():
        assert (name, [row[0] for row in await connection.fetch(wrong, project_id)]) == (name, [])
    count: int = await connection.fetchval("SELECT count(*) FROM cards WHERE project_id = $1", project_id)
    return count
