-- The contract between Viaduct and a system that has a PostgreSQL: run this in a database of that
-- system, once, as whoever owns it. Viaduct writes `outbox` and reads `inbox`; the system reads `outbox`
-- and writes `inbox`. PostgreSQL 13 or later.
CREATE SCHEMA IF NOT EXISTS viaduct;

-- What Viaduct tells: a row once it is there never changes, and the same message is never there twice.
CREATE TABLE viaduct.outbox (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The message's own name, the same for every try.
    key text NOT NULL UNIQUE,
    kind text NOT NULL CHECK (kind IN ('report', 'update', 'erasure')),
    -- The report's id, by which it is called in both tables.
    report text NOT NULL,
    -- Your code of the service.
    service text,
    -- Your word for the status; NULL leaves it as it is.
    status text,
    title text,
    description text,
    latitude double precision,
    longitude double precision,
    address text,
    zipcode text,
    -- The reporter, where the settings allow it.
    email text,
    first_name text,
    last_name text,
    phone text,
    -- Answers by the code of their question, each a list of values.
    answers jsonb NOT NULL DEFAULT '{}',
    -- Addresses of pictures.
    media text[] NOT NULL DEFAULT '{}',
    -- Where people read the report.
    url text,
    -- When it was reported or said.
    told timestamptz NOT NULL,
    -- Of an erasure: what is to be forgotten (contact, text, photos).
    parts text[] NOT NULL DEFAULT '{}',
    written timestamptz NOT NULL DEFAULT now()
);

-- What the system tells: insert a row for each change that the public may read, and never change it.
CREATE TABLE viaduct.inbox (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The report's id, as it stands in the outbox.
    report text NOT NULL,
    -- Your word for the status after it; NULL leaves it as it is.
    status text,
    description text,
    media text[] NOT NULL DEFAULT '{}',
    told timestamptz NOT NULL DEFAULT now(),
    -- Which transaction wrote it: a row that is committed late is read all the same.
    written_by xid8 NOT NULL DEFAULT pg_current_xact_id()
);
CREATE INDEX ON viaduct.inbox (written_by, number);

-- A role for Viaduct that can do this and nothing else. Give it a password, or a certificate.
CREATE ROLE viaduct_gateway LOGIN;
GRANT USAGE ON SCHEMA viaduct TO viaduct_gateway;
GRANT SELECT, INSERT ON viaduct.outbox TO viaduct_gateway;
GRANT SELECT ON viaduct.inbox TO viaduct_gateway;
