-- What a guarantee awaits: names with a space at both ends, or NULL where it awaits nothing. The program reads it from the
-- sealed body, so rows from before hold an empty text until the program has learnt it; those that ended for good await
-- nothing.
ALTER TABLE guarantees ADD COLUMN awaits TEXT DEFAULT '';
UPDATE guarantees SET awaits = NULL WHERE stage IN ('declined', 'waived', 'abandoned');

CREATE INDEX guarantees_awaiting ON guarantees (id) WHERE awaits IS NOT NULL;
