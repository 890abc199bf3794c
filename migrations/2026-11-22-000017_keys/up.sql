-- Keys below the master key, each wrapped under the one above it: key-encryption keys, and the data keys that seal, mark and
-- link. None is ever taken away; of one that was destroyed, the row stays without the key.

CREATE TABLE key_encryption_keys (
    -- From 1; the highest that is not retired wraps.
    version BIGINT NOT NULL,
    -- The id of the master key that it is wrapped under.
    master_id TEXT NOT NULL,
    -- In hexadecimal; zeros where it was destroyed.
    wrapped TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    retired_at BIGINT,
    destroyed_at BIGINT,
    CONSTRAINT key_encryption_keys_pk PRIMARY KEY (version)
);

CREATE TABLE data_keys (
    -- sealing, marking or auditing.
    purpose TEXT NOT NULL,
    -- Four bytes in hexadecimal, which stand at the beginning of what the key sealed.
    id TEXT NOT NULL,
    kek_version BIGINT NOT NULL,
    wrapped TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- From then on it is used for what is new; a little later than it was created, so that every replica has it by then.
    activates_at BIGINT NOT NULL,
    -- From then on another one is.
    retired_at BIGINT,
    destroyed_at BIGINT,
    CONSTRAINT data_keys_pk PRIMARY KEY (purpose, id)
);

-- One row. Whoever changes a key changes it first, so that others wait; replicas look whether it has grown.
CREATE TABLE key_hierarchy (
    id TEXT NOT NULL,
    generation BIGINT NOT NULL,
    CONSTRAINT key_hierarchy_pk PRIMARY KEY (id)
);
