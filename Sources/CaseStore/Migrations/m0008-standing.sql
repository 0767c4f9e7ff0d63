-- Changes of a status in one second are ordered by what is the same everywhere, so that all who know
-- them agree: by who was told first, and its id of the change.

ALTER TABLE report
    -- When the change happened that decided, by the clock of whoever told it; `standing_time` is
    -- later if it had to make place for another of the same second.
    ADD COLUMN standing_told timestamptz,
    -- Who was told first, and its id of it.
    ADD COLUMN standing_origin text COLLATE "C",
    DROP CONSTRAINT report_standing_whole;

UPDATE report SET standing_told = standing_time, standing_origin = ''
WHERE standing_time IS NOT NULL;

ALTER TABLE report
    ADD CONSTRAINT report_standing_whole CHECK (num_nulls(
        standing_epoch, standing_time, standing_told, standing_origin, standing_event) IN (0, 5)),
    ADD CONSTRAINT report_standing_told_before CHECK (standing_told <= standing_time);
