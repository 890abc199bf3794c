-- Runs unchanged on SQLite and PostgreSQL: only TEXT, BIGINT, INTEGER and BYTEA.
-- Times are microseconds since 1970 in UTC, money is fen, ids are made by the gateway.
-- Columns of type BYTEA are sealed by the keyring; each is bound to its table, row and column.

CREATE TABLE guarantees (
    id TEXT NOT NULL,
    platform TEXT NOT NULL,
    application_number TEXT NOT NULL,
    guarantee_number TEXT,
    stage TEXT NOT NULL,
    version BIGINT NOT NULL,
    applicant_name TEXT NOT NULL,
    applicant_code TEXT NOT NULL,
    amount BIGINT NOT NULL,
    opened_at BIGINT,
    -- When the plaintext letter has to be with the platform; NULL before the opening and once it is there.
    deadline BIGINT,
    body BYTEA NOT NULL,
    received_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT guarantees_pk PRIMARY KEY (id),
    CONSTRAINT guarantees_application_unique UNIQUE (platform, application_number),
    CONSTRAINT guarantees_number_unique UNIQUE (platform, guarantee_number)
);
CREATE INDEX guarantees_stage ON guarantees (platform, stage, id);
CREATE INDEX guarantees_deadline ON guarantees (deadline) WHERE deadline IS NOT NULL;

CREATE TABLE messages (
    id TEXT NOT NULL,
    platform TEXT NOT NULL,
    direction TEXT NOT NULL,
    interface TEXT NOT NULL,
    guarantee_id TEXT,
    request_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    body BYTEA NOT NULL,
    answer BYTEA,
    outcome TEXT NOT NULL,
    detail TEXT,
    tolerances TEXT NOT NULL,
    peer TEXT,
    size BIGINT NOT NULL,
    CONSTRAINT messages_pk PRIMARY KEY (id),
    CONSTRAINT messages_direction_known CHECK (direction IN ('in', 'out'))
);
CREATE INDEX messages_guarantee ON messages (guarantee_id, at) WHERE guarantee_id IS NOT NULL;

CREATE TABLE bindings (
    platform TEXT NOT NULL,
    interface TEXT NOT NULL,
    business_key TEXT NOT NULL,
    content TEXT NOT NULL,
    answer BYTEA NOT NULL,
    message_id TEXT NOT NULL,
    bound_at BIGINT NOT NULL,
    CONSTRAINT bindings_pk PRIMARY KEY (platform, interface, business_key)
);

CREATE TABLE events (
    id TEXT NOT NULL,
    guarantee_id TEXT NOT NULL,
    platform TEXT NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    CONSTRAINT events_pk PRIMARY KEY (id),
    CONSTRAINT events_number_unique UNIQUE (guarantee_id, number)
);

CREATE TABLE jobs (
    id TEXT NOT NULL,
    platform TEXT NOT NULL,
    lane TEXT NOT NULL,
    position BIGINT NOT NULL,
    kind TEXT NOT NULL,
    payload BYTEA NOT NULL,
    state TEXT NOT NULL,
    -- While the job runs: the end of its lease.
    due_at BIGINT NOT NULL,
    deadline BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    -- Attempts that the schedule no longer counts, because an operator revived the job after them.
    forgiven BIGINT NOT NULL,
    lease_owner TEXT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    cause TEXT,
    detail TEXT,
    CONSTRAINT jobs_pk PRIMARY KEY (id),
    CONSTRAINT jobs_position_unique UNIQUE (lane, position),
    CONSTRAINT jobs_state_known CHECK (state IN ('ready', 'running', 'done', 'dead'))
);
CREATE INDEX jobs_unfinished ON jobs (deadline, due_at) WHERE state IN ('ready', 'running');
CREATE INDEX jobs_unfinished_lane ON jobs (lane, position) WHERE state IN ('ready', 'running');
CREATE INDEX jobs_dead ON jobs (finished_at) WHERE state = 'dead';

CREATE TABLE attempts (
    job_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    outcome TEXT NOT NULL,
    detail TEXT,
    message_id TEXT,
    CONSTRAINT attempts_pk PRIMARY KEY (job_id, number)
);

CREATE TABLE documents (
    digest TEXT NOT NULL,
    guarantee_id TEXT NOT NULL,
    letter TEXT NOT NULL,
    format TEXT NOT NULL,
    size BIGINT NOT NULL,
    md5 TEXT NOT NULL,
    stored_at BIGINT NOT NULL,
    CONSTRAINT documents_pk PRIMARY KEY (guarantee_id, digest)
);

CREATE TABLE wrapped_keys (
    guarantee_id TEXT NOT NULL,
    purpose TEXT NOT NULL,
    wrapped BYTEA NOT NULL,
    stored_at BIGINT NOT NULL,
    CONSTRAINT wrapped_keys_pk PRIMARY KEY (guarantee_id, purpose)
);

CREATE TABLE deliveries (
    guarantee_id TEXT NOT NULL,
    letter TEXT NOT NULL,
    document TEXT NOT NULL,
    -- Counts the keys: a platform that refuses completion gets the file again under a new one.
    generation BIGINT NOT NULL,
    wrapped BYTEA NOT NULL,
    slices BIGINT NOT NULL,
    -- The next slice to send; all before it were acknowledged.
    acknowledged BIGINT NOT NULL,
    completed_at BIGINT,
    updated_at BIGINT NOT NULL,
    CONSTRAINT deliveries_pk PRIMARY KEY (guarantee_id, letter)
);
