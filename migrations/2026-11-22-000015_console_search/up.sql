-- How people search in the console.

-- A message by the id of its request, as logs and answers tell it.
CREATE INDEX messages_request ON messages (request_id);
-- A name that contains something: no index leads to it, but this one is a small part of the table to read through, newest
-- first.
CREATE INDEX guarantees_names ON guarantees (received_at, id, platform, applicant_name);
-- The beginning of a credit code: text compared by equality is found in the same way under every collation.
CREATE INDEX guarantees_by_code_start ON guarantees (platform, substr(applicant_code, 1, 10));
-- All jobs of a guarantee, in its own lane and in those beside it: each of these lanes ends in the guarantee's id.
CREATE INDEX jobs_by_guarantee ON jobs (substr(lane, length(lane) - 35));
