-- What callers have taken of their rations lately, so that all nodes count together (A9). A crash may
-- empty it: a bucket that is not here is full. Nobody is here for longer than the ration's own time,
-- and until the next hourly pruning.
CREATE UNLOGGED TABLE ration (
    bucket text COLLATE "C" PRIMARY KEY
        CONSTRAINT ration_bucket_form CHECK (octet_length(bucket) BETWEEN 1 AND 200),
    -- When it will be full again.
    full_at timestamptz NOT NULL
) WITH (fillfactor = 50);

-- Whether the key is in everybody's hands, as in an app: then addresses are counted as well.
ALTER TABLE client_key ADD COLUMN shared boolean NOT NULL DEFAULT false;

REVOKE ALL ON ration FROM PUBLIC;
