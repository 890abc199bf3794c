DROP TABLE remarks;
DROP TABLE differences;
DROP TABLE reconciliations;
DROP INDEX events_by_time;
