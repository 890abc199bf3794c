-- What people were told to look at: one row for each time that a condition came to hold, kept for the record. Nothing in
-- it names a guarantee or a person.

CREATE TABLE alarms (
    id TEXT NOT NULL,
    rule TEXT NOT NULL,
    -- A platform, a certificate, a folder; empty where the rule is about the gateway as a whole.
    subject TEXT NOT NULL,
    -- The process that sees it, where others may not; empty where all see the same.
    replica TEXT NOT NULL,
    severity TEXT NOT NULL,
    -- The figure that the rule compares, when it was seen last, in the rule's unit.
    figure BIGINT NOT NULL,
    raised_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    -- When people were told last that it is open.
    told_at BIGINT NOT NULL,
    escalated_at BIGINT,
    acknowledged_at BIGINT,
    acknowledged_by TEXT,
    -- NULL while it is open.
    recovered_at BIGINT,
    CONSTRAINT alarms_pk PRIMARY KEY (id),
    CONSTRAINT alarms_severity_known CHECK (severity IN ('page', 'warning'))
);
CREATE UNIQUE INDEX alarms_open ON alarms (rule, subject, replica) WHERE recovered_at IS NULL;
CREATE INDEX alarms_by_time ON alarms (raised_at, id);

-- What alarms ask of pushes: when the last one came, and which were turned away lately.
CREATE INDEX messages_pushed ON messages (platform, at) WHERE direction = 'in';
CREATE INDEX messages_turned_away ON messages (platform, at)
    WHERE direction = 'in' AND outcome IN ('bad-digest', 'refused');
