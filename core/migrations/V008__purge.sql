-- What is purged leaves the segments of the full-text index at once, not only when they happen to be merged.
INSERT INTO message_index (message_index, rank) VALUES ('secure-delete', 1);
INSERT INTO message_index (message_index) VALUES ('optimize');

CREATE INDEX card_conversation ON card (conversation);
CREATE INDEX patient_token_token ON patient_token (token);
CREATE INDEX reaction_message ON reaction (reaction_message);
