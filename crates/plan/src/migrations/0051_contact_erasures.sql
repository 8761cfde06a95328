-- Contacts that were erased, by their ids alone, so that each node that shares the database puts
-- them on its own list `erasures`, which outlives every restore.
CREATE TABLE plan_contact_erasures (
    contact_id TEXT PRIMARY KEY,
    opinion_id TEXT NOT NULL,
    erased_at BIGINT NOT NULL
);
CREATE INDEX plan_contact_erasures_opinion ON plan_contact_erasures (opinion_id);
