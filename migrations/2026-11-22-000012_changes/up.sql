-- What stands above the settings files: versions of platform secrets, underwriting rules and letter templates. None is ever
-- altered or taken away; the last one of a subject counts.

CREATE TABLE changes (
    -- Counts adoptions: replicas look whether there is a higher one.
    generation BIGINT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    -- Counts the versions of the subject, from 1.
    version BIGINT NOT NULL,
    body BYTEA NOT NULL,
    -- Of what it puts in force, and of what it replaces; NULL stands for what the settings say.
    digest TEXT,
    previous TEXT,
    made_by TEXT NOT NULL,
    approved_by TEXT NOT NULL,
    proposal TEXT NOT NULL,
    adopted_at BIGINT NOT NULL,
    CONSTRAINT changes_pk PRIMARY KEY (generation),
    CONSTRAINT changes_version_unique UNIQUE (kind, subject, version)
);
