DROP TABLE identity_requests;
DROP TABLE sign_in_failures;
DROP TABLE sessions;
DROP TABLE recovery_codes;
DROP TABLE users;
