-- name: save
INSERT INTO custom_events (customer_id, id, project_id, schema_id, name, metadata, created_at)
SELECT new.customer_id, new.id, $1, new.schema_id, new.name, new.metadata::jsonb, $2
FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
    AS new (customer_id, id, schema_id, name, metadata);

-- name: is_saved
SELECT true FROM custom_events WHERE customer_id = $1 AND id = $2;
