-- Editions of the action plan and what is recorded against them. Portable: TEXT, BIGINT,
-- DOUBLE PRECISION only. Dates are TEXT (YYYY-MM-DD), times BIGINT microseconds UTC.

CREATE TABLE plan_editions (
    id TEXT PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    title_en TEXT NOT NULL,
    edition TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('draft', 'in_force', 'closed')),
    period_from TEXT NOT NULL,
    period_to TEXT NOT NULL,
    summary_zh TEXT NOT NULL,
    summary_en TEXT NOT NULL,
    pattern TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE plan_layers (
    id TEXT PRIMARY KEY,
    plan_id TEXT NOT NULL REFERENCES plan_editions (id),
    code TEXT NOT NULL,
    title TEXT NOT NULL,
    title_en TEXT NOT NULL,
    summary_zh TEXT NOT NULL,
    summary_en TEXT NOT NULL,
    position BIGINT NOT NULL,
    UNIQUE (plan_id, code)
);

CREATE TABLE plan_programmes (
    id TEXT PRIMARY KEY,
    plan_id TEXT NOT NULL REFERENCES plan_editions (id),
    number BIGINT NOT NULL,
    title TEXT NOT NULL,
    title_en TEXT NOT NULL,
    layer_id TEXT NOT NULL,
    focus_zh TEXT NOT NULL,
    focus_en TEXT NOT NULL,
    objective_zh TEXT NOT NULL,
    objective_en TEXT NOT NULL,
    position BIGINT NOT NULL,
    UNIQUE (plan_id, number)
);

-- A measure or indicator that a correction drops keeps its row (dropped_at), and with it its id,
-- files and recorded values; a later correction that brings the number back revives it.
CREATE TABLE plan_measures (
    id TEXT PRIMARY KEY,
    plan_id TEXT NOT NULL REFERENCES plan_editions (id),
    number BIGINT NOT NULL,
    title TEXT NOT NULL,
    title_en TEXT NOT NULL,
    programme_id TEXT NOT NULL,
    summary_zh TEXT NOT NULL,
    summary_en TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('not_started', 'under_way', 'delayed', 'done')),
    state_note TEXT NOT NULL,
    state_at BIGINT,
    dropped_at BIGINT,
    version BIGINT NOT NULL,
    UNIQUE (plan_id, number)
);

CREATE TABLE plan_measure_units (
    measure_id TEXT NOT NULL REFERENCES plan_measures (id),
    unit_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (measure_id, unit_id)
);
CREATE INDEX plan_measure_units_unit ON plan_measure_units (unit_id);

CREATE TABLE plan_indicators (
    id TEXT PRIMARY KEY,
    plan_id TEXT NOT NULL REFERENCES plan_editions (id),
    number BIGINT NOT NULL,
    name TEXT NOT NULL,
    name_en TEXT NOT NULL,
    unit TEXT NOT NULL,
    nature TEXT NOT NULL CHECK (nature IN ('flow', 'stock', 'level')),
    direction TEXT NOT NULL CHECK (direction IN ('up', 'down')),
    decimals BIGINT NOT NULL,
    baseline_year BIGINT NOT NULL,
    baseline_value DOUBLE PRECISION NOT NULL,
    metric TEXT,
    -- Counts recorded values; taking the next one is what makes two writers wait for each other.
    value_count BIGINT NOT NULL,
    dropped_at BIGINT,
    version BIGINT NOT NULL,
    UNIQUE (plan_id, number)
);
CREATE INDEX plan_indicators_metric ON plan_indicators (metric);

CREATE TABLE plan_indicator_units (
    indicator_id TEXT NOT NULL REFERENCES plan_indicators (id),
    unit_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (indicator_id, unit_id)
);
CREATE INDEX plan_indicator_units_unit ON plan_indicator_units (unit_id);

CREATE TABLE plan_targets (
    indicator_id TEXT NOT NULL REFERENCES plan_indicators (id),
    year BIGINT NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (indicator_id, year)
);

CREATE TABLE plan_goals (
    id TEXT PRIMARY KEY,
    plan_id TEXT NOT NULL REFERENCES plan_editions (id),
    goal_key TEXT NOT NULL,
    position BIGINT NOT NULL,
    programme_number BIGINT,
    measure_number BIGINT,
    indicator_number BIGINT,
    name TEXT NOT NULL,
    name_en TEXT NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    unit TEXT NOT NULL,
    due TEXT NOT NULL,
    comparison TEXT NOT NULL,
    kind TEXT NOT NULL,
    UNIQUE (plan_id, goal_key)
);

-- Every revision of every value. For one indicator, date and period the revisions count from 1;
-- the last is in force (superseded_at IS NULL).
CREATE TABLE plan_values (
    id TEXT PRIMARY KEY,
    indicator_id TEXT NOT NULL REFERENCES plan_indicators (id),
    at TEXT NOT NULL,
    period TEXT NOT NULL CHECK (period IN ('annual', 'ytd', 'point')),
    value DOUBLE PRECISION NOT NULL,
    note TEXT NOT NULL,
    source TEXT NOT NULL CHECK (source IN ('plan', 'manual', 'excel', 'metric')),
    revision BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    recorded_by TEXT,
    superseded_at BIGINT,
    fact_id TEXT NOT NULL,
    UNIQUE (indicator_id, at, period, revision)
);
CREATE INDEX plan_values_order ON plan_values (indicator_id, at, revision, period);
