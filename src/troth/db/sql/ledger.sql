-- Accounts, postings, transactions and buckets. As in members.sql, a batch travels as columns of text joined by U+001F;
-- an empty text in a column of dates or of instants stands for null.

-- name: lock
-- Nobody else moves the points of these members until the transaction ends. A member that somebody else has locked is
-- skipped and comes back as busy. Members are locked in the order in which they are asked for.
SELECT
    asked.id AS member_id,
    (SELECT definitions_version FROM projects WHERE id = $1) AS version,
    (SELECT occurred_at FROM triggers WHERE triggers.member_id = asked.id ORDER BY seq LIMIT 1) AS waiting_since,
    locked.*,
    -- No EXISTS: for many members the planner would answer that by reading all there are.
    locked.id IS NULL
        AND (SELECT true FROM members AS other WHERE other.id = asked.id AND other.project_id || '' = $1) AS is_busy
FROM unnest($2::text[]) WITH ORDINALITY AS asked (id, place)
LEFT JOIN LATERAL (
    SELECT member.id, member.customer_id, member.program_id, member.status, member.metadata, member.created_at, member.updated_at
    FROM members AS member
    WHERE member.id = asked.id AND member.project_id || '' = $1
    FOR NO KEY UPDATE SKIP LOCKED
) AS locked ON true
ORDER BY asked.place;

-- name: lock_patiently
SELECT
    asked.id AS member_id,
    (SELECT definitions_version FROM projects WHERE id = $1) AS version,
    (SELECT occurred_at FROM triggers WHERE triggers.member_id = asked.id ORDER BY seq LIMIT 1) AS waiting_since,
    locked.*,
    false AS is_busy
FROM unnest($2::text[]) WITH ORDINALITY AS asked (id, place)
LEFT JOIN LATERAL (
    SELECT member.id, member.customer_id, member.program_id, member.status, member.metadata, member.created_at, member.updated_at
    FROM members AS member
    WHERE member.id = asked.id AND member.project_id || '' = $1
    FOR NO KEY UPDATE
) AS locked ON true
ORDER BY asked.place;

-- name: accounts
-- The accounts of members ($2).
SELECT account.* FROM (
    -- include: ledger.account
) AS account
WHERE account.member_id = ANY ($2::text[])
ORDER BY account.member_id, account.id;

-- name: account
-- Accounts, each with its open buckets and those that are named ($1), and where it stands in a tier structure. All that
-- comes as JSON: a statement of its own for each kind would cost a round trip.
SELECT
    card.member_id, card.id, card.card_definition_id, card.allow_negative,
    coalesce(card.latest_at, card.created_at) AS latest_at,
    (
        SELECT json_agg(json_build_array(
            bucket.id, bucket.expiration_type, bucket.expiration_key, bucket.expires_on, bucket.month, bucket.points,
            bucket.status, bucket.created_at, bucket.updated_at
        ) ORDER BY bucket.id)
        FROM points_buckets AS bucket
        WHERE bucket.member_id = card.member_id AND bucket.card_id = card.id
            AND (bucket.status = 'ACTIVE' OR bucket.id = ANY ($1::text[]))
    ) AS buckets,
    (
        SELECT json_agg(json_build_array(
            bucket.id, bucket.type, bucket.date, bucket.expiration, bucket.points, bucket.status, bucket.created_at,
            bucket.updated_at
        ) ORDER BY bucket.id)
        FROM pending_buckets AS bucket
        WHERE bucket.member_id = card.member_id AND bucket.card_id = card.id
            AND (bucket.status = 'PENDING' OR bucket.id = ANY ($1::text[]))
    ) AS pending,
    (
        SELECT json_agg(json_build_array(sliding.expiration, sliding.key, sliding.last_activity_on, sliding.expires_on))
        FROM sliding_expirations AS sliding
        WHERE sliding.member_id = card.member_id AND sliding.card_id = card.id
    ) AS slidings,
    card.code,
    card.created_at,
    (
        SELECT json_build_array(
            state.tier_id, state.since, state.safe_through, state.grace_through, state.fell_on, state.secured_id,
            state.tracking_number, state.tracking_points, state.tracking_points_before,
            (
                SELECT json_build_array(
                    pending.id, pending.type, pending.status, pending.tier_from, pending.tier_to, pending.points,
                    pending.start_at, pending.expires_at,
                    CASE WHEN pending.origin IS NOT NULL THEN
                        json_build_array(pending.origin -> 'type', pending.origin -> 'card_transaction_ids') END,
                    pending.created_at
                )
                FROM tier_transactions AS pending
                WHERE pending.member_id = state.member_id AND pending.card_id = state.card_id
                    AND pending.status = 'PENDING'
            ),
            state.booked_count
        )
        FROM tier_states AS state
        WHERE state.member_id = card.member_id AND state.card_id = card.id
    ) AS tier_state,
    card.total, card.earned, card.added, card.purchased, card.purchased_reversed, card.subtracted, card.expired,
    card.spent, card.refunded, card.returned, card.locked, card.unlocked,
    card.pending_total, card.pending_activated, card.pending_canceled
FROM cards AS card
WHERE card.deleted_at IS NULL;

-- name: save
-- One statement, all tables, in the order of its parameters.
WITH saved_transactions AS (
    INSERT INTO card_transactions (
        member_id, card_id, id, card_definition_id, type, status, details, group_id, source, created_at, occurred_at
    )
    SELECT member_id, card_id, id, card_definition_id, type, status, details::json, group_id, source::json,
        created_at::timestamptz, occurred_at::timestamptz
    FROM unnest(
        string_to_array($3, E'\x1f'), string_to_array($4, E'\x1f'), string_to_array($5, E'\x1f'),
        string_to_array($6, E'\x1f'), string_to_array($7, E'\x1f'), string_to_array($8, E'\x1f'),
        string_to_array($9, E'\x1f'), string_to_array($10, E'\x1f'), string_to_array($11, E'\x1f'),
        string_to_array($12, E'\x1f'), string_to_array($13, E'\x1f')
    ) AS new (
        member_id, card_id, id, card_definition_id, type, status, details, group_id, source, created_at, occurred_at
    )
), saved_postings AS (
    INSERT INTO postings (member_id, card_id, transaction_id, place, kind, points, changes, posted_at)
    SELECT member_id, card_id, transaction_id, place::smallint, kind, points::bigint, changes::jsonb, posted_at::timestamptz
    FROM unnest(
        string_to_array($14, E'\x1f'), string_to_array($15, E'\x1f'), string_to_array($16, E'\x1f'),
        string_to_array($17, E'\x1f'), string_to_array($18, E'\x1f'), string_to_array($19, E'\x1f'),
        string_to_array($20, E'\x1f'), string_to_array($21, E'\x1f')
    ) AS new (member_id, card_id, transaction_id, place, kind, points, changes, posted_at)
), saved_buckets AS (
    INSERT INTO points_buckets AS present (
        member_id, card_id, id, project_id, expiration_type, expiration_key, expires_on, month, points, status,
        created_at, updated_at
    )
    SELECT member_id, card_id, id, $1, expiration_type, expiration_key, nullif(expires_on, '')::date, month::date,
        points::bigint, status, created_at::timestamptz, nullif(updated_at, '')::timestamptz
    FROM unnest(
        string_to_array($22, E'\x1f'), string_to_array($23, E'\x1f'), string_to_array($24, E'\x1f'),
        string_to_array($25, E'\x1f'), string_to_array($26, E'\x1f'), string_to_array($27, E'\x1f'),
        string_to_array($28, E'\x1f'), string_to_array($29, E'\x1f'), string_to_array($30, E'\x1f'),
        string_to_array($31, E'\x1f'), string_to_array($32, E'\x1f')
    ) AS new (
        member_id, card_id, id, expiration_type, expiration_key, expires_on, month, points, status, created_at, updated_at
    )
    ON CONFLICT (member_id, card_id, id) DO UPDATE
    SET expires_on = excluded.expires_on, points = excluded.points, status = excluded.status,
        updated_at = excluded.updated_at
), saved_pending AS (
    INSERT INTO pending_buckets AS present (
        member_id, card_id, id, project_id, type, date, expiration, points, status, created_at, updated_at
    )
    SELECT member_id, card_id, id, $1, type, date::date, expiration::jsonb, points::bigint, status,
        created_at::timestamptz, nullif(updated_at, '')::timestamptz
    FROM unnest(
        string_to_array($33, E'\x1f'), string_to_array($34, E'\x1f'), string_to_array($35, E'\x1f'),
        string_to_array($36, E'\x1f'), string_to_array($37, E'\x1f'), string_to_array($38, E'\x1f'),
        string_to_array($39, E'\x1f'), string_to_array($40, E'\x1f'), string_to_array($41, E'\x1f'),
        string_to_array($42, E'\x1f')
    ) AS new (member_id, card_id, id, type, date, expiration, points, status, created_at, updated_at)
    ON CONFLICT (member_id, card_id, id) DO UPDATE
    SET points = excluded.points, status = excluded.status, updated_at = excluded.updated_at
), saved_slidings AS (
    INSERT INTO sliding_expirations AS present (
        member_id, card_id, key, project_id, expiration, last_activity_on, expires_on, check_on
    )
    SELECT member_id, card_id, key, $1, expiration::jsonb, last_activity_on::date, expires_on::date, expires_on::date
    FROM unnest(
        string_to_array($43, E'\x1f'), string_to_array($44, E'\x1f'), string_to_array($45, E'\x1f'),
        string_to_array($46, E'\x1f'), string_to_array($47, E'\x1f'), string_to_array($48, E'\x1f')
    ) AS new (member_id, card_id, key, expiration, last_activity_on, expires_on)
    ON CONFLICT (member_id, card_id, key) DO UPDATE
    SET last_activity_on = excluded.last_activity_on, expires_on = excluded.expires_on
), saved_cards AS (
    UPDATE cards AS card
    SET (total, earned, added, purchased, purchased_reversed, subtracted, expired, spent, refunded, returned, locked,
         unlocked, pending_total, pending_activated, pending_canceled)
        = (counter[1], counter[2], counter[3], counter[4], counter[5], counter[6], counter[7], counter[8], counter[9],
           counter[10], counter[11], counter[12], counter[13], counter[14], counter[15]),
        latest_at = new.latest_at, updated_at = new.latest_at,
        next_expiration_on = new.next_expiration_on, next_expiration_points = new.next_expiration_points,
        next_activation_on = new.next_activation_on, next_activation_points = new.next_activation_points,
        next_activation_type = new.next_activation_type
    FROM (
        SELECT member_id, card_id, string_to_array(counters, ',')::bigint[] AS counter, latest_at::timestamptz AS latest_at,
            nullif(expiration_on, '')::date AS next_expiration_on,
            nullif(expiration_points, '')::bigint AS next_expiration_points,
            nullif(activation_on, '')::date AS next_activation_on,
            nullif(activation_points, '')::bigint AS next_activation_points,
            nullif(activation_type, '') AS next_activation_type
        FROM unnest(
            string_to_array($49, E'\x1f'), string_to_array($50, E'\x1f'), string_to_array($51, E'\x1f'),
            string_to_array($52, E'\x1f'), string_to_array($53, E'\x1f'), string_to_array($54, E'\x1f'),
            string_to_array($55, E'\x1f'), string_to_array($56, E'\x1f'), string_to_array($57, E'\x1f')
        ) AS new (
            member_id, card_id, counters, latest_at, expiration_on, expiration_points, activation_on,
            activation_points, activation_type
        )
    ) AS new
    WHERE card.member_id = new.member_id AND card.id = new.card_id
)
INSERT INTO outbox (member_id, id, project_id, created_at)
SELECT member_id, id, $1, $2
FROM unnest(string_to_array($58, E'\x1f'), string_to_array($59, E'\x1f')) AS new (member_id, id);

-- name: save_ended
-- Transactions that were PENDING and are decided.
UPDATE card_transactions AS transaction
SET status = ended.status, details = ended.details::json, updated_at = ended.updated_at::timestamptz
FROM unnest(
    string_to_array($1, E'\x1f'), string_to_array($2, E'\x1f'), string_to_array($3, E'\x1f'),
    string_to_array($4, E'\x1f'), string_to_array($5, E'\x1f'), string_to_array($6, E'\x1f'),
    string_to_array($7, E'\x1f')
) AS ended (member_id, card_id, id, status, details, created_at, updated_at)
WHERE transaction.member_id = ended.member_id AND transaction.card_id = ended.card_id
    AND transaction.created_at = ended.created_at::timestamptz AND transaction.id = ended.id;

-- name: locked_points
SELECT
    transaction.id, transaction.card_id, transaction.card_definition_id, transaction.type, transaction.status,
    transaction.details, transaction.created_at, transaction.occurred_at, transaction.updated_at, posting.changes
FROM unnest($1::text[], $2::text[], $3::text[]) AS asked (member_id, card_id, id)
JOIN postings AS posting
    ON posting.member_id = asked.member_id AND posting.card_id = asked.card_id AND posting.transaction_id = asked.id
    AND posting.place = 0
JOIN card_transactions AS transaction
    ON transaction.member_id = asked.member_id AND transaction.card_id = asked.card_id
    AND transaction.created_at = posting.posted_at AND transaction.id = asked.id;

-- name: is_saved
SELECT true FROM outbox WHERE member_id = $1 AND id = $2;

-- name: transactions
SELECT id, card_id, card_definition_id, type, status, details, created_at, occurred_at, updated_at
FROM card_transactions
WHERE member_id = $1 AND card_id = $2;

-- name: points_buckets
-- What expires: buckets that hold points and have a date. A sliding bucket's date is that of its configuration.
SELECT
    id, expiration_type, expiration_key, expires_on, month, points, status, created_at, updated_at, expiration_date
FROM (
    SELECT bucket.*, coalesce(bucket.expires_on, sliding.expires_on) AS expiration_date
    FROM points_buckets AS bucket
    LEFT JOIN sliding_expirations AS sliding
        ON sliding.member_id = bucket.member_id AND sliding.card_id = bucket.card_id AND sliding.key = bucket.expiration_key
    WHERE bucket.member_id = $1 AND bucket.card_id = $2 AND bucket.status = 'ACTIVE' AND bucket.points > 0
) AS dated
WHERE expiration_date IS NOT NULL;

-- name: pending_buckets
SELECT id, type, date, expiration, points, status, created_at, updated_at
FROM pending_buckets
WHERE member_id = $1 AND card_id = $2 AND status = 'PENDING';

-- name: due
-- Members of a project for whom a day brings something: points that have had their last day of use, pending points to
-- activate or, their last day over, to cancel, sliding dates to look at again, tiers. The oldest first, some rows at a
-- time.
SELECT member_id FROM (
    (SELECT member_id FROM points_buckets
     WHERE project_id = $1 AND status = 'ACTIVE' AND expires_on < $2::date
     ORDER BY expires_on, member_id LIMIT $3::int)
    UNION
    (SELECT member_id FROM pending_buckets
     WHERE project_id = $1 AND status = 'PENDING' AND date < $2::date + 1 AND (type <> 'EVENT_BASED' OR date < $2::date)
     ORDER BY date, member_id LIMIT $3::int)
    UNION
    (SELECT member_id FROM sliding_expirations
     WHERE project_id = $1 AND check_on < $2::date
     ORDER BY check_on, member_id LIMIT $3::int)
    UNION
    (SELECT member_id FROM tier_states
     WHERE project_id = $1 AND due_on <= $2::date
     ORDER BY due_on, member_id LIMIT $3::int)
) AS due
ORDER BY member_id;

-- name: next_due
-- The first day on which `due` finds anybody.
SELECT least(
    (SELECT min(expires_on) + 1 FROM points_buckets
     WHERE project_id = $1 AND status = 'ACTIVE' AND expires_on IS NOT NULL),
    -- The date of an EVENT_BASED bucket is its last, of any other the one that activates it.
    (SELECT CASE WHEN EXISTS (
         SELECT FROM pending_buckets
         WHERE project_id = $1 AND status = 'PENDING' AND date = first.date AND type <> 'EVENT_BASED'
     ) THEN first.date ELSE first.date + 1 END
     FROM (SELECT min(date) AS date FROM pending_buckets WHERE project_id = $1 AND status = 'PENDING') AS first),
    (SELECT min(check_on) + 1 FROM sliding_expirations WHERE project_id = $1),
    (SELECT min(due_on) FROM tier_states WHERE project_id = $1 AND due_on IS NOT NULL)
);

-- name: look_again
-- Sliding dates of settled members: those that are over are done with, the others are looked at when they are due. A tier
-- that is due still is of a structure that is in force no longer.
WITH over AS (
    DELETE FROM sliding_expirations
    WHERE member_id = ANY ($1::text[]) AND expires_on < $2::date
), no_longer AS (
    UPDATE tier_states SET due_on = NULL
    WHERE member_id = ANY ($1::text[]) AND due_on <= $2::date
)
UPDATE sliding_expirations SET check_on = expires_on
WHERE member_id = ANY ($1::text[]) AND check_on < $2::date AND expires_on >= $2::date;

-- name: sum_in_period
-- What was earned or spent by when it occurred: a period's limit (domain 7).
SELECT member_id, card_id, coalesce(sum((details #>> '{points,total}')::bigint), 0)::bigint AS points
FROM card_transactions
WHERE member_id = ANY ($1::text[]) AND type = ANY ($2::text[]) AND status <> 'REJECTED'
    AND created_at >= $3 AND occurred_at >= $3 AND occurred_at < $4
GROUP BY member_id, card_id;
