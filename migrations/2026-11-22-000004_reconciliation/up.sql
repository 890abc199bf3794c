-- What happened on a platform's guarantees on some days: for statements.
CREATE INDEX events_by_time ON events (platform, at);

-- Statements of platforms as they were imported, each compared with ours. What names a person is in sealed columns.
CREATE TABLE reconciliations (
    id TEXT NOT NULL,
    platform TEXT NOT NULL,
    -- A day in China: 2026-11-22.
    day TEXT NOT NULL,
    -- Counts the files of one day; the last one is current, and the others name the next one.
    generation BIGINT NOT NULL,
    superseded_by TEXT,
    digest TEXT NOT NULL,
    -- Differences about which nobody has said anything.
    unexplained BIGINT NOT NULL,
    imported_at BIGINT NOT NULL,
    body BYTEA NOT NULL,
    signed_at BIGINT,
    signature BYTEA,
    CONSTRAINT reconciliations_pk PRIMARY KEY (id),
    CONSTRAINT reconciliations_generation_unique UNIQUE (platform, day, generation),
    CONSTRAINT reconciliations_file_unique UNIQUE (platform, day, digest)
);
CREATE INDEX reconciliations_unsigned ON reconciliations (platform, day) WHERE signed_at IS NULL AND superseded_by IS NULL;

CREATE TABLE differences (
    reconciliation_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    kind TEXT NOT NULL,
    guarantee_id TEXT,
    remarks BIGINT NOT NULL,
    body BYTEA NOT NULL,
    CONSTRAINT differences_pk PRIMARY KEY (reconciliation_id, number)
);

CREATE TABLE remarks (
    reconciliation_id TEXT NOT NULL,
    difference BIGINT NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    body BYTEA NOT NULL,
    CONSTRAINT remarks_pk PRIMARY KEY (reconciliation_id, difference, number)
);
