-- Who may sign in to the console, and who is signed in.

CREATE TABLE users (
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    -- argon2id in the PHC form; NULL where somebody signs in through the institution's identity provider only.
    password_hash TEXT,
    -- Names of roles, separated by blanks.
    roles TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- NULL while the person may sign in.
    disabled_at BIGINT,
    CONSTRAINT users_pk PRIMARY KEY (id),
    CONSTRAINT users_name_unique UNIQUE (name)
);

-- `token_hash` is the SM3 of what the browser has; the token itself stands nowhere.
CREATE TABLE sessions (
    id TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    user_id TEXT NOT NULL,
    begun_at BIGINT NOT NULL,
    -- To the minute.
    seen_at BIGINT NOT NULL,
    ended_at BIGINT,
    address TEXT,
    agent TEXT,
    CONSTRAINT sessions_pk PRIMARY KEY (id),
    CONSTRAINT sessions_token_unique UNIQUE (token_hash)
);
CREATE INDEX sessions_user ON sessions (user_id, begun_at);
