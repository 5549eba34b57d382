-- Messages that a colleague handed over: what they say is that colleague's word, not proven by who is named as sender.
CREATE TABLE handed (
    message BLOB NOT NULL PRIMARY KEY,
    device  BLOB NOT NULL                         -- who handed it over
) STRICT, WITHOUT ROWID;
