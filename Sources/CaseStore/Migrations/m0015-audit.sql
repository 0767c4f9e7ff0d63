-- Who saw, changed or took away what, when, and from where (A11, P11): entries that are only ever added,
-- each with a hash over itself and the hash of the one before it (Specs/Decisions/0014).
CREATE TABLE audit_entry (
    -- Its place in the chain: 1, 2, 3, …, given by the trigger below, without a gap.
    number bigint PRIMARY KEY,
    recorded timestamptz NOT NULL,
    actor text COLLATE "C" NOT NULL
        CONSTRAINT audit_entry_actor_known CHECK (actor IN ('client', 'operator', 'peer', 'system')),
    -- A client's id, a peer's name, a user of the operating system.
    name text NOT NULL,
    -- From where: a network, never a whole address; or the machine on which a command was typed.
    source text,
    action text COLLATE "C" NOT NULL
        CONSTRAINT audit_entry_action_known CHECK (action IN (
            'report.read', 'notes.read', 'person.exported', 'backup.made', 'report.erased',
            'report.updated', 'report.noted', 'key.created', 'key.rotated', 'key.retired',
            'key.revoked', 'peer.paused', 'peer.resumed', 'peer.resent', 'peer.dropped',
            'peer.replayed', 'audit.cut')),
    jurisdiction text COLLATE "C",
    reports text[] NOT NULL,
    -- What else it is about: a key, a peer, SHA-256 of an address that was looked for.
    subject text,
    -- What was and what is, by name: {"status": ["open", "closed"]}; of what people wrote only SHA-256.
    changes jsonb
        CONSTRAINT audit_entry_changes_form CHECK (jsonb_typeof(changes) = 'object'),
    hash bytea NOT NULL
        CONSTRAINT audit_entry_hash_form CHECK (octet_length(hash) = 32)
);

-- Who saw a report; without a list of what is still to be sorted in, so that no entry takes longer than
-- the others.
CREATE INDEX audit_entry_by_report ON audit_entry USING gin (reports) WITH (fastupdate = off);
CREATE INDEX audit_entry_by_jurisdiction ON audit_entry (jurisdiction, number);
CREATE INDEX audit_entry_taken ON audit_entry (number)
    WHERE action IN ('person.exported', 'backup.made');

-- The end of the chain. Whoever adds an entry holds this row until he commits, so that the chain is in
-- the order of commits; only what is audited waits for it.
CREATE TABLE audit_head (
    is_only boolean PRIMARY KEY DEFAULT true
        CONSTRAINT audit_head_only CHECK (is_only),
    number bigint NOT NULL,
    hash bytea NOT NULL
        CONSTRAINT audit_head_hash_form CHECK (octet_length(hash) = 32)
) WITH (fillfactor = 50);

INSERT INTO audit_head (number, hash) VALUES (0, decode(repeat('00', 32), 'hex'));

-- Up to where the chain was found whole, so that not all of it is looked through each time.
CREATE TABLE audit_checkpoint (
    number bigint PRIMARY KEY,
    hash bytea NOT NULL
        CONSTRAINT audit_checkpoint_hash_form CHECK (octet_length(hash) = 32),
    recorded timestamptz NOT NULL
);

-- Up to where entries were kept for long enough, and are gone; the chain begins with this hash.
CREATE TABLE audit_cut (
    number bigint PRIMARY KEY,
    hash bytea NOT NULL
        CONSTRAINT audit_cut_hash_form CHECK (octet_length(hash) = 32),
    recorded timestamptz NOT NULL
);

-- SHA-256 over the former hash and the entry as JSON, in the form that PostgreSQL gives jsonb; the time in
-- microseconds since 1970. STABLE, so that it becomes a part of the statement that calls it.
CREATE FUNCTION audit_hash(
    former bytea, number bigint, recorded timestamptz, actor text, name text, source text,
    action text, jurisdiction text, reports text[], subject text, changes jsonb
) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(former || convert_to(jsonb_build_array(
        number, (extract(epoch FROM recorded) * 1000000)::bigint, actor, name, source, action,
        jurisdiction, reports, subject, changes)::text, 'UTF8'))
$$;

-- With the rights of the tables' owner: who adds entries needs none on the head.
CREATE FUNCTION audit_chain() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    former bytea;
BEGIN
    SELECT head.number + 1, head.hash INTO NEW.number, former FROM audit_head AS head FOR UPDATE;
    NEW.hash := audit_hash(
        former, NEW.number, NEW.recorded, NEW.actor, NEW.name, NEW.source, NEW.action,
        NEW.jurisdiction, NEW.reports, NEW.subject, NEW.changes);
    UPDATE audit_head SET number = NEW.number, hash = NEW.hash;
    RETURN NEW;
END
$$;

CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END
$$;

-- What was cut off may go, and nothing else.
CREATE FUNCTION audit_refuse_deletion() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF OLD.number <= (SELECT max(number) FROM audit_cut) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only';
END
$$;

CREATE TRIGGER audit_entry_chained BEFORE INSERT ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION audit_chain();
CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_entry_kept BEFORE DELETE ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION audit_refuse_deletion();
CREATE TRIGGER audit_head_kept BEFORE DELETE OR TRUNCATE ON audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_checkpoint_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_cut_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_cut
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();

-- Also for whoever has the other triggers passed over (session_replication_role).
ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_append_only;
ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_kept;
ALTER TABLE audit_head ENABLE ALWAYS TRIGGER audit_head_kept;
ALTER TABLE audit_checkpoint ENABLE ALWAYS TRIGGER audit_checkpoint_append_only;
ALTER TABLE audit_cut ENABLE ALWAYS TRIGGER audit_cut_append_only;

-- Cuts off all entries before the first that is younger than `early`, and answers up to which number; NULL
-- if there are none. What is younger than 90 days stays, whoever asks.
CREATE FUNCTION audit_cut_off(early timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    stays bigint;
    last audit_entry;
BEGIN
    IF early > clock_timestamp() - interval '90 days' THEN
        RAISE EXCEPTION 'the audit log is kept for 90 days at least';
    END IF;
    -- This may take long, and nobody waits for it.
    SELECT number INTO stays FROM audit_entry WHERE recorded >= early ORDER BY number LIMIT 1;
    -- One at a time.
    PERFORM FROM audit_head FOR UPDATE;
    SELECT * INTO last FROM audit_entry
        WHERE (stays IS NULL OR number < stays)
            AND number > coalesce((SELECT max(number) FROM audit_cut), 0)
        ORDER BY number DESC LIMIT 1;
    IF last.number IS NULL THEN
        RETURN NULL;
    END IF;
    INSERT INTO audit_cut (number, hash, recorded) VALUES (last.number, last.hash, clock_timestamp());
    INSERT INTO audit_entry (recorded, actor, name, action, reports, subject)
        VALUES (clock_timestamp(), 'system', 'viaduct', 'audit.cut', '{}', 'up to ' || last.number);
    RETURN last.number;
END
$$;

-- Takes away some of what was cut off, and answers how many.
CREATE FUNCTION audit_remove(most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH removed AS (
        DELETE FROM audit_entry WHERE number IN (
            SELECT number FROM audit_entry
            WHERE number <= (SELECT max(number) FROM audit_cut)
            ORDER BY number LIMIT most FOR UPDATE SKIP LOCKED)
        RETURNING number
    )
    SELECT count(*) FROM removed
$$;

-- The keys of clients: two that count, as long as one takes the place of the other (A6). A client goes on
-- under the id of its first key, whichever it calls with.
CREATE TABLE issued_key (
    -- The first characters of the key, for display.
    id text COLLATE "C" PRIMARY KEY
        CONSTRAINT issued_key_id_form CHECK (id ~ '^[A-Za-z][A-Za-z0-9_-]{0,63}$'),
    client text COLLATE "C" NOT NULL REFERENCES client_key,
    digest bytea NOT NULL UNIQUE
        CONSTRAINT issued_key_digest_form CHECK (octet_length(digest) = 32),
    created timestamptz NOT NULL,
    -- From then on it is refused, with this sentence.
    retires timestamptz,
    notice text
        CONSTRAINT issued_key_notice_form CHECK (octet_length(notice) BETWEEN 1 AND 500),
    revoked timestamptz
        CONSTRAINT issued_key_revoked_after CHECK (revoked >= created),
    CONSTRAINT issued_key_retirement_whole CHECK ((retires IS NULL) = (notice IS NULL))
);

CREATE INDEX issued_key_by_client ON issued_key (client);

INSERT INTO issued_key (id, client, digest, created, revoked)
SELECT id, id, digest, created, revoked FROM client_key;

-- Whoever could erase with `staff` still can; new keys need `supervisor` for it.
ALTER TABLE client_key
    DROP CONSTRAINT client_key_scopes_known,
    ADD CONSTRAINT client_key_scopes_known CHECK (
        scopes <@ ARRAY['report', 'update', 'staff', 'follow', 'supervisor', 'auditor']);
UPDATE client_key SET scopes = scopes || '{supervisor}' WHERE 'staff' = ANY (scopes);

REVOKE ALL ON audit_entry, audit_head, audit_checkpoint, audit_cut, issued_key FROM PUBLIC;
REVOKE ALL ON FUNCTION audit_cut_off, audit_remove FROM PUBLIC;

-- A role for whoever has the application run as another user than the tables' owner, so that it may add
-- to the audit log and to the events, and change nothing there (B11). Where no role may be made,
-- Specs/Operations.md has the statements.
DO $$
DECLARE
    ours regclass;
BEGIN
    IF NOT (SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        RETURN;
    END IF;
    BEGIN
        CREATE ROLE viaduct_application NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;
    END;
    -- Another database's migration may have made it a moment ago: with a lock comes word of that.
    LOCK TABLE audit_cut IN SHARE MODE;
    GRANT USAGE ON SCHEMA public, contact TO viaduct_application;
    -- What is another program's in the schema is none of our business.
    FOR ours IN
        SELECT oid FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'S')
            AND relnamespace IN ('public'::regnamespace, 'contact'::regnamespace)
            AND relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)
    LOOP
        IF (SELECT relkind FROM pg_class WHERE oid = ours) = 'S' THEN
            EXECUTE format('GRANT USAGE, SELECT ON SEQUENCE %s TO viaduct_application', ours);
        ELSE
            EXECUTE format(
                'GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO viaduct_application', ours);
        END IF;
    END LOOP;
    ALTER DEFAULT PRIVILEGES IN SCHEMA public, contact
        GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO viaduct_application;
    ALTER DEFAULT PRIVILEGES IN SCHEMA public, contact
        GRANT USAGE, SELECT ON SEQUENCES TO viaduct_application;
    REVOKE UPDATE, DELETE ON event, audit_entry, audit_checkpoint FROM viaduct_application;
    REVOKE INSERT, UPDATE, DELETE ON audit_head, audit_cut, schema_migration
        FROM viaduct_application;
    GRANT EXECUTE ON FUNCTION audit_cut_off, audit_remove TO viaduct_application;
END
$$;
