-- Erasures of somebody's rows. What was sought stands here only until it is done.
CREATE TABLE chain_erasures (
    id TEXT PRIMARY KEY,
    dataset_id TEXT NOT NULL REFERENCES chain_datasets (id),
    field TEXT NOT NULL,
    sought TEXT,
    reason TEXT NOT NULL,
    outcome TEXT,
    uploads BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT,
    finished_at BIGINT
);
CREATE INDEX chain_erasures_dataset ON chain_erasures (dataset_id, id);
