CREATE TABLE files (
    id TEXT PRIMARY KEY,
    record_kind TEXT NOT NULL,
    record_id TEXT NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    object_key TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    created_by TEXT
);
CREATE INDEX files_record ON files (record_kind, record_id, id);
