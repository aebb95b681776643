//! How our types stand in columns.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Value, ValueRef};

use crate::accounts::Roles;
use crate::ids::{Address, Digest};
use crate::tasks::TaskState;

impl ToSql for Address {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(&self.0)))
    }
}

impl FromSql for Address {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        FromSql::column_result(value).map(Self)
    }
}

impl ToSql for Digest {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(&self.0)))
    }
}

impl FromSql for Digest {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        FromSql::column_result(value).map(Self)
    }
}

impl ToSql for Roles {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Owned(Value::Integer(i64::from(self.0))))
    }
}

impl FromSql for Roles {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        FromSql::column_result(value).map(Self)
    }
}

impl ToSql for TaskState {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Owned(Value::Integer(*self as i64)))
    }
}

impl FromSql for TaskState {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        usize::try_from(number)
            .ok()
            .and_then(|number| Self::ALL.get(number).copied())
            .ok_or(FromSqlError::OutOfRange(number))
    }
}

/// A whole `u64` in a signed column: with the highest bit flipped, order and equality are those of the amounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Amount(pub(super) u64);

const HIGHEST: u64 = 1 << 63;

impl ToSql for Amount {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let stored = (self.0 ^ HIGHEST).cast_signed();
        Ok(ToSqlOutput::Owned(Value::Integer(stored)))
    }
}

impl FromSql for Amount {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(Self(value.as_i64()?.cast_unsigned() ^ HIGHEST))
    }
}

/// Bytes that sort before those of every address.
pub(super) const FIRST: &[u8] = &[];

/// A number that is counted up from 0 and never reaches the end of `i64`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count(pub(super) u64);

impl ToSql for Count {
    // One that a caller made up beyond any that was given is as good as the largest.
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let stored = i64::try_from(self.0).unwrap_or(i64::MAX);
        Ok(ToSqlOutput::Owned(Value::Integer(stored)))
    }
}

impl FromSql for Count {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        u64::try_from(number)
            .map(Self)
            .map_err(|_| FromSqlError::OutOfRange(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(amount: u64) -> i64 {
        match Amount(amount).to_sql().unwrap() {
            ToSqlOutput::Owned(Value::Integer(stored)) => stored,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn amounts_keep_value_and_order_over_the_whole_range() {
        let amounts = [0, 1, u64::MAX / 2, u64::MAX / 2 + 1, u64::MAX - 1, u64::MAX];
        for pair in amounts.windows(2) {
            assert!(stored(pair[0]) < stored(pair[1]));
        }
        for amount in amounts {
            let read = Amount::column_result(ValueRef::Integer(stored(amount))).unwrap();
            assert_eq!(read, Amount(amount));
        }
    }

    #[test]
    fn states_keep_their_numbers() {
        for (number, state) in TaskState::ALL.into_iter().enumerate() {
            assert_eq!(state as usize, number);
            let read = TaskState::column_result(ValueRef::Integer(number as i64)).unwrap();
            assert_eq!(read, state);
        }
        assert!(TaskState::column_result(ValueRef::Integer(6)).is_err());
    }
}
