-- Evidence of claims: the files behind the links that claims name, each asked for by a person. The bytes are in the archive,
-- and no platform has a link to them.

CREATE TABLE evidence (
    id TEXT NOT NULL,
    guarantee_id TEXT NOT NULL,
    -- Which claim on the guarantee, and which of its links, both from 1.
    claim BIGINT NOT NULL,
    item BIGINT NOT NULL,
    -- Sealed: it may hold a token, and it leads to what is personal.
    url BYTEA NOT NULL,
    state TEXT NOT NULL,
    -- Digest, length and type of the file, once it is fetched.
    document TEXT,
    size BIGINT,
    media_type TEXT,
    -- Why it was not, in a word of the program.
    reason TEXT,
    asked_by TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    -- NULL while it is being fetched.
    ended_at BIGINT,
    CONSTRAINT evidence_pk PRIMARY KEY (id),
    CONSTRAINT evidence_item_unique UNIQUE (guarantee_id, claim, item),
    CONSTRAINT evidence_state_known CHECK (state IN ('asked', 'fetched', 'refused', 'failed'))
);
