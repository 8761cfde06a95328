CREATE TABLE people (
    id TEXT PRIMARY KEY,
    username TEXT UNIQUE,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    password_hash TEXT,
    must_change BIGINT NOT NULL CHECK (must_change IN (0, 1)),
    created_at BIGINT NOT NULL,
    last_sign_in_at BIGINT,
    version BIGINT NOT NULL
);

CREATE TABLE grants (
    person_id TEXT NOT NULL REFERENCES people (id),
    role TEXT NOT NULL,
    unit_id TEXT NOT NULL,
    PRIMARY KEY (person_id, role, unit_id)
);
CREATE INDEX grants_unit ON grants (unit_id, role);

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    token_hash BYTEA NOT NULL UNIQUE,
    person_id TEXT NOT NULL REFERENCES people (id),
    csrf TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    address TEXT,
    agent TEXT
);
CREATE INDEX sessions_person ON sessions (person_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    token_hash BYTEA NOT NULL UNIQUE,
    person_id TEXT NOT NULL REFERENCES people (id),
    name TEXT NOT NULL,
    can_write BIGINT NOT NULL CHECK (can_write IN (0, 1)),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    last_used_at BIGINT
);
CREATE INDEX tokens_person ON tokens (person_id);

CREATE TABLE oidc_links (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    person_id TEXT NOT NULL REFERENCES people (id),
    PRIMARY KEY (issuer, subject)
);

CREATE TABLE oidc_attempts (
    state_hash BYTEA PRIMARY KEY,
    provider TEXT NOT NULL,
    nonce TEXT NOT NULL,
    verifier TEXT NOT NULL,
    browser_hash BYTEA NOT NULL,
    return_to TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE erasures (
    person_id TEXT PRIMARY KEY,
    erased_at BIGINT NOT NULL
);
