-- What a cumulative goal is counted from. Kept by the goal's key, so that a correction of the
-- edition that drops a goal and brings it back finds its entries again.
CREATE TABLE plan_goal_sources (
    plan_id TEXT NOT NULL REFERENCES plan_editions (id),
    goal_key TEXT NOT NULL,
    source TEXT NOT NULL CHECK (source IN ('indicator', 'metric', 'entries')),
    metric TEXT,
    -- Taking the next one is what makes two who add an entry wait for each other.
    turns BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (plan_id, goal_key)
);

-- Firms and batches counted towards a goal. An entry is struck with a reason, never deleted.
CREATE TABLE plan_goal_entries (
    id TEXT PRIMARY KEY,
    plan_id TEXT NOT NULL REFERENCES plan_editions (id),
    goal_key TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    code TEXT,
    at TEXT NOT NULL,
    amount DOUBLE PRECISION NOT NULL,
    note TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    recorded_by TEXT,
    fact_id TEXT NOT NULL,
    struck_at BIGINT,
    struck_by TEXT,
    struck_reason TEXT
);
CREATE INDEX plan_goal_entries_goal ON plan_goal_entries (plan_id, goal_key, id);

-- What a platform metric said, when it said something else than before.
CREATE TABLE plan_goal_readings (
    plan_id TEXT NOT NULL REFERENCES plan_editions (id),
    goal_key TEXT NOT NULL,
    at TEXT NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (plan_id, goal_key, at)
);
