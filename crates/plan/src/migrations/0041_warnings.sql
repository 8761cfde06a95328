-- Early warning: rules as data, warnings with what became of them, and who was told.
CREATE TABLE plan_warning_rules (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('late_report', 'off_path', 'stale', 'delayed', 'target_at_risk', 'contradiction')),
    name TEXT NOT NULL,
    enabled BIGINT NOT NULL CHECK (enabled IN (0, 1)),
    threshold DOUBLE PRECISION NOT NULL,
    severity TEXT NOT NULL CHECK (severity IN ('high', 'medium', 'low')),
    tell_office BIGINT NOT NULL CHECK (tell_office IN (0, 1)),
    tell_leads BIGINT NOT NULL CHECK (tell_leads IN (0, 1)),
    tell_reporters BIGINT NOT NULL CHECK (tell_reporters IN (0, 1)),
    version BIGINT NOT NULL,
    removed_at BIGINT
);

-- The rules a node begins with.
INSERT INTO plan_warning_rules (id, kind, name, enabled, threshold, severity, tell_office, tell_leads, tell_reporters, version) VALUES
    ('rule_00000000000000000000000001', 'late_report', '', 1, 0, 'medium', 1, 1, 1, 1),
    ('rule_00000000000000000000000002', 'off_path', '', 1, 5, 'medium', 1, 1, 1, 1),
    ('rule_00000000000000000000000003', 'stale', '', 1, 122, 'medium', 1, 1, 1, 1),
    ('rule_00000000000000000000000004', 'delayed', '', 1, 30, 'medium', 1, 1, 0, 1),
    ('rule_00000000000000000000000005', 'target_at_risk', '', 1, 50, 'high', 1, 1, 0, 1),
    ('rule_00000000000000000000000006', 'contradiction', '', 1, 1, 'high', 1, 1, 1, 1);

-- One row for each thing a rule finds, however often it comes back. `subject` says what it is
-- about within the rule, `evidence` what it was found by the last time.
CREATE TABLE plan_warnings (
    id TEXT PRIMARY KEY,
    plan_id TEXT NOT NULL REFERENCES plan_editions (id),
    rule_id TEXT NOT NULL REFERENCES plan_warning_rules (id),
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    resource TEXT NOT NULL CHECK (resource IN ('Indicator', 'Measure')),
    resource_id TEXT NOT NULL,
    severity TEXT NOT NULL,
    title_zh TEXT NOT NULL,
    title_en TEXT NOT NULL,
    detail_zh TEXT NOT NULL,
    detail_en TEXT NOT NULL,
    link TEXT NOT NULL,
    evidence TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'acknowledged', 'answered', 'closed')),
    times BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    -- When the rule no longer found it; NULL while it does.
    cleared_at BIGINT,
    version BIGINT NOT NULL,
    UNIQUE (rule_id, subject)
);
CREATE INDEX plan_warnings_plan ON plan_warnings (plan_id, changed_at, id);

CREATE TABLE plan_warning_units (
    warning_id TEXT NOT NULL REFERENCES plan_warnings (id),
    unit_id TEXT NOT NULL,
    PRIMARY KEY (warning_id, unit_id)
);
CREATE INDEX plan_warning_units_unit ON plan_warning_units (unit_id);

CREATE TABLE plan_warning_told (
    warning_id TEXT NOT NULL REFERENCES plan_warnings (id),
    person_id TEXT NOT NULL,
    role TEXT NOT NULL,
    told_at BIGINT NOT NULL,
    seen_at BIGINT,
    PRIMARY KEY (warning_id, person_id)
);
CREATE INDEX plan_warning_told_person ON plan_warning_told (person_id);

CREATE TABLE plan_warning_steps (
    id TEXT PRIMARY KEY,
    warning_id TEXT NOT NULL REFERENCES plan_warnings (id),
    step TEXT NOT NULL CHECK (step IN ('opened', 'acknowledged', 'answered', 'closed', 'reopened', 'cleared')),
    words TEXT NOT NULL,
    at BIGINT NOT NULL,
    by_person TEXT
);
CREATE INDEX plan_warning_steps_warning ON plan_warning_steps (warning_id, id);
