-- The project's clock (domain 2): where it stands; null where it follows the wall, as every live project's does.

ALTER TABLE projects ADD COLUMN clock_at timestamptz(3);
ALTER TABLE projects ADD CONSTRAINT projects_only_sandbox_clocks_stand CHECK (sandbox OR clock_at IS NULL);
