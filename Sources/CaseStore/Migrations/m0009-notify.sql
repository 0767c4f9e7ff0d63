-- Whether those who follow a report are told of an update by themselves; of a peer's, its mapping says
-- so, status by status.
ALTER TABLE "update" ADD COLUMN notify boolean NOT NULL DEFAULT true;

-- Deliveries of updates that ended, the oldest first: they are not kept for ever.
CREATE INDEX delivery_ended ON delivery (finished)
    WHERE kind = 'update' AND finished IS NOT NULL;
