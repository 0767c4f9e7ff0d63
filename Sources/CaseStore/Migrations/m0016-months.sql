-- The audit log by months, so that what was kept for long enough goes as a whole (B10, Specs/Decisions/0015).

-- What is there stays where it is, as one part up to the end of this month; nothing is copied.
ALTER TABLE audit_entry RENAME TO audit_entry_before;
DROP TRIGGER audit_entry_chained ON audit_entry_before;
DROP TRIGGER audit_entry_append_only ON audit_entry_before;
DROP TRIGGER audit_entry_kept ON audit_entry_before;
ALTER TABLE audit_entry_before
    DROP CONSTRAINT audit_entry_pkey,
    ALTER COLUMN number SET NOT NULL;
ALTER INDEX audit_entry_by_report RENAME TO audit_entry_before_by_report;
ALTER INDEX audit_entry_by_jurisdiction RENAME TO audit_entry_before_by_jurisdiction;
ALTER INDEX audit_entry_taken RENAME TO audit_entry_before_taken;

-- That a number stands there once is the trigger's work, as before; a key of a table in parts has to
-- name the time as well.
CREATE TABLE audit_entry (
    LIKE audit_entry_before INCLUDING CONSTRAINTS,
    CONSTRAINT audit_entry_pkey PRIMARY KEY (number, recorded)
) PARTITION BY RANGE (recorded);

CREATE INDEX audit_entry_by_report ON audit_entry USING gin (reports) WITH (fastupdate = off);
CREATE INDEX audit_entry_by_jurisdiction ON audit_entry (jurisdiction, number);
CREATE INDEX audit_entry_taken ON audit_entry (number)
    WHERE action IN ('person.exported', 'backup.made');

-- Those for each row are on each part as well, whenever it comes.
CREATE TRIGGER audit_entry_chained BEFORE INSERT ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION audit_chain();
CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_entry_kept BEFORE DELETE ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION audit_refuse_deletion();
ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_append_only;
ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_kept;

-- Whoever had rights on the table has the same, and nobody else any.
DO $$
DECLARE
    held record;
BEGIN
    FOR held IN
        SELECT DISTINCT CASE grantee WHEN 0 THEN 'PUBLIC'
            ELSE quote_ident(pg_get_userbyid(grantee)) END AS role
        FROM pg_class, aclexplode(relacl) WHERE oid = 'audit_entry'::regclass AND grantee <> relowner
    LOOP
        EXECUTE format('REVOKE ALL ON audit_entry FROM %s', held.role);
    END LOOP;
    FOR held IN
        SELECT privilege_type, CASE grantee WHEN 0 THEN 'PUBLIC'
            ELSE quote_ident(pg_get_userbyid(grantee)) END AS role
        FROM pg_class, aclexplode(relacl)
        WHERE oid = 'audit_entry_before'::regclass AND grantee <> relowner
    LOOP
        EXECUTE format('GRANT %s ON audit_entry TO %s', held.privilege_type, held.role);
    END LOOP;
END
$$;

-- Its parts but the one for what fits nowhere, and from when to when their entries are.
CREATE FUNCTION audit_months() RETURNS TABLE (part regclass, starts timestamptz, ends timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT child.oid::regclass,
        CASE WHEN bound.said LIKE 'FOR VALUES FROM (MINVALUE)%' THEN '-infinity'
            ELSE substring(bound.said FROM 'FROM \(''([^'']+)''\)')::timestamptz END,
        substring(bound.said FROM 'TO \(''([^'']+)''\)')::timestamptz
    FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid,
        pg_get_expr(child.relpartbound, child.oid) AS bound (said)
    WHERE inhparent = 'audit_entry'::regclass AND bound.said <> 'DEFAULT'
$$;

-- What holds for the whole holds for whoever names a part: nothing is changed there, and added only
-- through the whole. Whoever may read the whole may read it, as pg_dump does.
CREATE FUNCTION audit_guard_part(part regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    role text;
BEGIN
    EXECUTE format(
        'CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR TRUNCATE ON %s '
        'FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()', part);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER audit_entry_append_only', part);
    FOR role IN
        SELECT DISTINCT CASE grantee WHEN 0 THEN 'PUBLIC'
            ELSE quote_ident(pg_get_userbyid(grantee)) END
        FROM pg_class, aclexplode(relacl) WHERE oid = part AND grantee <> relowner
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM %s', part, role);
    END LOOP;
    FOR role IN
        SELECT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END
        FROM pg_class, aclexplode(relacl)
        WHERE oid = 'audit_entry'::regclass AND grantee <> relowner AND privilege_type = 'SELECT'
    LOOP
        EXECUTE format('GRANT SELECT ON %s TO %s', part, role);
    END LOOP;
END
$$;

-- Makes the part for a month, and moves there what of it fitted nowhere.
CREATE FUNCTION audit_make_month(month timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    part text := 'public.audit_entry_' || to_char(month, 'YYYY_MM');
    ends timestamptz := month + interval '1 month';
    has_strays boolean := EXISTS (
        SELECT FROM audit_entry_default WHERE recorded >= month AND recorded < ends);
BEGIN
    EXECUTE format('CREATE TABLE %s (LIKE audit_entry INCLUDING CONSTRAINTS)', part);
    IF has_strays THEN
        ALTER TABLE audit_entry DETACH PARTITION audit_entry_default;
        EXECUTE format(
            'WITH moved AS (DELETE FROM audit_entry_default WHERE recorded >= %L AND recorded < %L '
            'RETURNING *) INSERT INTO %s SELECT * FROM moved', month, ends, part);
    END IF;
    EXECUTE format(
        'ALTER TABLE audit_entry ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)',
        part, month, ends);
    IF has_strays THEN
        ALTER TABLE audit_entry ATTACH PARTITION audit_entry_default DEFAULT;
    END IF;
    PERFORM audit_guard_part(part::regclass);
END
$$;

-- Makes the parts that are missing of this month and those ahead, and of one month of which entries fitted
-- nowhere, and answers how many. Who must wait for others gives up at once, as others would wait behind him.
CREATE FUNCTION audit_make_months(ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET timezone = 'UTC' SET lock_timeout = '50ms' AS $$
DECLARE
    month timestamptz;
    made integer := 0;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('viaduct audit months', 0)) THEN
        RETURN 0;
    END IF;
    FOR month IN
        SELECT date_trunc('month', clock_timestamp()) + make_interval(months => n)
        FROM generate_series(0, least(ahead, 12)) AS n
        UNION
        SELECT date_trunc('month', min(recorded)) FROM audit_entry_default WHERE isfinite(recorded)
            HAVING count(*) > 0
        ORDER BY 1
    LOOP
        IF NOT EXISTS (SELECT FROM audit_months() WHERE month >= starts AND month < ends) THEN
            PERFORM audit_make_month(month);
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END
$$;

CREATE TABLE audit_entry_default PARTITION OF audit_entry DEFAULT;

DO $$
DECLARE
    ends timestamptz := (
        SELECT date_trunc('month', greatest(clock_timestamp(), max(recorded)), 'UTC')
        FROM audit_entry_before) + interval '1 month';
BEGIN
    PERFORM audit_guard_part('audit_entry_default');
    IF EXISTS (SELECT FROM audit_entry_before) THEN
        ALTER TABLE audit_entry_before ADD PRIMARY KEY (number, recorded);
        EXECUTE format(
            'ALTER TABLE audit_entry ATTACH PARTITION audit_entry_before '
            'FOR VALUES FROM (MINVALUE) TO (%L)', ends);
        PERFORM audit_guard_part('audit_entry_before');
    ELSE
        DROP TABLE audit_entry_before;
    END IF;
    PERFORM audit_make_months(3);
END
$$;

-- Cuts off the months before that of `early`, up to the first entry that is younger than `early`, and answers
-- up to which number; NULL if there is nothing. What is younger than 90 days stays, whoever asks.
CREATE OR REPLACE FUNCTION audit_cut_off(early timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET timezone = 'UTC' AS $$
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
    -- Entries are in the order of commits, their times nearly so: the last of a month may have come behind
    -- the first of the next, which goes with it.
    SELECT * INTO last FROM audit_entry
        WHERE recorded < date_trunc('month', early) AND (stays IS NULL OR number < stays)
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

-- Takes away the oldest month that was cut off as a whole, and answers how many entries it had; NULL if there
-- is none. Who must wait for others gives up at once, as others would wait behind him.
CREATE FUNCTION audit_drop_month() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET timezone = 'UTC' SET lock_timeout = '50ms' AS $$
DECLARE
    cut bigint := (SELECT max(number) FROM audit_cut);
    month regclass;
    last bigint;
    gone bigint;
BEGIN
    IF cut IS NULL THEN
        RETURN NULL;
    END IF;
    -- That somebody else is at it does not mean that nothing is left.
    IF NOT pg_try_advisory_xact_lock(hashtextextended('viaduct audit months', 0)) THEN
        RAISE lock_not_available USING MESSAGE = 'somebody else makes or drops months';
    END IF;
    FOR month IN
        SELECT part FROM audit_months() WHERE ends <= clock_timestamp() - interval '90 days'
        ORDER BY ends
    LOOP
        EXECUTE format('SELECT max(number) FROM %s', month) INTO last;
        CONTINUE WHEN last > cut;
        EXECUTE format('SELECT count(*) FROM %s', month) INTO gone;
        -- From here on nobody writes; what somebody wrote just now must not go.
        LOCK TABLE ONLY audit_entry IN ACCESS EXCLUSIVE MODE;
        EXECUTE format('SELECT max(number) FROM %s', month) INTO last;
        IF last > cut THEN
            RETURN NULL;
        END IF;
        EXECUTE format('ALTER TABLE audit_entry DETACH PARTITION %s', month);
        EXECUTE format('DROP TABLE %s', month);
        RETURN gone;
    END LOOP;
    RETURN NULL;
END
$$;

-- Takes away some of what was cut off and lies in months that have younger entries as well, and answers how many.
CREATE OR REPLACE FUNCTION audit_remove(most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH removed AS (
        DELETE FROM audit_entry
        WHERE number <= (SELECT max(number) FROM audit_cut) AND number IN (
            SELECT number FROM audit_entry
            WHERE number <= (SELECT max(number) FROM audit_cut)
            ORDER BY number LIMIT most FOR UPDATE SKIP LOCKED)
        RETURNING number
    )
    SELECT count(*) FROM removed
$$;

REVOKE ALL ON FUNCTION
    audit_guard_part, audit_make_month, audit_make_months, audit_drop_month FROM PUBLIC;

-- Whoever may have entries removed may have months made and dropped.
DO $$
DECLARE
    role text;
BEGIN
    FOR role IN
        SELECT quote_ident(pg_get_userbyid(grantee)) FROM pg_proc, aclexplode(proacl)
        WHERE pg_proc.oid = 'audit_remove'::regproc AND grantee NOT IN (0, proowner)
    LOOP
        EXECUTE format(
            'GRANT EXECUTE ON FUNCTION audit_make_months, audit_drop_month TO %s', role);
    END LOOP;
END
$$;
