-- Rounds of public participation on an edition. `arrivals` numbers the opinions of a round in
-- the order of commit; `regrouped` counts changes of groups made by hand. The salt keeps voters
-- apart without knowing them; it is deleted when the round is reported.
CREATE TABLE plan_rounds (
    id TEXT PRIMARY KEY,
    plan_id TEXT NOT NULL REFERENCES plan_editions (id),
    title TEXT NOT NULL,
    question TEXT NOT NULL,
    opens_on TEXT NOT NULL,
    closes_on TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('preparing', 'open', 'closed', 'reported')),
    review BIGINT NOT NULL CHECK (review IN (0, 1)),
    salt BYTEA,
    arrivals BIGINT NOT NULL,
    regrouped BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX plan_rounds_plan ON plan_rounds (plan_id, id);

-- `asked` is JSON: who was asked, and whether they answered.
CREATE TABLE plan_round_channels (
    id TEXT PRIMARY KEY,
    round_id TEXT NOT NULL REFERENCES plan_rounds (id),
    position BIGINT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    name_en TEXT NOT NULL,
    held TEXT NOT NULL,
    note TEXT NOT NULL,
    counted BIGINT NOT NULL CHECK (counted IN (0, 1)),
    on_page BIGINT NOT NULL CHECK (on_page IN (0, 1)),
    asked TEXT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX plan_round_channels_round ON plan_round_channels (round_id, position);

-- Groups of similar opinions. `named` is 1 once a person gave the title; `voices` counts the
-- opinions with their copies; a group merged into another keeps its row.
CREATE TABLE plan_topics (
    id TEXT PRIMARY KEY,
    round_id TEXT NOT NULL REFERENCES plan_rounds (id),
    title TEXT NOT NULL,
    statement TEXT NOT NULL,
    named BIGINT NOT NULL CHECK (named IN (0, 1)),
    shown_at BIGINT,
    merged_into TEXT,
    voices BIGINT NOT NULL,
    agrees BIGINT NOT NULL,
    disagrees BIGINT NOT NULL,
    passes BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX plan_topics_round ON plan_topics (round_id, voices, id);

CREATE TABLE plan_opinion_decisions (
    id TEXT PRIMARY KEY,
    round_id TEXT NOT NULL REFERENCES plan_rounds (id),
    topic_id TEXT,
    outcome TEXT NOT NULL CHECK (outcome IN ('adopted', 'partly', 'declined')),
    reason TEXT NOT NULL,
    measure_number BIGINT,
    section TEXT NOT NULL,
    wording TEXT NOT NULL,
    answer TEXT NOT NULL,
    published_at BIGINT,
    decided_at BIGINT NOT NULL,
    decided_by TEXT
);
CREATE INDEX plan_opinion_decisions_round ON plan_opinion_decisions (round_id, id);

-- `same_key` is the digest of words, clause and party: what is sent again is counted in
-- `copies`. `terms` are the segmented words, NULL until they are needed.
CREATE TABLE plan_opinions (
    id TEXT PRIMARY KEY,
    round_id TEXT NOT NULL REFERENCES plan_rounds (id),
    seq BIGINT NOT NULL,
    channel_id TEXT NOT NULL REFERENCES plan_round_channels (id),
    topic_id TEXT NOT NULL REFERENCES plan_topics (id),
    measure_number BIGINT,
    section TEXT NOT NULL,
    body TEXT NOT NULL,
    same_key BYTEA NOT NULL,
    words_hash BYTEA NOT NULL,
    terms TEXT,
    party TEXT NOT NULL,
    source TEXT NOT NULL CHECK (source IN ('typed', 'pasted', 'excel', 'web')),
    copies BIGINT NOT NULL,
    similarity DOUBLE PRECISION,
    similar_to TEXT,
    by_hand BIGINT NOT NULL CHECK (by_hand IN (0, 1)),
    decision_id TEXT REFERENCES plan_opinion_decisions (id),
    received_at BIGINT NOT NULL,
    received_by TEXT,
    erased_at BIGINT,
    UNIQUE (round_id, seq),
    UNIQUE (channel_id, same_key)
);
CREATE INDEX plan_opinions_words ON plan_opinions (round_id, words_hash);
CREATE INDEX plan_opinions_topic ON plan_opinions (topic_id, seq);
CREATE INDEX plan_opinions_decision ON plan_opinions (decision_id);

-- Personal data, apart from the words, and erasable on its own.
CREATE TABLE plan_opinion_contacts (
    id TEXT PRIMARY KEY,
    opinion_id TEXT NOT NULL REFERENCES plan_opinions (id),
    name TEXT NOT NULL,
    phone TEXT NOT NULL,
    unit TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX plan_opinion_contacts_opinion ON plan_opinion_contacts (opinion_id, id);

-- One row for every opinion sent from the public page, copies included. The token is with the
-- sender and nowhere here.
CREATE TABLE plan_submissions (
    token_hash BYTEA PRIMARY KEY,
    opinion_id TEXT NOT NULL REFERENCES plan_opinions (id),
    received_at BIGINT NOT NULL,
    files BIGINT NOT NULL
);
CREATE INDEX plan_submissions_opinion ON plan_submissions (opinion_id);

-- A vote of a device; `voter` is a salted digest of the device's random token.
CREATE TABLE plan_topic_votes (
    topic_id TEXT NOT NULL REFERENCES plan_topics (id),
    voter BYTEA NOT NULL,
    round_id TEXT NOT NULL,
    vote BIGINT NOT NULL CHECK (vote IN (-1, 0, 1)),
    cast_at BIGINT NOT NULL,
    PRIMARY KEY (topic_id, voter)
);
CREATE INDEX plan_topic_votes_round ON plan_topic_votes (round_id, voter);
