-- Peers: what waits for them, what came from them, and how far both are.

-- What is shared by all relays about one peer of the settings.
CREATE TABLE peer (
    name text COLLATE "C" PRIMARY KEY
        CONSTRAINT peer_name_form CHECK (name ~ '^[A-Za-z][A-Za-z0-9_-]{0,63}$'),
    -- Whoever pauses it says why; nothing is sent or read until somebody resumes it.
    paused timestamptz,
    pause_reason text,
    -- The breaker: failures in a row, and, once it is open, when the next probe may go.
    failures integer NOT NULL DEFAULT 0
        CONSTRAINT peer_failures_counted CHECK (failures >= 0),
    failing_since timestamptz,
    probe_due timestamptz,
    -- The bucket of the peer's pace: what could be begun when it was last refilled.
    allowance double precision NOT NULL DEFAULT 0,
    refilled timestamptz,
    -- Counts the claims: who counted what is under way before another one claimed, counts again.
    claims bigint NOT NULL DEFAULT 0,
    CONSTRAINT peer_pause_told CHECK ((paused IS NULL) = (pause_reason IS NULL)),
    CONSTRAINT peer_failing_whole CHECK ((failures = 0) = (failing_since IS NULL)),
    CONSTRAINT peer_probe_failing CHECK (probe_due IS NULL OR failures > 0)
);

-- A report as a peer knows it. A reopened report may become another ticket: old ones stay, so that
-- whatever is said about them finds its report.
CREATE TABLE ticket (
    peer text COLLATE "C" NOT NULL REFERENCES peer,
    report text COLLATE "C" NOT NULL REFERENCES report,
    round integer NOT NULL DEFAULT 1
        CONSTRAINT ticket_round_counted CHECK (round > 0),
    -- The peer's id; NULL while there is only a token.
    remote_id text COLLATE "C"
        CONSTRAINT ticket_remote_id_form CHECK (octet_length(remote_id) BETWEEN 1 AND 255),
    token text COLLATE "C"
        CONSTRAINT ticket_token_form CHECK (octet_length(token) BETWEEN 1 AND 255),
    -- Whether we gave the report to the peer, or the peer to us; or both have it, and neither from
    -- the other: then whoever gave it to the peer tells it what is new, and we do not.
    direction text COLLATE "C" NOT NULL
        CONSTRAINT ticket_direction_known CHECK (direction IN ('out', 'in', 'known')),
    recorded timestamptz NOT NULL,
    -- The state last seen at the peer (its word and a digest of the rest), not ours: what is read
    -- again is only news where it differs from this.
    seen_status text,
    seen_content bytea
        CONSTRAINT ticket_seen_content_form CHECK (octet_length(seen_content) = 32),
    seen timestamptz,
    -- When to look at it next, if the peer does not tell by itself what changed; NULL is at once.
    look_due timestamptz,
    -- When the token is to be asked for next.
    token_due timestamptz,
    token_attempts integer NOT NULL DEFAULT 0,
    PRIMARY KEY (peer, report, round),
    CONSTRAINT ticket_remote_once UNIQUE (peer, remote_id),
    CONSTRAINT ticket_named CHECK (num_nonnulls(remote_id, token) > 0)
);

CREATE INDEX ticket_by_report ON ticket (report);
CREATE INDEX ticket_by_token ON ticket (token_due) WHERE remote_id IS NULL;
CREATE INDEX ticket_by_look ON ticket (peer, coalesce(look_due, recorded))
    WHERE remote_id IS NOT NULL;

-- The outbox: carries one event to one peer until it is done.
CREATE TABLE delivery (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    peer text COLLATE "C" NOT NULL REFERENCES peer,
    report text COLLATE "C" NOT NULL REFERENCES report,
    event uuid NOT NULL,
    kind text COLLATE "C" NOT NULL
        CONSTRAINT delivery_kind_known CHECK (kind IN ('report', 'update', 'erasure')),
    "update" text COLLATE "C",
    -- waiting: yet to be done. done: the peer has it. refused: the peer will never take it.
    -- parked: a person must look. dropped: there is no more reason to send it.
    state text COLLATE "C" NOT NULL DEFAULT 'waiting'
        CONSTRAINT delivery_state_known
        CHECK (state IN ('waiting', 'done', 'refused', 'parked', 'dropped')),
    -- Why it is not done, for people.
    reason text,
    -- ambiguous: the last try ended without an answer, so look before sending again. flagged: it
    -- was sent again after such a try, and the peer may have it twice.
    doubt text COLLATE "C" NOT NULL DEFAULT 'none'
        CONSTRAINT delivery_doubt_known CHECK (doubt IN ('none', 'ambiguous', 'flagged')),
    attempts integer NOT NULL DEFAULT 0
        CONSTRAINT delivery_attempts_counted CHECK (attempts >= 0),
    created timestamptz NOT NULL,
    due timestamptz NOT NULL,
    first_tried timestamptz,
    -- When it was claimed last.
    claimed timestamptz,
    finished timestamptz,
    -- Counts the claims: who holds an older number is too late (D9).
    lease bigint NOT NULL DEFAULT 0,
    CONSTRAINT delivery_once UNIQUE (peer, event),
    CONSTRAINT delivery_update_named CHECK ((kind = 'update') = ("update" IS NOT NULL)),
    CONSTRAINT delivery_end_told CHECK ((state IN ('waiting', 'parked')) = (finished IS NULL))
);

-- In order per report and peer: what waits or is parked holds back what comes later.
CREATE INDEX delivery_in_order ON delivery (peer, report, id) WHERE state IN ('waiting', 'parked');
CREATE INDEX delivery_by_report ON delivery (report, id);
-- For whoever looks after them: what waits, the oldest first, and what a person must see to.
CREATE INDEX delivery_waiting ON delivery (peer, created, id) WHERE state = 'waiting';
CREATE INDEX delivery_halted ON delivery (peer, state, id) WHERE state IN ('parked', 'refused');

-- The unfinished deliveries of one report to one peer, which go one at a time and in order; no row
-- if there are none. Who claims looks at lanes, however many deliveries wait behind the first one.
CREATE TABLE lane (
    -- No references: those of its deliveries hold for it.
    peer text COLLATE "C" NOT NULL,
    report text COLLATE "C" NOT NULL,
    -- When to look at the first delivery; infinity: not before somebody changes something.
    due timestamptz NOT NULL,
    -- Counts whatever is done to the deliveries: who looked before decides nothing.
    changes bigint NOT NULL DEFAULT 0,
    -- The delivery that somebody has claimed, by which claim, and until when nobody else may.
    delivery bigint,
    lease bigint,
    lease_until timestamptz,
    PRIMARY KEY (peer, report),
    CONSTRAINT lane_claim_whole CHECK (num_nulls(delivery, lease, lease_until) IN (0, 3))
);

CREATE INDEX lane_by_due ON lane (peer, due, report);
CREATE INDEX lane_claimed ON lane (peer, lease_until) WHERE lease_until IS NOT NULL;

-- Every try of a delivery.
CREATE TABLE attempt (
    delivery bigint NOT NULL REFERENCES delivery ON DELETE CASCADE,
    number integer NOT NULL,
    started timestamptz NOT NULL,
    ended timestamptz NOT NULL,
    outcome text COLLATE "C" NOT NULL
        CONSTRAINT attempt_outcome_known
        CHECK (outcome IN ('accepted', 'found', 'refused', 'forbidden', 'later', 'ambiguous')),
    status integer,
    -- What the peer said, redacted, at most 2,000 bytes.
    reason text,
    PRIMARY KEY (delivery, number)
);

-- What a peer must show because we told it so: when it comes back it is no news (peers.md 5.3).
CREATE TABLE echo (
    peer text COLLATE "C" NOT NULL REFERENCES peer,
    report text COLLATE "C" NOT NULL REFERENCES report,
    -- Of a text without regard to blanks and case, or of a status word.
    content bytea NOT NULL
        CONSTRAINT echo_content_form CHECK (octet_length(content) = 32),
    told timestamptz NOT NULL,
    PRIMARY KEY (peer, report, content)
);

-- What came from peers, each thing once.
CREATE TABLE inbox (
    peer text COLLATE "C" NOT NULL REFERENCES peer,
    kind text COLLATE "C" NOT NULL
        CONSTRAINT inbox_kind_known CHECK (kind IN ('report', 'update')),
    -- The peer's id of it; of an update with the ticket in front, or a digest where it has none.
    remote_id text COLLATE "C" NOT NULL
        CONSTRAINT inbox_remote_id_form CHECK (octet_length(remote_id) BETWEEN 1 AND 600),
    -- SHA-256 of what it said first.
    content bytea NOT NULL
        CONSTRAINT inbox_content_form CHECK (octet_length(content) = 32),
    state text COLLATE "C" NOT NULL
        CONSTRAINT inbox_state_known CHECK (state IN (
            'applied', 'echo', 'known', 'proposed', 'quarantined', 'ignored')),
    reason text,
    report text COLLATE "C" REFERENCES report,
    "update" text COLLATE "C",
    -- Whether it changed the report's status: the brake counts these.
    is_change boolean NOT NULL DEFAULT false,
    received timestamptz NOT NULL,
    -- What is yet to be judged by a person, and is tried again by `viaduct peer replay`.
    payload jsonb,
    CONSTRAINT inbox_payload_kept CHECK ((state = 'quarantined') = (payload IS NOT NULL)),
    PRIMARY KEY (peer, kind, remote_id)
);

CREATE INDEX inbox_quarantined ON inbox (peer, received) WHERE state = 'quarantined';
CREATE INDEX inbox_changes ON inbox (report, received) WHERE is_change;

-- Where a thing began, whatever way it came: the second one to bring it brings nothing new (D14).
CREATE TABLE origin (
    authority text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL
        CONSTRAINT origin_kind_known CHECK (kind IN ('report', 'update')),
    origin_id text COLLATE "C" NOT NULL
        CONSTRAINT origin_id_form CHECK (octet_length(origin_id) BETWEEN 1 AND 600),
    report text COLLATE "C" NOT NULL REFERENCES report,
    "update" text COLLATE "C",
    -- The authorities it had passed when it came to us.
    path text[] NOT NULL,
    PRIMARY KEY (authority, kind, origin_id)
);

CREATE INDEX origin_by_report ON origin (report);

-- How far we have read a peer.
CREATE TABLE cursor (
    peer text COLLATE "C" PRIMARY KEY REFERENCES peer,
    value text
        CONSTRAINT cursor_value_form CHECK (octet_length(value) <= 1024),
    -- How far the sweep is that is under way.
    sweep_value text
        CONSTRAINT cursor_sweep_value_form CHECK (octet_length(sweep_value) <= 1024),
    -- When it was read last with success, and when the next reading and the next sweep are due.
    read timestamptz,
    due timestamptz NOT NULL,
    sweep_due timestamptz,
    failures integer NOT NULL DEFAULT 0,
    reason text,
    lease bigint NOT NULL DEFAULT 0,
    lease_until timestamptz
);

-- Who handles a report now: a peer, or ourselves. Whoever handles it decides its status.
ALTER TABLE report ADD COLUMN handler text COLLATE "C" REFERENCES peer;

ALTER TABLE event
    DROP CONSTRAINT event_kind_known,
    ADD CONSTRAINT event_kind_known CHECK (kind IN (
        'created', 'imported', 'corrected', 'published', 'updated', 'noted', 'supported',
        'pictured', 'removed', 'handed'));

REVOKE ALL ON peer, ticket, delivery, lane, attempt, echo, inbox, origin, cursor FROM PUBLIC;
