-- name: take
-- New vouchers, but those whose code the project has already; and their campaigns' counts.
WITH taken AS (
    INSERT INTO vouchers (project_id, code, id, campaign_id, holder_id, amount, balance, created_at)
    SELECT $1, new.code, new.id, new.campaign_id, new.holder_id, new.amount, new.amount, $7
    FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::numeric[])
        AS new (code, id, campaign_id, holder_id, amount)
    ON CONFLICT (project_id, code) DO NOTHING
    RETURNING id, campaign_id
), free AS MATERIALIZED (
    SELECT campaign_id, id FROM voucher_counts
    WHERE campaign_id IN (SELECT campaign_id FROM taken)
    FOR UPDATE SKIP LOCKED
), merged AS (
    DELETE FROM voucher_counts AS merged
    USING free
    WHERE merged.campaign_id = free.campaign_id AND merged.id = free.id
    RETURNING merged.campaign_id, merged.vouchers
), counted AS (
    INSERT INTO voucher_counts (campaign_id, vouchers)
    SELECT campaign_id, sum(vouchers)
    FROM (SELECT campaign_id, 1 AS vouchers FROM taken UNION ALL SELECT campaign_id, vouchers FROM merged) AS added
    GROUP BY campaign_id
)
SELECT id FROM taken;

-- name: campaigns
SELECT id, kind, name, configuration, created_at, updated_at
FROM platform_resources
WHERE id = ANY ($2::text[]) AND project_id = $1 AND kind = 'campaign'
FOR KEY SHARE;

-- name: lock
SELECT id, code, campaign_id, holder_id, amount, balance, redeemed_count, created_at, updated_at
FROM vouchers
WHERE id = $2 AND project_id = $1
FOR NO KEY UPDATE;

-- name: delete
-- Its count is a row of its own, until the next that is added takes it in.
WITH deleted AS (
    DELETE FROM vouchers WHERE id = $2 AND project_id = $1
    RETURNING campaign_id
)
INSERT INTO voucher_counts (campaign_id, vouchers) SELECT campaign_id, -1 FROM deleted;

-- name: save_balance
UPDATE vouchers SET balance = $3, updated_at = $4 WHERE id = $2 AND project_id = $1;

-- name: one
SELECT
    voucher.id, voucher.code, voucher.campaign_id, voucher.holder_id, voucher.amount, voucher.balance,
    voucher.redeemed_count, voucher.created_at, voucher.updated_at, campaign.name, campaign.configuration,
    campaign.created_at AS campaign_created_at
FROM vouchers AS voucher
JOIN platform_resources AS campaign ON campaign.id = voucher.campaign_id
WHERE voucher.project_id = $1 AND voucher.code = $2;

-- name: listed
SELECT
    voucher.id, voucher.code, voucher.campaign_id, voucher.holder_id, voucher.amount, voucher.balance,
    voucher.redeemed_count, voucher.created_at, voucher.updated_at, campaign.name, campaign.configuration,
    campaign.created_at AS campaign_created_at,
    campaign.name AS campaign,
    campaign.configuration ->> 'category' AS category,
    campaign.configuration #>> '{voucher,type}' AS voucher_type
FROM vouchers AS voucher
JOIN platform_resources AS campaign ON campaign.id = voucher.campaign_id
WHERE voucher.project_id = $1;
