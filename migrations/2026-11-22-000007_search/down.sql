DROP INDEX guarantees_awaited;
DROP INDEX guarantees_by_applicant_name;
DROP INDEX guarantees_by_applicant;
DROP INDEX guarantees_by_opening;
DROP INDEX guarantees_by_change;
DROP INDEX guarantees_by_receipt;
DROP INDEX guarantees_stage;
CREATE INDEX guarantees_stage ON guarantees (platform, stage, id);
