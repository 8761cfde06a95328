-- Evaluations of an event's effect on an indicator. The result is kept as it was worked out, with
-- the values it rested on, so that a later revision does not change what was concluded then.
CREATE TABLE plan_effects (
    id TEXT PRIMARY KEY,
    plan_id TEXT NOT NULL REFERENCES plan_editions (id),
    indicator_id TEXT NOT NULL REFERENCES plan_indicators (id),
    at TEXT NOT NULL,
    event TEXT NOT NULL,
    note TEXT NOT NULL,
    result TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT,
    removed_at BIGINT,
    fact_id TEXT NOT NULL
);
CREATE INDEX plan_effects_plan ON plan_effects (plan_id, id);
