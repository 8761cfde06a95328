CREATE TABLE lake_tables (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    comment TEXT NOT NULL,
    units TEXT NOT NULL,
    owner TEXT,
    is_public BIGINT NOT NULL CHECK (is_public IN (0, 1)),
    sharing TEXT NOT NULL,
    unit_field TEXT,
    fields TEXT NOT NULL,
    current_version TEXT,
    last_number BIGINT NOT NULL
);
CREATE TABLE lake_versions (
    id TEXT PRIMARY KEY,
    table_id TEXT NOT NULL REFERENCES lake_tables (id),
    number BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    arrow_schema BYTEA NOT NULL,
    row_count BIGINT NOT NULL,
    size_bytes BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT,
    retired_at BIGINT,
    UNIQUE (table_id, number)
);
CREATE TABLE lake_files (
    object_key TEXT PRIMARY KEY,
    version_id TEXT NOT NULL REFERENCES lake_versions (id),
    place BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    row_count BIGINT NOT NULL,
    size_bytes BIGINT NOT NULL
);
CREATE INDEX lake_files_version ON lake_files (version_id, place);
CREATE TABLE lake_released (
    version_id TEXT NOT NULL REFERENCES lake_versions (id),
    form TEXT NOT NULL,
    object_key TEXT NOT NULL UNIQUE,
    sha256 TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (version_id, form)
);
