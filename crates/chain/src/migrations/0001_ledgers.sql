CREATE TABLE ledgers (
    origin TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    generation BIGINT NOT NULL,
    verifiers TEXT NOT NULL,
    sequenced BIGINT NOT NULL,
    tree_size BIGINT NOT NULL,
    tree_root BYTEA NOT NULL,
    integrated_at BIGINT,
    checkpoint TEXT,
    checkpoint_size BIGINT NOT NULL,
    UNIQUE (name, generation)
);

CREATE TABLE ledger_leaves (
    origin TEXT NOT NULL,
    idx BIGINT NOT NULL,
    fact_id TEXT,
    leaf BYTEA NOT NULL,
    PRIMARY KEY (origin, idx)
);
CREATE INDEX ledger_leaves_fact ON ledger_leaves (fact_id);

CREATE TABLE ledger_witnessed (
    origin TEXT PRIMARY KEY,
    size BIGINT NOT NULL,
    root BYTEA NOT NULL
);
