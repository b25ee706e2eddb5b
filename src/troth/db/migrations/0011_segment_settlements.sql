-- Segments whose filters follow time are settled each midnight (domain 9): which one is next. Projects without such
-- segments have no row.

CREATE TABLE segment_settlements (
    project_id text COLLATE "C" PRIMARY KEY REFERENCES projects,
    due_at timestamptz(3) NOT NULL
) WITH (fillfactor = 70);
