DROP INDEX guarantees_by_opening_day;
DROP INDEX guarantees_waiting;
DROP INDEX guarantees_by_key;
ALTER TABLE guarantees DROP COLUMN opening_day_mark;
ALTER TABLE guarantees DROP COLUMN sealed_mark;
ALTER TABLE guarantees DROP COLUMN key_refused_at;
ALTER TABLE guarantees DROP COLUMN handed_over_at;
ALTER TABLE guarantees DROP COLUMN restored_at;
ALTER TABLE guarantees DROP COLUMN key_at;
