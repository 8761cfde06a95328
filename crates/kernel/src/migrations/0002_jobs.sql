CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    payload TEXT NOT NULL,
    result TEXT,
    owner TEXT,
    progress_done BIGINT,
    progress_total BIGINT,
    progress_zh TEXT,
    progress_en TEXT,
    attempts BIGINT NOT NULL,
    run_after BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    finished_at BIGINT,
    holder TEXT,
    held_until BIGINT,
    fence BIGINT NOT NULL,
    error_code TEXT,
    error_detail TEXT
);
CREATE INDEX jobs_due ON jobs (state, run_after);
CREATE INDEX jobs_created ON jobs (created_at);

CREATE TABLE job_schedules (
    kind TEXT PRIMARY KEY,
    next_at BIGINT NOT NULL
);
