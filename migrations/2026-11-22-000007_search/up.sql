-- How the core system searches guarantees: by one platform after the other, newest first. Times stand behind what is
-- compared for equality, so that a page is read off an index from its end.

DROP INDEX guarantees_stage;
CREATE INDEX guarantees_stage ON guarantees (platform, stage, received_at, id);
CREATE INDEX guarantees_by_receipt ON guarantees (platform, received_at, id);
CREATE INDEX guarantees_by_change ON guarantees (platform, updated_at, id);
CREATE INDEX guarantees_by_opening ON guarantees (platform, opened_at, id) WHERE opened_at IS NOT NULL;

CREATE INDEX guarantees_by_applicant ON guarantees (platform, applicant_code);
-- The beginning of a name: text compared by equality is found in the same way under every collation.
CREATE INDEX guarantees_by_applicant_name ON guarantees (platform, substr(applicant_name, 1, 4));
-- Only what is awaited, which is little.
CREATE INDEX guarantees_awaited ON guarantees (awaits) WHERE awaits IS NOT NULL;
