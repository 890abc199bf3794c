-- What one operator proposed and another has to approve (经办, 复核).

CREATE TABLE proposals (
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- `guarantee`, `platform`, `message` or `house`, and which one.
    subject_kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    -- The version of the guarantee that the maker saw; NULL where it is about no single one.
    version BIGINT,
    -- What is to be done, to the byte; it may hold a key.
    payload BYTEA NOT NULL,
    reason BYTEA NOT NULL,
    -- Keyed fingerprint of all that stands above this line and of who proposed it until when.
    digest TEXT NOT NULL,
    made_by TEXT NOT NULL,
    maker_name TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    -- Who approved, refused or withdrew it; NULL where it expired.
    decided_by TEXT,
    decider_name TEXT,
    decided_at BIGINT,
    -- What the decider said, and what came of it.
    conclusion BYTEA,
    -- Until when it lets its maker see what is masked otherwise.
    holds_until BIGINT,
    CONSTRAINT proposals_pk PRIMARY KEY (id),
    CONSTRAINT proposals_states CHECK (
        state IN ('open', 'approved', 'failed', 'refused', 'withdrawn', 'expired')
    ),
    CONSTRAINT proposals_decided CHECK (
        (state = 'open' AND decided_at IS NULL AND decided_by IS NULL)
        OR (state = 'expired' AND decided_at IS NOT NULL AND decided_by IS NULL)
        OR (state IN ('approved', 'failed', 'refused', 'withdrawn') AND decided_at IS NOT NULL AND decided_by IS NOT NULL)
    ),
    -- Nobody decides about a proposal of their own, but to take it back.
    CONSTRAINT proposals_four_eyes CHECK (
        decided_by IS NULL
        OR (state = 'withdrawn' AND decided_by = made_by)
        OR (state <> 'withdrawn' AND decided_by <> made_by)
    ),
    CONSTRAINT proposals_grants CHECK (holds_until IS NULL OR state = 'approved')
);
CREATE INDEX proposals_state ON proposals (state, id);
CREATE INDEX proposals_maker ON proposals (made_by, id);
CREATE INDEX proposals_grant ON proposals (made_by, subject_kind, subject) WHERE holds_until IS NOT NULL;

-- The guarantees that a proposal would change, so that each shows what is pending for it.
CREATE TABLE proposal_guarantees (
    proposal_id TEXT NOT NULL,
    guarantee_id TEXT NOT NULL,
    CONSTRAINT proposal_guarantees_pk PRIMARY KEY (proposal_id, guarantee_id)
);
CREATE INDEX proposal_guarantees_guarantee ON proposal_guarantees (guarantee_id, proposal_id);
