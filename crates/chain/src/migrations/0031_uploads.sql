-- Files on their way into a dataset, piece by piece, and what was found in them.
CREATE TABLE chain_uploads (
    id TEXT PRIMARY KEY,
    dataset_id TEXT NOT NULL REFERENCES chain_datasets (id),
    name TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    received_bytes BIGINT NOT NULL,
    state TEXT NOT NULL,
    found TEXT,
    wanted TEXT,
    checked TEXT,
    problem TEXT,
    rejects_key TEXT,
    version_number BIGINT,
    created_at BIGINT NOT NULL,
    created_by TEXT,
    updated_at BIGINT NOT NULL
);
CREATE INDEX chain_uploads_dataset ON chain_uploads (dataset_id, id);
CREATE TABLE chain_upload_pieces (
    upload_id TEXT NOT NULL REFERENCES chain_uploads (id),
    start_byte BIGINT NOT NULL,
    size_bytes BIGINT NOT NULL,
    object_key TEXT NOT NULL UNIQUE,
    PRIMARY KEY (upload_id, start_byte)
);

-- What the catalogue knows of a version besides what the lake keeps.
CREATE TABLE chain_versions (
    dataset_id TEXT NOT NULL REFERENCES chain_datasets (id),
    number BIGINT NOT NULL,
    version_id TEXT NOT NULL,
    row_count BIGINT NOT NULL,
    rejected BIGINT NOT NULL,
    size_bytes BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    source TEXT NOT NULL,
    fields TEXT NOT NULL,
    quality TEXT,
    score DOUBLE PRECISION,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (dataset_id, number)
);
