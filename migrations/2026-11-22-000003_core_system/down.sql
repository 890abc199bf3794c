DROP INDEX guarantees_awaiting;
ALTER TABLE guarantees DROP COLUMN awaits;
