-- Under which number the sender of a report knows it. Another sender may use the same number for
-- another report, so only the one that gave it is ever told of it.
CREATE TABLE foreign_number (
    report text COLLATE "C" PRIMARY KEY REFERENCES report,
    client text COLLATE "C" NOT NULL,
    number text COLLATE "C" NOT NULL
        CONSTRAINT foreign_number_form CHECK (octet_length(number) BETWEEN 1 AND 255)
);
