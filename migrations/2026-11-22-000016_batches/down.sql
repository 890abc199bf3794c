DROP INDEX attempts_started;
DROP TABLE batch_items;
DROP TABLE batches;
