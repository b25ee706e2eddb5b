-- The work that each midnight of a project brings (domain 16), and moves of a sandbox's clock, which pass midnights.

CREATE TABLE daily_work (
    project_id text COLLATE "C" PRIMARY KEY REFERENCES projects,
    -- The first midnight of the project whose work is not done.
    night_at timestamptz(3) NOT NULL,
    -- From when, by the wall clock, a worker looks at it; null while the project's clock stands.
    try_at timestamptz(3),
    -- Since the last step.
    failures int NOT NULL DEFAULT 0,
    -- Where the project's clock is on its way to.
    moving_to timestamptz(3),
    async_action_id text COLLATE "C" REFERENCES async_actions,
    CONSTRAINT daily_work_moves_are_looked_at CHECK (moving_to IS NULL OR try_at IS NOT NULL),
    CONSTRAINT daily_work_actions_are_moves CHECK (async_action_id IS NULL OR moving_to IS NOT NULL)
) WITH (fillfactor = 70);
CREATE INDEX daily_work_to_try ON daily_work (try_at, project_id) WHERE try_at IS NOT NULL;

-- Projects that are here already have had no midnight yet.
INSERT INTO daily_work (project_id, night_at, try_at) SELECT id, created_at, created_at FROM projects;
