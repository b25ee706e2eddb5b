-- Activities of definitions, programs and customers; those of members and cards lie with the member.

-- name: save
INSERT INTO activities (project_id, subject_id, id, type, data, group_id, source, created_at)
SELECT $1, new.subject_id, new.id, new.type, new.data::json, $2, $3::json, $4
FROM unnest($5::text[], $6::text[], $7::text[], $8::text[]) AS new (subject_id, id, type, data);

-- name: is_saved
SELECT true FROM activities WHERE id = $1;

-- name: listed
SELECT id, subject_id, type, data, group_id, source, created_at
FROM activities
WHERE project_id = $1 AND subject_id = $2;
