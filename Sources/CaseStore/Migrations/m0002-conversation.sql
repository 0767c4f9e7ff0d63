-- A report is a conversation: updates, internal notes, support, duplicates.

ALTER TABLE report
    -- How many people said "me too".
    ADD COLUMN supports integer NOT NULL DEFAULT 0,
    -- The report that this one repeats; what is told to this one goes to that one.
    ADD COLUMN parent text COLLATE "C" REFERENCES report,
    -- The change that decided the status: NULL while none was told to us, and the status is as the
    -- report came.
    ADD COLUMN standing_epoch integer,
    ADD COLUMN standing_time timestamptz,
    ADD COLUMN standing_event uuid,
    ADD CONSTRAINT report_supports_count CHECK (supports >= 0),
    ADD CONSTRAINT report_parent_another CHECK (parent <> id),
    ADD CONSTRAINT report_standing_epoch_count CHECK (standing_epoch >= 0),
    ADD CONSTRAINT report_standing_time_whole
        CHECK (standing_time = date_trunc('second', standing_time, 'UTC')),
    ADD CONSTRAINT report_standing_whole
        CHECK (num_nulls(standing_epoch, standing_time, standing_event) IN (0, 3));

CREATE INDEX report_by_parent ON report (parent) WHERE parent IS NOT NULL;

-- For who asks what was first listed in a window. Most reports are listed when they are told, and
-- pay nothing for it.
CREATE INDEX report_by_publication ON report (jurisdiction, stage, published)
    WHERE visibility = 'public' AND published <> requested;

-- One dated change to a report, for the public.
CREATE TABLE "update" (
    -- Given once and never reused (GR-13.1).
    id text COLLATE "C" PRIMARY KEY
        CONSTRAINT update_id_form CHECK (id ~ '^[A-Za-z][A-Za-z0-9_-]{0,63}$'),
    report text COLLATE "C" NOT NULL REFERENCES report,
    -- The report that the sender named: another one, if that was merged into `report`.
    named text COLLATE "C" NOT NULL REFERENCES report,
    jurisdiction text COLLATE "C" NOT NULL REFERENCES jurisdiction,
    stage text COLLATE "C" NOT NULL
        CONSTRAINT update_stage_known CHECK (stage IN ('production', 'test')),
    -- Who told it, and under which id of its own; NULL if it is our own word.
    client text COLLATE "C",
    foreign_id text COLLATE "C"
        CONSTRAINT update_foreign_id_form CHECK (octet_length(foreign_id) BETWEEN 1 AND 1024),
    -- When it happened, by the clock of whoever told it; no later than five minutes after it came
    -- (D16).
    told timestamptz NOT NULL
        CONSTRAINT update_told_whole CHECK (told = date_trunc('second', told, 'UTC')),
    -- What that clock said, if it was further ahead.
    told_ahead timestamptz
        CONSTRAINT update_told_ahead_later CHECK (told_ahead > told),
    kind text COLLATE "C" NOT NULL
        CONSTRAINT update_kind_known CHECK (kind IN (
            'comment', 'status', 'moved', 'duplicate', 'reopened', 'closed')),
    -- The report's detail after it.
    detail text COLLATE "C" NOT NULL
        CONSTRAINT update_detail_known CHECK (detail IN (
            'OPEN', 'INVESTIGATING', 'FOR_TRIAGE', 'PLANNED', 'ACTION_SCHEDULED', 'IN_PROGRESS',
            'INTERNAL_REFERRAL', 'REOPEN', 'FIXED', 'CLOSED', 'DUPLICATE',
            'NOT_COUNCILS_RESPONSIBILITY', 'NO_FURTHER_ACTION', 'CANCELLED')),
    description text
        CONSTRAINT update_description_some CHECK (description <> ''),
    media text[]
        CONSTRAINT update_media_some CHECK (cardinality(media) > 0),
    external_status text,
    customer_reference text,
    -- The service that the report was moved to by it.
    service text COLLATE "C"
        CONSTRAINT update_service_form CHECK (octet_length(service) BETWEEN 1 AND 128),
    -- When it became visible: within a jurisdiction and stage in the order of the commits
    -- (GR-18.4).
    published timestamptz NOT NULL
        CONSTRAINT update_published_whole
        CHECK (published = date_trunc('second', published, 'UTC')),
    -- The order of publication within a second: who reads updates takes the last one for the state.
    place bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    CONSTRAINT update_sender_whole CHECK ((client IS NULL) = (foreign_id IS NULL)),
    -- A repeat is the same update (D5, GR-13.2).
    CONSTRAINT update_told_once UNIQUE (client, named, foreign_id)
);

CREATE INDEX update_by_publication ON "update" (jurisdiction, stage, published, place);
CREATE INDEX update_by_report ON "update" (report, published, place);

-- What staff write for each other; never shown to the public.
CREATE TABLE internal_note (
    id text COLLATE "C" PRIMARY KEY
        CONSTRAINT internal_note_id_form CHECK (id ~ '^[A-Za-z][A-Za-z0-9_-]{0,63}$'),
    report text COLLATE "C" NOT NULL REFERENCES report,
    named text COLLATE "C" NOT NULL REFERENCES report,
    client text COLLATE "C" NOT NULL,
    foreign_id text COLLATE "C" NOT NULL
        CONSTRAINT internal_note_foreign_id_form CHECK (octet_length(foreign_id) BETWEEN 1 AND 1024),
    told timestamptz NOT NULL,
    recorded timestamptz NOT NULL,
    description text NOT NULL,
    CONSTRAINT internal_note_told_once UNIQUE (client, named, foreign_id)
);

CREATE INDEX internal_note_by_report ON internal_note (report, recorded, id);

-- No update will ever be published with a time before `last`: whoever publishes one moves it on,
-- and so does whoever has read up to a later time.
CREATE TABLE publication_clock (
    jurisdiction text COLLATE "C" NOT NULL REFERENCES jurisdiction,
    stage text COLLATE "C" NOT NULL
        CONSTRAINT publication_clock_stage_known CHECK (stage IN ('production', 'test')),
    last timestamptz NOT NULL
        CONSTRAINT publication_clock_last_whole CHECK (last = date_trunc('second', last, 'UTC')),
    PRIMARY KEY (jurisdiction, stage)
);

ALTER TABLE event
    ADD COLUMN "update" text COLLATE "C" REFERENCES "update",
    DROP CONSTRAINT event_kind_known,
    ADD CONSTRAINT event_kind_known CHECK (kind IN (
        'created', 'imported', 'corrected', 'published', 'updated', 'noted', 'supported',
        'pictured', 'removed'));

ALTER TABLE client_key
    ADD COLUMN scopes text[] NOT NULL DEFAULT '{report}',
    ADD COLUMN dialects text[] NOT NULL DEFAULT '{}',
    ADD CONSTRAINT client_key_scopes_known
        CHECK (scopes <@ ARRAY['report', 'update', 'staff', 'follow']),
    ADD CONSTRAINT client_key_dialects_known
        CHECK (dialects <@ ARRAY['fixmystreet', 'fms_import', 'adapter', 'base64']);

-- Personal data of whoever wrote an update or an internal note (P1, P2).
CREATE TABLE contact.author (
    "update" text COLLATE "C" UNIQUE REFERENCES public."update",
    internal_note text COLLATE "C" UNIQUE REFERENCES public.internal_note,
    email text,
    first_name text,
    last_name text,
    phone text,
    device_id text,
    account_id text,
    CONSTRAINT author_of_one CHECK (num_nonnulls("update", internal_note) = 1)
);

-- Who supports a report, by SHA-256 of the report and each name that the person gave.
CREATE TABLE contact.supporter (
    report text COLLATE "C" NOT NULL REFERENCES public.report,
    person bytea NOT NULL
        CONSTRAINT supporter_person_form CHECK (octet_length(person) = 32),
    client text COLLATE "C" NOT NULL,
    created timestamptz NOT NULL,
    PRIMARY KEY (report, person)
);

REVOKE ALL ON contact.author, contact.supporter FROM PUBLIC;

-- The roles are there only where m0001 could make them.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'viaduct_reader') THEN
        GRANT SELECT ON "update", publication_clock TO viaduct_reader;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'viaduct_contact') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON contact.author, contact.supporter
            TO viaduct_contact;
    END IF;
END
$$;
