-- Who may sign in to the console, and who is signed in.

CREATE TABLE users (
    id TEXT NOT NULL,
    -- What the person signs in with, in small letters.
    name TEXT NOT NULL,
    -- Names of roles, separated by blanks.
    roles TEXT NOT NULL,
    -- argon2id in the PHC form; NULL where somebody signs in through the institution's identity provider only.
    password_hash TEXT,
    -- Until when a password holds that somebody else made; NULL once the person has chosen one.
    initial_until BIGINT,
    -- Who the person is to the identity provider.
    issuer TEXT,
    subject TEXT,
    -- What the person's one-time codes are made of, sealed.
    second_factor BYTEA,
    created_at BIGINT NOT NULL,
    -- NULL while the person may sign in.
    disabled_at BIGINT,
    -- A digest of all columns above, sealed for this row: whoever changes the table by hand can't make it.
    mark BYTEA NOT NULL,
    version BIGINT NOT NULL,
    -- Failures since the last sign-in, and until when there is none.
    failures BIGINT NOT NULL,
    locked_until BIGINT,
    -- The time step of the last one-time code that was accepted.
    last_step BIGINT,
    CONSTRAINT users_pk PRIMARY KEY (id),
    CONSTRAINT users_name_unique UNIQUE (name),
    CONSTRAINT users_identity_unique UNIQUE (issuer, subject)
);

-- What opens an account once where the device with the one-time codes is lost: the SM3 of each code.
CREATE TABLE recovery_codes (
    user_id TEXT NOT NULL,
    hash TEXT NOT NULL,
    used_at BIGINT,
    CONSTRAINT recovery_codes_pk PRIMARY KEY (user_id, hash)
);

-- `proof` is a keyed digest of what the browser has, of the person and of the stage: nobody can write a session into the
-- table, or make it another's. The token itself stands nowhere.
CREATE TABLE sessions (
    id TEXT NOT NULL,
    proof TEXT NOT NULL,
    user_id TEXT NOT NULL,
    -- `whole`, or what is still to be shown before it opens anything.
    stage TEXT NOT NULL,
    begun_at BIGINT NOT NULL,
    -- To the minute.
    seen_at BIGINT NOT NULL,
    ended_at BIGINT,
    address TEXT,
    agent TEXT,
    -- What one-time codes will be made of once the person has shown the first one, sealed.
    proposed_factor BYTEA,
    CONSTRAINT sessions_pk PRIMARY KEY (id)
);
CREATE INDEX sessions_user ON sessions (user_id, begun_at);
CREATE INDEX sessions_open ON sessions (ended_at, begun_at);

-- From where too many sign-ins failed: when the next failure is due that costs nothing (GCRA).
CREATE TABLE sign_in_failures (
    address TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    CONSTRAINT sign_in_failures_pk PRIMARY KEY (address)
);

-- Who has gone to the identity provider and is not back: the SM3 of the state, and what has to come back, sealed.
CREATE TABLE identity_requests (
    state_hash TEXT NOT NULL,
    body BYTEA NOT NULL,
    begun_at BIGINT NOT NULL,
    CONSTRAINT identity_requests_pk PRIMARY KEY (state_hash)
);
