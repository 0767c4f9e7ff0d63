-- Personal data is sealed with keys that are not in the database (P3): AES-256-GCM, bound to the row
-- and the field. What is sealed begins with a byte for its form and the id of its key (DataKey). The
-- plain columns hold what came before, until `viaduct serve` has sealed it.

-- The keys under which anything may be sealed, by their ids: a node that does not have all of them
-- writes nothing.
CREATE TABLE contact.data_key (
    id bytea PRIMARY KEY
        CONSTRAINT data_key_id_form CHECK (octet_length(id) = 4),
    since timestamptz NOT NULL
);

ALTER TABLE contact.contact
    ADD COLUMN sealed bytea
        CONSTRAINT contact_sealed_form CHECK (octet_length(sealed) >= 33),
    -- What names the device goes sooner than the rest.
    ADD COLUMN sealed_device bytea
        CONSTRAINT contact_sealed_device_form CHECK (octet_length(sealed_device) >= 33),
    -- By which the person is found again: keyed digests, which tell nothing without the key.
    ADD COLUMN email_mark bytea,
    ADD COLUMN phone_mark bytea,
    ADD CONSTRAINT contact_sealed_or_plain CHECK (sealed IS NULL OR num_nonnulls(
        email, first_name, last_name, phone, device_id, account_id, unknown) = 0);

ALTER TABLE contact.author
    ADD COLUMN sealed bytea
        CONSTRAINT author_sealed_form CHECK (octet_length(sealed) >= 33),
    ADD COLUMN sealed_device bytea
        CONSTRAINT author_sealed_device_form CHECK (octet_length(sealed_device) >= 33),
    ADD COLUMN email_mark bytea,
    ADD COLUMN phone_mark bytea,
    ADD CONSTRAINT author_sealed_or_plain CHECK (sealed IS NULL OR num_nonnulls(
        email, first_name, last_name, phone, device_id, account_id) = 0);

ALTER TABLE contact.original
    ADD COLUMN sealed bytea
        CONSTRAINT original_sealed_form CHECK (octet_length(sealed) >= 33),
    ADD CONSTRAINT original_sealed_or_plain CHECK (sealed IS NULL OR num_nonnulls(
        title, description, address, address_id, latitude, longitude, answers) = 0);

-- `person` is a keyed digest of the digest that it was, which is sealed beside it, so that another
-- key can make another one.
ALTER TABLE contact.supporter
    ADD COLUMN sealed bytea
        CONSTRAINT supporter_sealed_form CHECK (octet_length(sealed) >= 33);

CREATE INDEX contact_by_email ON contact.contact (email_mark) WHERE email_mark IS NOT NULL;
CREATE INDEX contact_by_phone ON contact.contact (phone_mark) WHERE phone_mark IS NOT NULL;
CREATE INDEX author_by_email ON contact.author (email_mark) WHERE email_mark IS NOT NULL;
CREATE INDEX author_by_phone ON contact.author (phone_mark) WHERE phone_mark IS NOT NULL;

-- What is still to be sealed; nothing new comes in.
CREATE INDEX contact_plain ON contact.contact (report) WHERE sealed IS NULL;
CREATE INDEX author_of_update_plain ON contact.author ("update") WHERE sealed IS NULL;
CREATE INDEX author_of_note_plain ON contact.author (internal_note) WHERE sealed IS NULL;
CREATE INDEX original_of_report_plain ON contact.original (report) WHERE sealed IS NULL;
CREATE INDEX original_of_update_plain ON contact.original ("update") WHERE sealed IS NULL;
CREATE INDEX supporter_plain ON contact.supporter (report, person) WHERE sealed IS NULL;

-- What a peer said and nobody has judged, and what it answered.
ALTER TABLE inbox
    ADD COLUMN sealed bytea
        CONSTRAINT inbox_sealed_form CHECK (octet_length(sealed) >= 33),
    DROP CONSTRAINT inbox_payload_kept,
    ADD CONSTRAINT inbox_payload_kept
        CHECK (num_nonnulls(payload, sealed) = (state = 'quarantined')::integer);

ALTER TABLE attempt
    ADD COLUMN sealed_reason bytea
        CONSTRAINT attempt_sealed_reason_form CHECK (octet_length(sealed_reason) >= 33);

-- What a peer said why it does not have it; `reason` is our own word.
ALTER TABLE delivery
    ADD COLUMN sealed_reason bytea
        CONSTRAINT delivery_sealed_reason_form CHECK (octet_length(sealed_reason) >= 33);

CREATE INDEX delivery_plain ON delivery (id) WHERE reason IS NOT NULL;

DROP INDEX attempt_with_reason;
CREATE INDEX attempt_with_reason ON attempt (ended)
    WHERE reason IS NOT NULL OR sealed_reason IS NOT NULL;
CREATE INDEX attempt_plain ON attempt (delivery) WHERE reason IS NOT NULL;

REVOKE ALL ON contact.data_key FROM PUBLIC;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'viaduct_contact') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON contact.data_key TO viaduct_contact;
    END IF;
END
$$;
