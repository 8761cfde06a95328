-- Expiring links to one page. The token itself is in the link and nowhere here.
CREATE TABLE plan_shares (
    id TEXT PRIMARY KEY,
    plan_id TEXT NOT NULL REFERENCES plan_editions (id),
    page TEXT NOT NULL CHECK (page IN ('wall', 'indicator')),
    indicator_id TEXT REFERENCES plan_indicators (id),
    title TEXT NOT NULL,
    token_hash BYTEA NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    created_by TEXT,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    CHECK ((page = 'indicator') = (indicator_id IS NOT NULL))
);
CREATE INDEX plan_shares_plan ON plan_shares (plan_id, id);
