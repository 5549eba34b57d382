-- Random tokens that stand for patients in lists (45 CFR 164.514(c)): one row per identifier's digest.
CREATE TABLE patient_token (
    record BLOB NOT NULL PRIMARY KEY,
    token  BLOB NOT NULL
) STRICT, WITHOUT ROWID;
