-- What people watch of an opening: when the key came, when the plaintext letter was sealed, and when the platform had it.
ALTER TABLE guarantees ADD COLUMN key_at BIGINT;
ALTER TABLE guarantees ADD COLUMN restored_at BIGINT;
ALTER TABLE guarantees ADD COLUMN handed_over_at BIGINT;
-- When a key came that did not fit. It stays when the right one has come.
ALTER TABLE guarantees ADD COLUMN key_refused_at BIGINT;
-- A keyed fingerprint of the section's number as it came, encrypted: the same where section and key are the same.
ALTER TABLE guarantees ADD COLUMN sealed_mark TEXT;
-- A keyed fingerprint of the day in China on which the section is to be opened, where the institution may know it.
ALTER TABLE guarantees ADD COLUMN opening_day_mark TEXT;

-- The openings of the last week before this migration, and what is still due; those before are told by their timelines.
UPDATE guarantees SET
    key_at = (SELECT min(event.at) FROM events event
        WHERE event.guarantee_id = guarantees.id AND event.kind = 'key-received'),
    restored_at = (SELECT max(event.at) FROM events event
        WHERE event.guarantee_id = guarantees.id AND event.kind = 'letter-sealed' AND event.body LIKE '%"merged"%'),
    handed_over_at = (SELECT min(event.at) FROM events event
        WHERE event.guarantee_id = guarantees.id AND event.kind = 'letter-delivered' AND event.body LIKE '%"merged"%')
WHERE opened_at IS NOT NULL AND (deadline IS NOT NULL
    OR updated_at >= (SELECT max(latest.updated_at) FROM guarantees latest) - 604800000000);
-- What waits for its opening: each is alone until the program writes it again, as nobody knows with which others it is.
UPDATE guarantees SET sealed_mark = id WHERE stage = 'issued' AND EXISTS (SELECT 1 FROM documents document
    WHERE document.guarantee_id = guarantees.id AND document.letter = 'ciphertext');

-- With all that the board of a day counts, so that it reads no row.
CREATE INDEX guarantees_by_key ON guarantees
    (key_at, platform, section_mark, sealed_mark, opened_at, restored_at, handed_over_at, deadline)
    WHERE key_at IS NOT NULL;
CREATE INDEX guarantees_waiting ON guarantees (platform, sealed_mark, issued_at, key_refused_at)
    WHERE stage = 'issued' AND key_at IS NULL AND sealed_mark IS NOT NULL;
CREATE INDEX guarantees_by_opening_day ON guarantees (opening_day_mark) WHERE opening_day_mark IS NOT NULL;
