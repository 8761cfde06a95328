-- The catalogue: one row an entry. What is only shown or edited stands as JSON in profile.
CREATE TABLE chain_datasets (
    id TEXT PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('draft', 'published', 'withdrawn')),
    unit_id TEXT NOT NULL,
    title TEXT NOT NULL,
    sharing TEXT NOT NULL,
    opening TEXT NOT NULL,
    sample BIGINT NOT NULL CHECK (sample IN (0, 1)),
    profile TEXT NOT NULL,
    current_number BIGINT,
    current_rows BIGINT,
    current_bytes BIGINT,
    current_at BIGINT,
    quality DOUBLE PRECISION,
    created_at BIGINT NOT NULL,
    created_by TEXT,
    updated_at BIGINT NOT NULL,
    published_at BIGINT,
    revision BIGINT NOT NULL UNIQUE,
    version BIGINT NOT NULL
);
CREATE INDEX chain_datasets_state ON chain_datasets (state, id);
CREATE INDEX chain_datasets_unit ON chain_datasets (unit_id, id);

-- One row: how many changes the catalogue has seen. Its lock puts them in order of commit.
CREATE TABLE chain_catalogue (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    revision BIGINT NOT NULL
);
INSERT INTO chain_catalogue (id, revision) VALUES (1, 0);
