-- How many tier transactions a card has had: they are numbered, so that those of one instant stay in their order.

ALTER TABLE tier_states ADD COLUMN booked_count int NOT NULL DEFAULT 0;
