-- What peers tell us by calling us, beside what we read at theirs.

-- The signed calls that were taken lately: a second one of the same id is the same call, or it is
-- refused (A7). Older ones their own time of signing refuses.
CREATE TABLE peer_call (
    peer text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL
        CONSTRAINT peer_call_id_form CHECK (octet_length(id) BETWEEN 1 AND 255),
    -- SHA-256 of what was asked, and where.
    content bytea NOT NULL
        CONSTRAINT peer_call_content_form CHECK (octet_length(content) = 32),
    taken timestamptz NOT NULL,
    PRIMARY KEY (peer, id)
);

CREATE INDEX peer_call_by_time ON peer_call (taken);

-- Which reports a peer told us, whether or not another had told us before: of these it may tell
-- more.
CREATE TABLE giver (
    peer text COLLATE "C" NOT NULL REFERENCES peer,
    report text COLLATE "C" NOT NULL REFERENCES report,
    told timestamptz NOT NULL,
    PRIMARY KEY (peer, report)
);

REVOKE ALL ON peer_call, giver FROM PUBLIC;
