-- Values may come from accepted reports. Neither database can widen a CHECK in place.
CREATE TABLE plan_values_next (
    id TEXT PRIMARY KEY,
    indicator_id TEXT NOT NULL REFERENCES plan_indicators (id),
    at TEXT NOT NULL,
    period TEXT NOT NULL CHECK (period IN ('annual', 'ytd', 'point')),
    value DOUBLE PRECISION NOT NULL,
    note TEXT NOT NULL,
    source TEXT NOT NULL CHECK (source IN ('plan', 'manual', 'excel', 'metric', 'report')),
    revision BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    recorded_by TEXT,
    superseded_at BIGINT,
    fact_id TEXT NOT NULL,
    UNIQUE (indicator_id, at, period, revision)
);
INSERT INTO plan_values_next (id, indicator_id, at, period, value, note, source, revision,
    recorded_at, recorded_by, superseded_at, fact_id)
    SELECT id, indicator_id, at, period, value, note, source, revision,
    recorded_at, recorded_by, superseded_at, fact_id FROM plan_values;
DROP TABLE plan_values;
ALTER TABLE plan_values_next RENAME TO plan_values;
CREATE INDEX plan_values_order ON plan_values (indicator_id, at, revision, period);
