-- Takes with it every key that is in no master-key file: what was sealed since the first rotation, or in a database that began
-- with these tables, can't be read afterwards. deploy/KEYS.md says when this may be done.
DROP TABLE key_hierarchy;
DROP TABLE data_keys;
DROP TABLE key_encryption_keys;
