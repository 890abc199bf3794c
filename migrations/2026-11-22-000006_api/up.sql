-- The core system's side of the gateway: who may call, what was answered to whom, and the files that were handed in.

-- A key opens the interface to whoever has it; `hash` is the SM3 of it, and the key itself stands nowhere. Keys of one
-- client are the same caller: while they are changed, several are valid.
CREATE TABLE api_keys (
    id TEXT NOT NULL,
    client TEXT NOT NULL,
    hash TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    last_used_at BIGINT,
    CONSTRAINT api_keys_pk PRIMARY KEY (id),
    CONSTRAINT api_keys_hash_unique UNIQUE (hash)
);

-- What was answered to a request that changed something, for whoever sends it again.
CREATE TABLE api_answers (
    client TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    -- The SM3 of method, path and body: another request under the same key is a mistake.
    fingerprint TEXT NOT NULL,
    api_key TEXT NOT NULL,
    guarantee_id TEXT,
    status BIGINT NOT NULL,
    etag TEXT,
    body BYTEA NOT NULL,
    at BIGINT NOT NULL,
    CONSTRAINT api_answers_pk PRIMARY KEY (client, idempotency_key)
);
CREATE INDEX api_answers_at ON api_answers (at);

-- Files of applicants that the core system handed in; the bytes are in the archive under their digest.
CREATE TABLE uploads (
    digest TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    md5 TEXT NOT NULL,
    uploaded_at BIGINT NOT NULL,
    api_key TEXT NOT NULL,
    CONSTRAINT uploads_pk PRIMARY KEY (digest)
);
