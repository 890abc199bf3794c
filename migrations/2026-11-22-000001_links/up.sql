-- Links under which platforms fetch documents. What opens a link is its token, which stands nowhere: `id` is the SM3 of
-- it, and the token itself comes from the master key.

CREATE TABLE links (
    id TEXT NOT NULL,
    guarantee_id TEXT NOT NULL,
    document TEXT NOT NULL,
    name TEXT NOT NULL,
    content_type TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    fetched BIGINT NOT NULL,
    last_fetched_at BIGINT,
    CONSTRAINT links_pk PRIMARY KEY (id)
);
