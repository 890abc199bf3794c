-- What the core system is told, each with the bytes that every attempt sends. The attempts are those of its job.
CREATE TABLE callbacks (
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- NULL where it is about the gateway itself.
    platform TEXT,
    guarantee_id TEXT,
    body BYTEA NOT NULL,
    job_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- NULL until the core system has taken it, and again while it is sent anew.
    delivered_at BIGINT,
    CONSTRAINT callbacks_pk PRIMARY KEY (id),
    CONSTRAINT callbacks_job_unique UNIQUE (job_id)
);
CREATE INDEX callbacks_undelivered ON callbacks (id) WHERE delivered_at IS NULL;
CREATE INDEX callbacks_guarantee ON callbacks (guarantee_id, id) WHERE guarantee_id IS NOT NULL;

-- Platforms that could not be reached when they were last noted; written only when that changes.
CREATE TABLE platform_reach (
    platform TEXT NOT NULL,
    -- NULL since it can be reached again.
    unreachable_since BIGINT,
    changed_at BIGINT NOT NULL,
    CONSTRAINT platform_reach_pk PRIMARY KEY (platform)
);
