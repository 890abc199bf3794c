-- Batches: what an operator had done to several jobs at once, and what became of each.

CREATE TABLE batches (
    id TEXT NOT NULL,
    -- `retry` or `discard`.
    action TEXT NOT NULL,
    reason TEXT NOT NULL,
    made_by TEXT NOT NULL,
    at BIGINT NOT NULL,
    CONSTRAINT batches_pk PRIMARY KEY (id)
);

CREATE TABLE batch_items (
    batch_id TEXT NOT NULL,
    job_id TEXT NOT NULL,
    outcome TEXT NOT NULL,
    CONSTRAINT batch_items_pk PRIMARY KEY (batch_id, job_id)
);

-- How platforms have answered of late.
CREATE INDEX attempts_started ON attempts (started_at);
