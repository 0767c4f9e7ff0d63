-- What people told, where the public is shown something else: texts with masks over what tells of
-- persons, and of where only roughly (P7, P10). The public columns hold what is shown, so that
-- neither a read nor a search can tell more. Erased with the contact data.
CREATE TABLE contact.original (
    report text COLLATE "C" UNIQUE REFERENCES public.report,
    "update" text COLLATE "C" UNIQUE REFERENCES public."update",
    -- NULL: as it is shown.
    title text,
    description text,
    address text,
    address_id text,
    latitude double precision,
    longitude double precision,
    answers jsonb
        CONSTRAINT original_answers_form CHECK (jsonb_typeof(answers) = 'array'),
    CONSTRAINT original_of_one CHECK (num_nonnulls(report, "update") = 1),
    CONSTRAINT original_coordinate_whole CHECK ((latitude IS NULL) = (longitude IS NULL))
);

REVOKE ALL ON contact.original FROM PUBLIC;

-- What names devices is kept for a shorter time than the rest.
CREATE INDEX contact_with_device ON contact.contact (report) WHERE device_id IS NOT NULL;
CREATE INDEX author_with_device ON contact.author ("update", internal_note)
    WHERE device_id IS NOT NULL;

-- What peers answered is kept for a time of its own.
CREATE INDEX attempt_with_reason ON attempt (ended) WHERE reason IS NOT NULL;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'viaduct_contact') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON contact.original TO viaduct_contact;
    END IF;
END
$$;
