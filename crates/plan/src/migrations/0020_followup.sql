-- Follow-up: reporting periods, the reports units owe in them, milestones and what waits for what.
-- Dates are TEXT (YYYY-MM-DD), times BIGINT microseconds UTC.

CREATE TABLE plan_periods (
    id TEXT PRIMARY KEY,
    plan_id TEXT NOT NULL REFERENCES plan_editions (id),
    span TEXT NOT NULL CHECK (span IN ('month', 'quarter', 'year')),
    starts TEXT NOT NULL,
    ends TEXT NOT NULL,
    due TEXT NOT NULL,
    remind_days BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('planned', 'open', 'closed')),
    note TEXT NOT NULL,
    version BIGINT NOT NULL,
    UNIQUE (plan_id, span, starts)
);

-- One row for each unit that owes a report on a measure in a period, from the day the period opens:
-- so two people who begin at once already change one versioned record.
CREATE TABLE plan_reports (
    id TEXT PRIMARY KEY,
    period_id TEXT NOT NULL REFERENCES plan_periods (id),
    plan_id TEXT NOT NULL REFERENCES plan_editions (id),
    measure_id TEXT NOT NULL REFERENCES plan_measures (id),
    unit_id TEXT NOT NULL,
    -- The group through which the unit answers, such as 各镇.
    group_id TEXT,
    stage TEXT NOT NULL CHECK (stage IN ('owed', 'draft', 'submitted', 'returned', 'accepted')),
    state TEXT CHECK (state IN ('not_started', 'under_way', 'delayed', 'done')),
    body TEXT NOT NULL,
    comment TEXT NOT NULL,
    delegate_unit TEXT,
    delegate_person TEXT,
    submitted_at BIGINT,
    submitted_by TEXT,
    endorsed_at BIGINT,
    endorsed_by TEXT,
    reviewed_at BIGINT,
    reviewed_by TEXT,
    reminded_at BIGINT,
    reminders BIGINT NOT NULL,
    version BIGINT NOT NULL,
    UNIQUE (period_id, measure_id, unit_id)
);
CREATE INDEX plan_reports_measure ON plan_reports (measure_id, period_id);
CREATE INDEX plan_reports_unit ON plan_reports (unit_id, period_id);

-- A report's figures; `subject` is an indicator's or a goal's id. `value_id` names the recorded
-- value that an accepted figure became.
CREATE TABLE plan_report_figures (
    report_id TEXT NOT NULL REFERENCES plan_reports (id),
    subject TEXT NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    confirmed BIGINT NOT NULL CHECK (confirmed IN (0, 1)),
    value_id TEXT,
    PRIMARY KEY (report_id, subject)
);
CREATE INDEX plan_report_figures_subject ON plan_report_figures (subject);

-- `parent_id` makes a sub-task of a milestone.
CREATE TABLE plan_milestones (
    id TEXT PRIMARY KEY,
    plan_id TEXT NOT NULL REFERENCES plan_editions (id),
    measure_id TEXT NOT NULL REFERENCES plan_measures (id),
    parent_id TEXT REFERENCES plan_milestones (id),
    title TEXT NOT NULL,
    starts TEXT,
    due TEXT NOT NULL,
    done_at TEXT,
    unit_id TEXT,
    note TEXT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX plan_milestones_measure ON plan_milestones (measure_id, due, id);
CREATE INDEX plan_milestones_plan ON plan_milestones (plan_id, due, id);

CREATE TABLE plan_dependencies (
    measure_id TEXT NOT NULL REFERENCES plan_measures (id),
    needs_id TEXT NOT NULL REFERENCES plan_measures (id),
    plan_id TEXT NOT NULL REFERENCES plan_editions (id),
    PRIMARY KEY (measure_id, needs_id)
);
CREATE INDEX plan_dependencies_plan ON plan_dependencies (plan_id);
