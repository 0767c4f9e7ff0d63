-- What was erased of reports, so that no import, repeat, peer or restored backup brings it back (P5,
-- P12).
CREATE TABLE tombstone (
    report text COLLATE "C" NOT NULL REFERENCES report,
    part text COLLATE "C" NOT NULL
        CONSTRAINT tombstone_part_known CHECK (part IN ('contact', 'text', 'photos')),
    -- What was told before this time is erased, whenever it comes.
    erased timestamptz NOT NULL,
    -- The event that tells of it, and is delivered to peers.
    event uuid NOT NULL,
    PRIMARY KEY (event, part)
);

CREATE INDEX tombstone_by_report ON tombstone (report, part, erased);

-- Erasures wait for nothing else that is to be told of a report.
CREATE INDEX delivery_erasing ON delivery (peer, report, id)
    WHERE kind = 'erasure' AND state = 'waiting';

ALTER TABLE event
    DROP CONSTRAINT event_kind_known,
    ADD CONSTRAINT event_kind_known CHECK (kind IN (
        'created', 'imported', 'corrected', 'published', 'updated', 'noted', 'supported',
        'pictured', 'removed', 'handed', 'erased'));

REVOKE ALL ON tombstone FROM PUBLIC;
