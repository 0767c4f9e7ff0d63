-- The case store. What must be true is a constraint first and a Swift check second.
-- Codes that are compared, sorted or paged by are of collation "C": their order is the order of
-- their bytes, whatever the server's locale.

CREATE TABLE jurisdiction (
    id text COLLATE "C" PRIMARY KEY
        CONSTRAINT jurisdiction_id_form CHECK (id ~ '^[A-Za-z0-9._~:-]{1,64}$'),
    slug text COLLATE "C" NOT NULL
        CONSTRAINT jurisdiction_slug_form CHECK (slug ~ '^[a-z][a-z0-9]{1,23}$'),
    -- SHA-256 of what is published of it.
    content bytea NOT NULL
        CONSTRAINT jurisdiction_content_form CHECK (octet_length(content) = 32),
    -- When that last changed: GeoReport's changeset (GR-3).
    changeset timestamptz NOT NULL
        CONSTRAINT jurisdiction_changeset_whole
        CHECK (changeset = date_trunc('second', changeset, 'UTC'))
);

CREATE TABLE service (
    jurisdiction text COLLATE "C" NOT NULL REFERENCES jurisdiction,
    code text COLLATE "C" NOT NULL
        CONSTRAINT service_code_form
        CHECK (octet_length(code) BETWEEN 1 AND 128 AND code !~ '[,[:cntrl:]]'),
    -- The name by language.
    name jsonb NOT NULL
        CONSTRAINT service_name_form CHECK (jsonb_typeof(name) = 'object'),
    -- When the catalogue stopped listing it; its reports remain.
    withdrawn timestamptz,
    PRIMARY KEY (jurisdiction, code)
);

CREATE TABLE report (
    -- The public id (GR-2.7), given once and never reused.
    id text COLLATE "C" PRIMARY KEY
        CONSTRAINT report_id_form CHECK (id ~ '^[A-Za-z][A-Za-z0-9_-]{0,63}$'),
    jurisdiction text COLLATE "C" NOT NULL REFERENCES jurisdiction,
    stage text COLLATE "C" NOT NULL
        CONSTRAINT report_stage_known CHECK (stage IN ('production', 'test')),
    -- No reference: history names services that the catalogue no longer lists.
    service text COLLATE "C" NOT NULL
        CONSTRAINT report_service_form CHECK (octet_length(service) BETWEEN 1 AND 128),
    service_name text,
    status text COLLATE "C" NOT NULL
        CONSTRAINT report_status_known CHECK (status IN ('open', 'closed')),
    detail text COLLATE "C"
        CONSTRAINT report_detail_known CHECK (detail IN (
            'OPEN', 'INVESTIGATING', 'FOR_TRIAGE', 'PLANNED', 'ACTION_SCHEDULED', 'IN_PROGRESS',
            'INTERNAL_REFERRAL', 'REOPEN', 'FIXED', 'CLOSED', 'DUPLICATE',
            'NOT_COUNCILS_RESPONSIBILITY', 'NO_FURTHER_ACTION', 'CANCELLED')),
    status_notes text,
    title text,
    description text,
    agency text,
    notice text,
    -- Whole seconds, as they are published: otherwise an inclusive bound taken from an answer
    -- would miss the row it came from (GR-21), and comparisons could not use an index.
    requested timestamptz NOT NULL
        CONSTRAINT report_requested_whole
        CHECK (requested = date_trunc('second', requested, 'UTC')),
    updated timestamptz NOT NULL
        CONSTRAINT report_updated_whole CHECK (updated = date_trunc('second', updated, 'UTC')),
    expected timestamptz,
    address text,
    address_id text,
    zipcode text,
    latitude double precision,
    longitude double precision,
    -- NULL if empty, so that the usual row pays for neither.
    media text[]
        CONSTRAINT report_media_some CHECK (cardinality(media) > 0),
    answers jsonb
        CONSTRAINT report_answers_form CHECK (jsonb_typeof(answers) = 'array'),
    channel text NOT NULL,
    visibility text COLLATE "C" NOT NULL
        CONSTRAINT report_visibility_known CHECK (visibility IN ('public', 'private')),
    -- From when it is listed; NULL while a person has not published it.
    published timestamptz,
    -- Of imported history: the number at its source, and SHA-256 of what the source said.
    source_id text COLLATE "C"
        CONSTRAINT report_source_id_form CHECK (octet_length(source_id) BETWEEN 1 AND 255),
    source_content bytea
        CONSTRAINT report_source_content_form CHECK (octet_length(source_content) = 32),
    CONSTRAINT report_coordinate_whole CHECK ((latitude IS NULL) = (longitude IS NULL)),
    -- Refuses NaN as well: PostgreSQL sorts it above every number, so it is not below 90.
    CONSTRAINT report_coordinate_range
        CHECK (latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180),
    CONSTRAINT report_source_whole CHECK ((source_id IS NULL) = (source_content IS NULL)),
    CONSTRAINT report_source_once UNIQUE (jurisdiction, stage, source_id, requested)
);

-- Listings show only these rows.
CREATE INDEX report_by_requested ON report (jurisdiction, stage, requested DESC, id DESC)
    WHERE visibility = 'public' AND published IS NOT NULL;
CREATE INDEX report_by_updated ON report (jurisdiction, stage, updated DESC, id DESC)
    WHERE visibility = 'public' AND published IS NOT NULL;
CREATE INDEX report_by_service ON report (jurisdiction, stage, service, requested DESC, id DESC)
    WHERE visibility = 'public' AND published IS NOT NULL;
-- PostgreSQL's own points, because PostGIS is not everywhere.
CREATE INDEX report_by_place ON report USING gist (point(longitude, latitude))
    WHERE visibility = 'public' AND published IS NOT NULL AND latitude IS NOT NULL;

-- What happened to a report; insert-only.
CREATE TABLE event (
    -- A UUID of version 7: sorts by time.
    id uuid PRIMARY KEY,
    report text COLLATE "C" NOT NULL REFERENCES report,
    kind text COLLATE "C" NOT NULL
        CONSTRAINT event_kind_known CHECK (kind IN ('created', 'imported', 'corrected')),
    actor text COLLATE "C" NOT NULL
        CONSTRAINT event_actor_known CHECK (actor IN ('client', 'operator', 'peer', 'system')),
    recorded timestamptz NOT NULL,
    -- The authorities it has passed, the last one last.
    path text[] NOT NULL
        CONSTRAINT event_path_some CHECK (cardinality(path) > 0),
    -- SHA-256 of the public content after it.
    content bytea NOT NULL
        CONSTRAINT event_content_form CHECK (octet_length(content) = 32)
);

CREATE INDEX event_by_report ON event (report, id);

CREATE FUNCTION event_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'events are insert-only';
END
$$;

CREATE TRIGGER event_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON event
    FOR EACH STATEMENT EXECUTE FUNCTION event_refuse_change();

-- GeoReport's receipts for reports of batch services (GR-7).
CREATE TABLE token (
    id text COLLATE "C" PRIMARY KEY
        CONSTRAINT token_id_form CHECK (id ~ '^[A-Za-z][A-Za-z0-9_-]{0,63}$'),
    report text COLLATE "C" NOT NULL UNIQUE REFERENCES report,
    resolves timestamptz NOT NULL
);

-- Callers, known by their keys; a key itself is stored nowhere.
CREATE TABLE client_key (
    -- The first characters of the key, for display.
    id text COLLATE "C" PRIMARY KEY
        CONSTRAINT client_key_id_form CHECK (id ~ '^[A-Za-z][A-Za-z0-9_-]{0,63}$'),
    -- SHA-256 of the key: 32 random bytes need no slow hash, and a look-up by hash tells nothing
    -- about the key by its time (A1, A2).
    digest bytea NOT NULL UNIQUE
        CONSTRAINT client_key_digest_form CHECK (octet_length(digest) = 32),
    name text NOT NULL,
    -- Where it may report; empty means everywhere.
    jurisdictions text[] NOT NULL,
    absent text COLLATE "C" NOT NULL
        CONSTRAINT client_key_absent_known CHECK (absent IN ('null', 'compact')),
    success integer NOT NULL
        CONSTRAINT client_key_success_known CHECK (success IN (200, 201)),
    created timestamptz NOT NULL,
    revoked timestamptz
        CONSTRAINT client_key_revoked_after CHECK (revoked >= created)
);

-- POSTs that were taken, so that a repeated one is answered as the first (D5).
CREATE TABLE idempotency (
    client text COLLATE "C" NOT NULL,
    stage text COLLATE "C" NOT NULL
        CONSTRAINT idempotency_stage_known CHECK (stage IN ('production', 'test')),
    jurisdiction text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL
        CONSTRAINT idempotency_kind_known CHECK (kind IN ('key', 'foreign', 'content')),
    key text COLLATE "C" NOT NULL
        CONSTRAINT idempotency_key_form CHECK (octet_length(key) BETWEEN 1 AND 1024),
    -- SHA-256 of all that the client said.
    fingerprint bytea NOT NULL
        CONSTRAINT idempotency_fingerprint_form CHECK (octet_length(fingerprint) = 32),
    report text COLLATE "C" NOT NULL REFERENCES report,
    token text COLLATE "C",
    created timestamptz NOT NULL,
    expires timestamptz NOT NULL,
    PRIMARY KEY (client, stage, jurisdiction, kind, key)
);

CREATE INDEX idempotency_by_expiry ON idempotency (expires);

-- Personal data of reporters, apart from everything public (P1, P2).
CREATE SCHEMA contact;

CREATE TABLE contact.contact (
    report text COLLATE "C" PRIMARY KEY REFERENCES public.report,
    email text,
    first_name text,
    last_name text,
    phone text,
    device_id text,
    account_id text,
    -- Parameters that mean nothing to us, as sent.
    unknown jsonb
        CONSTRAINT contact_unknown_form CHECK (jsonb_typeof(unknown) = 'array')
);

REVOKE ALL ON SCHEMA contact FROM PUBLIC;
REVOKE ALL ON contact.contact FROM PUBLIC;

-- Two roles for whoever divides the rights (P2, B11): one that reads what is public, one for the
-- personal data. Roles belong to the whole server, so another database may have made them already,
-- and many managed servers let no application make any: then there is one user, who may everything,
-- and nothing else changes.
DO $$
BEGIN
    IF NOT (SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        RETURN;
    END IF;
    BEGIN
        CREATE ROLE viaduct_reader NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;
    END;
    BEGIN
        CREATE ROLE viaduct_contact NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;
    END;
    GRANT SELECT ON jurisdiction, service, report, event, token TO viaduct_reader;
    GRANT USAGE ON SCHEMA contact TO viaduct_contact;
    GRANT SELECT, INSERT, UPDATE, DELETE ON contact.contact TO viaduct_contact;
END
$$;

-- Comparing without regard to case, in every alphabet and under every locale of the server: a
-- cluster of locale C folds only ASCII. Where PostgreSQL was built without ICU it stays at that.
DO $$
BEGIN
    CREATE COLLATION any_case (provider = icu, locale = 'und');
EXCEPTION WHEN OTHERS THEN
    CREATE COLLATION any_case FROM "C";
END
$$;
