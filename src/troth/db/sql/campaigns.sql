-- name: vouchers_count
SELECT coalesce(sum(vouchers), 0)::bigint FROM voucher_counts WHERE campaign_id = $1;

-- name: lock
-- Every row of a count refers to its campaign, so nobody can add one until the campaign is gone.
SELECT FROM platform_resources WHERE id = $1 FOR UPDATE;

-- name: listed
-- Under the names that the list of campaigns filters by.
SELECT
    id, kind, name, configuration, created_at, updated_at,
    (SELECT coalesce(sum(vouchers), 0)::bigint FROM voucher_counts WHERE campaign_id = campaign.id) AS vouchers_count,
    name AS campaigns,
    id AS campaigns_id,
    configuration ->> 'campaign_type' AS campaign_type,
    configuration ->> 'type' AS type,
    configuration #>> '{voucher,type}' AS voucher_type,
    'DONE' AS campaign_status,
    'false' AS is_referral_code,
    created_at AS created_date,
    (configuration ->> 'start_date')::timestamptz AS start_date,
    (configuration ->> 'expiration_date')::timestamptz AS expiration_date
FROM platform_resources AS campaign
WHERE project_id = $1 AND kind = 'campaign';
