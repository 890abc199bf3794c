-- When a guarantee was issued and when it ends: for reconciliations and for its expiry.
ALTER TABLE guarantees ADD COLUMN issued_at BIGINT;
ALTER TABLE guarantees ADD COLUMN expires_at BIGINT;
-- A keyed fingerprint of the section's number, from when the gateway may read it.
ALTER TABLE guarantees ADD COLUMN section_mark TEXT;

CREATE INDEX guarantees_by_issue ON guarantees (platform, issued_at);
-- Only what is in force expires.
CREATE INDEX guarantees_by_end ON guarantees (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX guarantees_by_section ON guarantees (platform, section_mark);

-- Tender sections that a platform has reported as abnormal, whether or not a guarantee is known for them yet.
CREATE TABLE abnormal_sections (
    platform TEXT NOT NULL,
    section_mark TEXT NOT NULL,
    body BYTEA NOT NULL,
    reported_at BIGINT NOT NULL,
    CONSTRAINT abnormal_sections_pk PRIMARY KEY (platform, section_mark)
);
