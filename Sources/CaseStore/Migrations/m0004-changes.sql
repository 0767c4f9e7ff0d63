-- The change feed, and webhooks that follow it.

-- Events have one order: by the transaction that wrote them, then as they were written in it. Who
-- reads only what was written below the oldest transaction that still runs misses nothing, whatever
-- the order of the commits (D13): nothing can appear before a place that was read.
ALTER TABLE event
    -- The transaction's number and the shift of change_shift; 0 for what is older than the feed.
    ADD COLUMN transaction bigint NOT NULL DEFAULT 0,
    ADD COLUMN sequence bigint NOT NULL DEFAULT 0;

ALTER TABLE event DISABLE TRIGGER event_insert_only;

UPDATE event SET sequence = ordered.place
FROM (SELECT id, row_number() OVER (ORDER BY recorded, id) AS place FROM event) AS ordered
WHERE event.id = ordered.id;

ALTER TABLE event ENABLE TRIGGER event_insert_only;

-- Every POST pays for these: no look-up of the shift, which therefore is part of the default, and
-- few writes of the sequence, whose numbers only need an order within one session.
ALTER TABLE event
    ALTER COLUMN transaction SET DEFAULT 0 + pg_current_xact_id()::text::bigint,
    ALTER COLUMN sequence DROP DEFAULT,
    ALTER COLUMN sequence ADD GENERATED ALWAYS AS IDENTITY (CACHE 32);

CREATE UNIQUE INDEX event_by_change ON event (transaction, sequence);

-- The server and the line of its history that gives transactions their numbers; NULL where we may
-- not ask. Who restores a backup gets another one.
CREATE FUNCTION change_home() RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT system_identifier FROM pg_control_system())::text || '/'
        || left(pg_walfile_name(pg_current_wal_lsn()), 8);
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END
$$;

-- What is added to the numbers of transactions, which begin anew where a backup was restored: the
-- order must go on. It stands in the default of event.transaction too, and both change together.
CREATE TABLE change_shift (
    is_only boolean PRIMARY KEY DEFAULT true
        CONSTRAINT change_shift_one_row CHECK (is_only),
    shift bigint NOT NULL
        CONSTRAINT change_shift_forward CHECK (shift >= 0),
    home text COLLATE "C"
);

INSERT INTO change_shift (shift, home) VALUES (0, change_home());

-- Public reports that are listed later than they were taken; the feed tells of them when their time
-- has come, and takes the row away.
CREATE TABLE publication_due (
    report text COLLATE "C" PRIMARY KEY REFERENCES report,
    due timestamptz NOT NULL
);

CREATE INDEX publication_due_by_time ON publication_due (due);

INSERT INTO publication_due (report, due)
SELECT report.id, report.published
FROM event JOIN report ON report.id = event.report
WHERE event.kind = 'created' AND event.recorded < report.published
    AND report.visibility = 'public';

-- Who is told of changes, how far, and when next.
CREATE TABLE webhook (
    id text COLLATE "C" PRIMARY KEY
        CONSTRAINT webhook_id_form CHECK (id ~ '^[A-Za-z][A-Za-z0-9_-]{0,63}$'),
    client text COLLATE "C" NOT NULL REFERENCES client_key,
    url text NOT NULL
        CONSTRAINT webhook_url_form
        CHECK (octet_length(url) <= 2048 AND url ~ '^https?://[^[:space:][:cntrl:]]+$'),
    stage text COLLATE "C" NOT NULL
        CONSTRAINT webhook_stage_known CHECK (stage IN ('production', 'test')),
    -- NULL: wherever the client may follow.
    jurisdictions text[]
        CONSTRAINT webhook_jurisdictions_some CHECK (cardinality(jurisdictions) > 0),
    -- Empty means all.
    services text[] NOT NULL,
    kinds text[] NOT NULL,
    -- As they are, because we must sign with them: nobody but the application's role may read this
    -- table. The one before the last rotation is valid until its time is over.
    secret text NOT NULL
        CONSTRAINT webhook_secret_form CHECK (secret ~ '^whsec_[A-Za-z0-9+/]{32,86}={0,2}$'),
    former_secret text
        CONSTRAINT webhook_former_secret_form
        CHECK (former_secret ~ '^whsec_[A-Za-z0-9+/]{32,86}={0,2}$'),
    former_until timestamptz,
    created timestamptz NOT NULL,
    paused timestamptz,
    -- When it was given up, and why.
    disabled timestamptz,
    reason text COLLATE "C",
    -- Everything up to here is told: its cursor in the order of changes.
    transaction bigint NOT NULL,
    sequence bigint NOT NULL,
    -- Of the change behind the cursor.
    attempts integer NOT NULL DEFAULT 0
        CONSTRAINT webhook_attempts_counted CHECK (attempts >= 0),
    failing_since timestamptz,
    due timestamptz NOT NULL,
    -- Counts the claims: who holds an older number is too late (D9).
    lease bigint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    CONSTRAINT webhook_former_whole CHECK ((former_secret IS NULL) = (former_until IS NULL)),
    CONSTRAINT webhook_reason_told CHECK ((disabled IS NULL) = (reason IS NULL))
);

CREATE INDEX webhook_by_client ON webhook (client);

-- The last tries, for operators and the client; never what was sent or answered.
CREATE TABLE webhook_attempt (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    webhook text COLLATE "C" NOT NULL REFERENCES webhook ON DELETE CASCADE,
    event uuid NOT NULL,
    started timestamptz NOT NULL,
    outcome text COLLATE "C" NOT NULL
        CONSTRAINT webhook_attempt_outcome_known CHECK (outcome IN (
            'delivered', 'refused', 'gone', 'blocked', 'unreachable', 'timed_out', 'broken')),
    status integer
        CONSTRAINT webhook_attempt_status_known CHECK (status BETWEEN 100 AND 599)
);

CREATE INDEX webhook_attempt_by_webhook ON webhook_attempt (webhook, id);
CREATE INDEX webhook_attempt_by_time ON webhook_attempt (started);

REVOKE ALL ON webhook, webhook_attempt FROM PUBLIC;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'viaduct_reader') THEN
        GRANT SELECT ON change_shift, publication_due TO viaduct_reader;
    END IF;
END
$$;
