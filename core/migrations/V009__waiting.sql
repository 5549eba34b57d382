-- What came before the message it is about: decrypted, because its key is used up, and applied once that message is
-- here. Its row in `held` shows it, and keeps the bytes it came as.
CREATE TABLE waiting (
    held       INTEGER NOT NULL PRIMARY KEY,
    subject    BLOB    NOT NULL,                  -- what it waits for
    event      BLOB    NOT NULL UNIQUE,           -- its own MessageId: a repetition waits once
    sender     BLOB    NOT NULL,                  -- device
    owner_kind INTEGER NOT NULL,
    owner      BLOB    NOT NULL,
    priority   INTEGER NOT NULL,
    content    BLOB    NOT NULL,                  -- MIMI content
    sent       INTEGER NOT NULL,
    drifted    INTEGER NOT NULL,
    judged_at  INTEGER NOT NULL,
    until      INTEGER NOT NULL                   -- no longer than this
) STRICT;

CREATE INDEX waiting_subject ON waiting (subject);
CREATE INDEX waiting_sender ON waiting (sender);
CREATE INDEX waiting_until ON waiting (until);

-- The content goes with the wait: what is judged, or applied, leaves nothing readable here.
CREATE TRIGGER waiting_judged AFTER UPDATE OF refused ON held WHEN new.refused = 1 BEGIN
    DELETE FROM waiting WHERE held = new.id;
END;
CREATE TRIGGER waiting_done AFTER DELETE ON held BEGIN
    DELETE FROM waiting WHERE held = old.id;
END;
