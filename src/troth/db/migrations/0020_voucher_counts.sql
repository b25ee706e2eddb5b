-- How many vouchers a campaign has: the sum of its rows. Whoever adds one takes those that nobody else is at into it
-- (vouchers.sql), so that there are about as many as there are transactions at once, and none of them waits.

CREATE TABLE voucher_counts (
    campaign_id text COLLATE "C" NOT NULL REFERENCES platform_resources ON DELETE CASCADE,
    id bigint GENERATED ALWAYS AS IDENTITY,
    vouchers bigint NOT NULL,
    PRIMARY KEY (campaign_id, id)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

INSERT INTO voucher_counts (campaign_id, vouchers) SELECT campaign_id, count(*) FROM vouchers GROUP BY campaign_id;
