DROP TABLE abnormal_sections;
DROP INDEX guarantees_by_section;
DROP INDEX guarantees_by_end;
DROP INDEX guarantees_by_issue;
ALTER TABLE guarantees DROP COLUMN section_mark;
ALTER TABLE guarantees DROP COLUMN expires_at;
ALTER TABLE guarantees DROP COLUMN issued_at;
