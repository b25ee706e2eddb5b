-- A segment that tiers ask for was entered or left: a trigger that earns nothing, and has the tier evaluated (domain 10).

ALTER TABLE triggers
    DROP CONSTRAINT triggers_kind_check,
    ADD CONSTRAINT triggers_kind_check CHECK (kind IN (
        'customer.order.paid', 'customer.order.changed', 'customer.custom_event', 'customer.segment.entered',
        'customer.segment.crossed'
    ));
