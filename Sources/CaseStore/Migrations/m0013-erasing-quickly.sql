-- An erasure finds what is kept of a report without looking through everything, and whoever writes the
-- erasures down reads the new ones only.
CREATE INDEX idempotency_by_report ON idempotency (report);
CREATE INDEX inbox_by_report ON inbox (report) WHERE report IS NOT NULL;
CREATE INDEX tombstone_by_time ON tombstone (erased, event);
