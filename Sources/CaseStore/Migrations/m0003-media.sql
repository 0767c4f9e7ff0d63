-- Pictures of reports and of updates, and those that are still to be fetched (GR-15.3, M8, M9).

CREATE TABLE media (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    report text COLLATE "C" NOT NULL REFERENCES report,
    -- NULL: of the report itself.
    "update" text COLLATE "C" REFERENCES "update",
    -- Its place among the pictures of the same report or update.
    ordinal integer NOT NULL
        CONSTRAINT media_ordinal_counted CHECK (ordinal > 0),
    -- The client that brought it, whose quota it counts for.
    client text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL
        CONSTRAINT media_state_known CHECK (state IN ('pending', 'stored', 'failed')),
    -- The file's name, made of its content; the file lies there before the row says so.
    name text COLLATE "C"
        CONSTRAINT media_name_form CHECK (name ~ '^[0-9a-f]{32}\.(jpg|png|webp)$'),
    -- The address that it is to be, or was, fetched from.
    source text
        CONSTRAINT media_source_form CHECK (octet_length(source) BETWEEN 1 AND 2048),
    attempts integer NOT NULL DEFAULT 0
        CONSTRAINT media_attempts_counted CHECK (attempts >= 0),
    -- When to try next: while somebody fetches it, the end of the time that was granted.
    due timestamptz,
    recorded timestamptz NOT NULL,
    CONSTRAINT media_stored_named CHECK ((state = 'stored') = (name IS NOT NULL)),
    CONSTRAINT media_pending_due CHECK ((state = 'pending') = (due IS NOT NULL)),
    CONSTRAINT media_from_somewhere CHECK (name IS NOT NULL OR source IS NOT NULL),
    CONSTRAINT media_once UNIQUE NULLS NOT DISTINCT (report, "update", ordinal)
);

CREATE INDEX media_by_due ON media (due, id) WHERE state = 'pending';
-- Whether a file is shown, and whether anything names it.
CREATE INDEX media_by_name ON media (name) WHERE name IS NOT NULL;

-- The bytes of pictures that each client has brought in, by day in UTC.
CREATE TABLE media_quota (
    client text COLLATE "C" NOT NULL,
    day date NOT NULL,
    bytes bigint NOT NULL
        CONSTRAINT media_quota_counted CHECK (bytes >= 0),
    -- How many it may, as was set when it last brought any.
    most bigint NOT NULL,
    CONSTRAINT media_quota_kept CHECK (bytes <= most),
    PRIMARY KEY (client, day)
);

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'viaduct_reader') THEN
        -- Without the addresses: they may hold what only their owner should know.
        GRANT SELECT (id, report, "update", ordinal, state, name) ON media TO viaduct_reader;
    END IF;
END
$$;
