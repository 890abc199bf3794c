DROP INDEX jobs_by_guarantee;
DROP INDEX guarantees_by_code_start;
DROP INDEX guarantees_names;
DROP INDEX messages_request;
