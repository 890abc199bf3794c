-- Messages of platforms that have come, so that one that somebody captured changes nothing a second time.

CREATE TABLE replays (
    -- A keyed fingerprint of the platform and of what the message's digest covers.
    mark TEXT NOT NULL,
    -- Where it was carried out, or went last.
    interface TEXT NOT NULL,
    -- The message that was carried out; none of what was refused, or only asked.
    message_id TEXT,
    first_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    CONSTRAINT replays_pk PRIMARY KEY (mark)
);

CREATE INDEX replays_by_expiry ON replays (expires_at);
