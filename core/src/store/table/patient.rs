//! Patient tokens: random, shared by all identifiers of one patient.

use rusqlite::{OptionalExtension, params};

use crate::store::{ReadTx, StoreError, WriteTx};

impl ReadTx<'_> {
    /// The token that stands for any of these identifiers' digests (32 bytes each, concatenated).
    pub fn patient_token(&self, records: &[u8]) -> Result<Option<[u8; 16]>, StoreError> {
        let mut statement = self
            .conn()
            .prepare_cached("SELECT token FROM patient_token WHERE record = ?1")?;
        for record in records.chunks_exact(32) {
            if let Some(token) = statement.query_row([record], |row| row.get(0)).optional()? {
                return Ok(Some(token));
            }
        }
        Ok(None)
    }
    /// Whether a token that is shown alike (by its first four bytes) stands for somebody.
    pub fn token_in_use(&self, token: &[u8; 16]) -> Result<bool, StoreError> {
        let (mut first, mut last) = ([0; 16], [0xff; 16]);
        first[..4].copy_from_slice(&token[..4]);
        last[..4].copy_from_slice(&token[..4]);
        let sql = "SELECT 1 FROM patient_token WHERE token >= ?1 AND token <= ?2";
        Ok(self
            .conn()
            .prepare_cached(sql)?
            .exists(params![first, last])?)
    }
}

impl WriteTx<'_> {
    /// Lets a token stand for these identifiers; one that stands already stays.
    pub fn put_patient_token(&self, records: &[u8], token: &[u8; 16]) -> Result<(), StoreError> {
        let sql =
            "INSERT INTO patient_token (record, token) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        let mut statement = self.conn().prepare_cached(sql)?;
        for record in records.chunks_exact(32) {
            statement.execute(params![record, token])?;
        }
        Ok(())
    }
}
