-- The report of a round of participation as a paper: it has a round instead of a length of
-- period, and counts its drafts by round.
CREATE TABLE plan_papers_next (
    id TEXT PRIMARY KEY,
    plan_id TEXT NOT NULL REFERENCES plan_editions (id),
    kind TEXT NOT NULL CHECK (kind IN ('bulletin', 'participation', 'figures')),
    lang TEXT NOT NULL CHECK (lang IN ('zh', 'en')),
    cadence TEXT CHECK (cadence IN ('month', 'quarter', 'year')),
    round_id TEXT REFERENCES plan_rounds (id),
    period_from TEXT NOT NULL,
    period_to TEXT NOT NULL,
    issue BIGINT NOT NULL,
    draft BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('making', 'ready', 'failed')),
    schedule_key TEXT UNIQUE,
    issuer TEXT NOT NULL,
    content TEXT,
    file_id TEXT,
    template_sha256 TEXT,
    error_code TEXT,
    error_zh TEXT,
    error_en TEXT,
    created_at BIGINT NOT NULL,
    created_by TEXT,
    made_at BIGINT,
    CHECK ((round_id IS NOT NULL) = (kind = 'participation')),
    CHECK ((round_id IS NULL) = (cadence IS NOT NULL))
);
INSERT INTO plan_papers_next (id, plan_id, kind, lang, cadence, period_from, period_to, issue,
    draft, state, schedule_key, issuer, content, file_id, template_sha256, error_code, error_zh,
    error_en, created_at, created_by, made_at)
SELECT id, plan_id, kind, lang, cadence, period_from, period_to, issue, draft, state,
    schedule_key, issuer, content, file_id, template_sha256, error_code, error_zh, error_en,
    created_at, created_by, made_at
FROM plan_papers;
DROP TABLE plan_papers;
ALTER TABLE plan_papers_next RENAME TO plan_papers;
CREATE UNIQUE INDEX plan_papers_drafts
    ON plan_papers (plan_id, kind, lang, period_from, period_to, draft) WHERE round_id IS NULL;
CREATE UNIQUE INDEX plan_papers_round_drafts
    ON plan_papers (round_id, lang, draft) WHERE round_id IS NOT NULL;
