-- The audit trail: entries numbered without gaps, each with a code over itself and over the code before it.

CREATE TABLE audit_entries (
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    address TEXT,
    action TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    detail BYTEA NOT NULL,
    digest_before TEXT,
    digest_after TEXT,
    -- Under which master key the code was made.
    key_id TEXT NOT NULL,
    mac TEXT NOT NULL,
    CONSTRAINT audit_entries_pk PRIMARY KEY (number)
);
CREATE INDEX audit_entries_at ON audit_entries (at, number);
CREATE INDEX audit_entries_kind ON audit_entries (actor_kind, number);
CREATE INDEX audit_entries_actor ON audit_entries (actor_id, number);
CREATE INDEX audit_entries_name ON audit_entries (actor_name, number);
CREATE INDEX audit_entries_action ON audit_entries (action, number);
CREATE INDEX audit_entries_subject ON audit_entries (subject_id, number);

-- The last entry, in the one row that everybody who appends has to change first.
CREATE TABLE audit_head (
    id TEXT NOT NULL,
    number BIGINT NOT NULL,
    mac TEXT NOT NULL,
    key_id TEXT NOT NULL,
    -- A code over this row: nobody sets the head back without the key, or an old copy of the row.
    proof TEXT NOT NULL,
    CONSTRAINT audit_head_pk PRIMARY KEY (id)
);

-- What was last noted outside of the database, and how the last look at the trail ended; for people, not for proof.
CREATE TABLE audit_marks (
    kind TEXT NOT NULL,
    number BIGINT NOT NULL,
    mac TEXT NOT NULL,
    at BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    CONSTRAINT audit_marks_pk PRIMARY KEY (kind)
);
