CREATE TABLE facts (
    id TEXT PRIMARY KEY,
    seq BIGINT,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    actor TEXT,
    actor_salt BYTEA,
    at BIGINT NOT NULL,
    body TEXT,
    body_salt BYTEA,
    erased_at BIGINT,
    leaf BYTEA
);
CREATE UNIQUE INDEX facts_seq ON facts (seq);
CREATE INDEX facts_unsequenced ON facts (at, id) WHERE seq IS NULL;
CREATE INDEX facts_subject ON facts (subject, seq);
CREATE INDEX facts_actor ON facts (actor, seq);
CREATE INDEX facts_kind ON facts (kind, seq);

CREATE TABLE journal_head (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    seq BIGINT NOT NULL,
    last_at BIGINT NOT NULL
);
INSERT INTO journal_head (id, seq, last_at) VALUES (1, 0, 0);

CREATE TABLE journal_cursors (
    name TEXT PRIMARY KEY,
    seq BIGINT NOT NULL
);

CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    fence BIGINT NOT NULL,
    held_until BIGINT NOT NULL
);

CREATE TABLE idempotency (
    caller TEXT NOT NULL,
    operation TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    digest BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    status BIGINT,
    body TEXT,
    etag TEXT,
    location TEXT,
    PRIMARY KEY (caller, operation, idempotency_key)
);
CREATE INDEX idempotency_age ON idempotency (created_at);

CREATE TABLE units (
    id TEXT PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    name_en TEXT NOT NULL,
    kind TEXT NOT NULL,
    version BIGINT NOT NULL
);

CREATE TABLE unit_members (
    group_id TEXT NOT NULL REFERENCES units (id),
    member_id TEXT NOT NULL REFERENCES units (id),
    PRIMARY KEY (group_id, member_id)
);
CREATE INDEX unit_members_member ON unit_members (member_id);

CREATE TABLE node_settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
