-- Composite indices: definitions with every choice, a matrix of one's own where the records are
-- not used, and results that were kept. JSON is TEXT.
CREATE TABLE plan_indices (
    id TEXT PRIMARY KEY,
    plan_id TEXT NOT NULL REFERENCES plan_editions (id),
    name TEXT NOT NULL,
    scope TEXT NOT NULL CHECK (scope IN ('unit', 'programme', 'upload')),
    choices TEXT NOT NULL,
    matrix TEXT,
    seed BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    removed_at BIGINT,
    CHECK ((scope = 'upload') = (matrix IS NOT NULL))
);
CREATE INDEX plan_indices_plan ON plan_indices (plan_id, id);

CREATE TABLE plan_index_results (
    id TEXT PRIMARY KEY,
    index_id TEXT NOT NULL REFERENCES plan_indices (id),
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    body TEXT NOT NULL,
    kept_at BIGINT NOT NULL,
    kept_by TEXT
);
CREATE INDEX plan_index_results_index ON plan_index_results (index_id, id);
