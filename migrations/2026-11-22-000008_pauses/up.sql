-- Pauses: while one is open, a person has said that nothing is sent to the platform. Each stays for the record.

CREATE TABLE pauses (
    platform TEXT NOT NULL,
    since BIGINT NOT NULL,
    paused_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    -- NULL while it is open.
    resumed_at BIGINT,
    resumed_by TEXT,
    CONSTRAINT pauses_pk PRIMARY KEY (platform, since)
);
CREATE UNIQUE INDEX pauses_open ON pauses (platform) WHERE resumed_at IS NULL;
