-- Papers that leave the house (简报、报告、图表), the office's templates for them, and when they
-- are made by themselves. A paper's file is kept with the record (`files`, kind Paper).
CREATE TABLE plan_papers (
    id TEXT PRIMARY KEY,
    plan_id TEXT NOT NULL REFERENCES plan_editions (id),
    kind TEXT NOT NULL CHECK (kind IN ('bulletin', 'participation', 'figures')),
    lang TEXT NOT NULL CHECK (lang IN ('zh', 'en')),
    cadence TEXT NOT NULL CHECK (cadence IN ('month', 'quarter', 'year')),
    period_from TEXT NOT NULL,
    period_to TEXT NOT NULL,
    -- Issues count from 1 for each edition, kind and language; made again, a period keeps its
    -- issue and counts drafts.
    issue BIGINT NOT NULL,
    draft BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('making', 'ready', 'failed')),
    -- Set where a schedule asked for it: each period once.
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
    UNIQUE (plan_id, kind, lang, period_from, period_to, draft)
);

-- The office's own template of a kind of paper in a language; without one the default serves.
CREATE TABLE plan_paper_templates (
    kind TEXT NOT NULL,
    lang TEXT NOT NULL,
    file_id TEXT NOT NULL,
    set_at BIGINT NOT NULL,
    set_by TEXT,
    PRIMARY KEY (kind, lang)
);

CREATE TABLE plan_paper_schedules (
    id TEXT PRIMARY KEY,
    plan_id TEXT NOT NULL REFERENCES plan_editions (id),
    kind TEXT NOT NULL CHECK (kind IN ('bulletin', 'participation', 'figures')),
    lang TEXT NOT NULL CHECK (lang IN ('zh', 'en')),
    cadence TEXT NOT NULL CHECK (cadence IN ('month', 'quarter', 'year')),
    -- Days after the period's deadline.
    days_after BIGINT NOT NULL,
    issuer TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT,
    UNIQUE (plan_id, kind, lang, cadence)
);
