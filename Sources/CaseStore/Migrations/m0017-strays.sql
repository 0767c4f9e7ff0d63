-- What fitted into no month is moved by itself and in portions, the log is cut where no lock is held, and a
-- clock that is far ahead takes nothing away (B10, Specs/Decisions/0015).

-- By which the oldest are found; it is empty where all is well.
CREATE INDEX audit_entry_default_by_time ON audit_entry_default (recorded);

-- Follows the server's clock; where that jumps by more than a week it goes on from where it was, until the
-- other has gone on for 30 days.
CREATE TABLE audit_clock (
    is_only boolean PRIMARY KEY DEFAULT true
        CONSTRAINT audit_clock_only CHECK (is_only),
    shown timestamptz NOT NULL,
    -- When it was last set, and since when there was no jump, by the server's clock.
    moved timestamptz NOT NULL,
    steady timestamptz NOT NULL
);

INSERT INTO audit_clock (shown, moved, steady)
SELECT now, now, now FROM clock_timestamp() AS now;

-- Whatever the default privileges of the schema say: who may read the log may read it, and nobody else more.
DO $$
DECLARE
    role text;
BEGIN
    FOR role IN
        SELECT DISTINCT CASE grantee WHEN 0 THEN 'PUBLIC'
            ELSE quote_ident(pg_get_userbyid(grantee)) END
        FROM pg_class, aclexplode(relacl) WHERE oid = 'audit_clock'::regclass AND grantee <> relowner
    LOOP
        EXECUTE format('REVOKE ALL ON audit_clock FROM %s', role);
    END LOOP;
    FOR role IN
        SELECT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END
        FROM pg_class, aclexplode(relacl)
        WHERE oid = 'audit_entry'::regclass AND grantee <> relowner AND privilege_type = 'SELECT'
    LOOP
        EXECUTE format('GRANT SELECT ON audit_clock TO %s', role);
    END LOOP;
END
$$;

-- Now, or earlier where the clock cannot be trusted.
CREATE FUNCTION audit_now() RETURNS timestamptz
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT least(clock_timestamp(), (SELECT shown FROM audit_clock))
$$;

-- Makes the part for a month, or for a stretch of one; moves there what of it fitted nowhere, and answers how
-- many that were. What is moved keeps its number and hash.
CREATE FUNCTION audit_make_part(begins timestamptz, ends timestamptz) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    part text := 'public.audit_entry_' || to_char(begins, CASE
        WHEN begins = date_trunc('month', begins) THEN 'YYYY_MM' ELSE 'YYYY_MM_DD_HH24_MI_SS_US' END);
    moved bigint := 0;
BEGIN
    EXECUTE format('CREATE TABLE %s (LIKE audit_entry INCLUDING CONSTRAINTS)', part);
    IF EXISTS (SELECT FROM audit_entry_default WHERE recorded >= begins AND recorded < ends) THEN
        -- Nobody else can delete there until it is on again.
        ALTER TABLE audit_entry_default DISABLE TRIGGER audit_entry_kept;
        EXECUTE format(
            'WITH moved AS (DELETE FROM audit_entry_default WHERE recorded >= %L AND recorded < %L '
            'RETURNING *) INSERT INTO %s SELECT * FROM moved', begins, ends, part);
        GET DIAGNOSTICS moved = ROW_COUNT;
        ALTER TABLE audit_entry_default ENABLE ALWAYS TRIGGER audit_entry_kept;
    END IF;
    EXECUTE format(
        'ALTER TABLE audit_entry ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)',
        part, begins, ends);
    PERFORM audit_guard_part(part::regclass);
    RETURN moved;
END
$$;

-- Makes one part that is missing of this month and those ahead, this month's last, and answers how many: 1,
-- or 0 if there is none, or only where entries lie that `audit_move_strays` has to move. Who must wait for
-- others gives up at once, as others would wait behind him.
CREATE OR REPLACE FUNCTION audit_make_months(ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET timezone = 'UTC' SET lock_timeout = '50ms' AS $$
DECLARE
    month timestamptz;
    first timestamptz;
    behind timestamptz;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('viaduct audit months', 0)) THEN
        RETURN 0;
    END IF;
    FOR month IN
        SELECT date_trunc('month', clock_timestamp()) + make_interval(months => n)
        FROM generate_series(least(ahead, 12), 0, -1) AS n
    LOOP
        -- From where to where of it there is none.
        SELECT min(point) INTO first FROM (
            SELECT month AS point UNION ALL SELECT ends FROM audit_months()
            WHERE ends > month AND ends < month + interval '1 month') AS points
        WHERE NOT EXISTS (SELECT FROM audit_months() WHERE point >= starts AND point < ends);
        behind := least(month + interval '1 month',
            (SELECT min(starts) FROM audit_months() WHERE starts > first));
        CONTINUE WHEN first IS NULL OR EXISTS (
            SELECT FROM audit_entry_default WHERE recorded >= first AND recorded < behind);
        IF month <= clock_timestamp() THEN
            -- Who writes just now would find that his entry fits elsewhere.
            LOCK TABLE ONLY audit_entry IN SHARE ROW EXCLUSIVE MODE;
            CONTINUE WHEN EXISTS (
                SELECT FROM audit_entry_default WHERE recorded >= first AND recorded < behind);
        END IF;
        PERFORM audit_make_part(first, behind);
        RETURN 1;
    END LOOP;
    RETURN 0;
END
$$;

DROP FUNCTION audit_make_month;

-- Moves the oldest entries that fitted nowhere, about so many and of one month, into a part that is made for
-- the stretch of it in which they are, and answers how many; 0 if there are none. Nobody writes meanwhile; who
-- must wait for others gives up at once, as others would wait behind him.
CREATE FUNCTION audit_move_strays(most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET timezone = 'UTC' SET lock_timeout = '50ms' AS $$
DECLARE
    oldest timestamptz;
    first timestamptz;
    behind timestamptz;
    next timestamptz;
BEGIN
    IF NOT EXISTS (SELECT FROM audit_entry_default)
        OR NOT pg_try_advisory_xact_lock(hashtextextended('viaduct audit months', 0)) THEN
        RETURN 0;
    END IF;
    LOCK TABLE ONLY audit_entry IN SHARE ROW EXCLUSIVE MODE;
    LOCK TABLE audit_entry_default IN ACCESS EXCLUSIVE MODE;
    -- What lies outside has no month that could have a name.
    SELECT min(recorded) INTO oldest FROM audit_entry_default
        WHERE recorded >= '1970-01-01' AND recorded < '9999-12-01';
    IF oldest IS NULL THEN
        RETURN 0;
    END IF;
    first := greatest(date_trunc('month', oldest),
        (SELECT max(ends) FROM audit_months() WHERE ends <= oldest));
    behind := least(date_trunc('month', oldest) + interval '1 month',
        (SELECT min(starts) FROM audit_months() WHERE starts > oldest));
    SELECT recorded INTO next FROM audit_entry_default
        WHERE recorded >= first AND recorded < behind ORDER BY recorded OFFSET greatest(most, 1) LIMIT 1;
    -- What was recorded at one time cannot be parted.
    IF next = oldest THEN
        SELECT min(recorded) INTO next FROM audit_entry_default
            WHERE recorded > oldest AND recorded < behind;
    END IF;
    RETURN audit_make_part(first, coalesce(next, behind));
END
$$;

-- Cuts off the months before that of `early`, up to the first entry that is younger than `early`, and answers
-- up to which number; NULL if there is nothing. What is younger than 90 days stays, whoever asks; and where the
-- clock is ahead of `audit_clock`, what is younger by as much.
CREATE OR REPLACE FUNCTION audit_cut_off(early timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET timezone = 'UTC' AS $$
DECLARE
    clock timestamptz := clock_timestamp();
    cut bigint := coalesce((SELECT max(number) FROM audit_cut), 0);
    last audit_entry;
BEGIN
    -- A caller's clock may be a little ahead of ours.
    IF early > clock - interval '89 days' THEN
        RAISE EXCEPTION 'the audit log is kept for 90 days at least';
    END IF;
    UPDATE audit_clock SET moved = clock,
        steady = CASE WHEN clock BETWEEN moved AND moved + interval '7 days' THEN steady ELSE clock END,
        shown = CASE
            WHEN clock NOT BETWEEN moved AND moved + interval '7 days' THEN least(clock, shown)
            WHEN clock >= steady + interval '30 days' THEN clock
            ELSE least(clock, shown + (clock - moved)) END
    WHERE is_only IN (SELECT is_only FROM audit_clock FOR UPDATE SKIP LOCKED);
    early := least(early, clock - interval '90 days')
        - (clock - least(clock, (SELECT shown FROM audit_clock)));
    -- This may take long, and nobody waits for it.
    IF NOT EXISTS (
        SELECT FROM audit_entry WHERE number > cut AND recorded < date_trunc('month', early)) THEN
        RETURN NULL;
    END IF;
    -- Entries are in the order of commits, their times nearly so: the last of a month may have come behind
    -- the first of the next, which goes with it.
    SELECT * INTO last FROM audit_entry
        WHERE number > cut AND recorded < date_trunc('month', early) AND number < coalesce((
            SELECT number FROM audit_entry WHERE number > cut AND recorded >= early
            ORDER BY number LIMIT 1), 9223372036854775807)
        ORDER BY number DESC LIMIT 1;
    IF last.number IS NULL THEN
        RETURN NULL;
    END IF;
    -- One at a time. What was written meanwhile has greater numbers, but others may have cut.
    PERFORM FROM audit_head FOR UPDATE;
    IF last.number <= (SELECT max(number) FROM audit_cut) THEN
        RETURN NULL;
    END IF;
    INSERT INTO audit_cut (number, hash, recorded) VALUES (last.number, last.hash, clock_timestamp());
    INSERT INTO audit_entry (recorded, actor, name, action, reports, subject)
        VALUES (clock_timestamp(), 'system', 'viaduct', 'audit.cut', '{}', 'up to ' || last.number);
    RETURN last.number;
END
$$;

-- Takes away the oldest part that was cut off as a whole, and answers how many numbers lie between its first
-- and its last; NULL if there is none. Who must wait for others gives up at once, as others would wait behind
-- him.
CREATE OR REPLACE FUNCTION audit_drop_month() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET timezone = 'UTC' SET lock_timeout = '50ms' AS $$
DECLARE
    cut bigint := (SELECT max(number) FROM audit_cut);
    month regclass;
    first bigint;
    last bigint;
BEGIN
    IF cut IS NULL THEN
        RETURN NULL;
    END IF;
    -- That somebody else is at it does not mean that nothing is left.
    IF NOT pg_try_advisory_xact_lock(hashtextextended('viaduct audit months', 0)) THEN
        RAISE lock_not_available USING MESSAGE = 'somebody else makes or drops months';
    END IF;
    FOR month IN
        SELECT part FROM audit_months() WHERE ends <= audit_now() - interval '90 days' ORDER BY ends
    LOOP
        EXECUTE format('SELECT min(number), max(number) FROM %s', month) INTO first, last;
        CONTINUE WHEN last > cut;
        -- From here on nobody writes; what somebody wrote just now must not go.
        LOCK TABLE ONLY audit_entry IN ACCESS EXCLUSIVE MODE;
        EXECUTE format('SELECT max(number) FROM %s', month) INTO last;
        IF last > cut THEN
            RETURN NULL;
        END IF;
        EXECUTE format('ALTER TABLE audit_entry DETACH PARTITION %s', month);
        EXECUTE format('DROP TABLE %s', month);
        RETURN coalesce(last - first + 1, 0);
    END LOOP;
    RETURN NULL;
END
$$;

REVOKE ALL ON FUNCTION audit_now, audit_make_part, audit_move_strays FROM PUBLIC;

-- Whoever may have months made may have strays moved.
DO $$
DECLARE
    role text;
BEGIN
    FOR role IN
        SELECT quote_ident(pg_get_userbyid(grantee)) FROM pg_proc, aclexplode(proacl)
        WHERE pg_proc.oid = 'audit_make_months'::regproc AND grantee NOT IN (0, proowner)
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION audit_move_strays TO %s', role);
    END LOOP;
END
$$;
