//! Column buffers in ClickHouse's `Native` layout.

mod pool;
mod stream;
mod table;

pub(crate) use stream::{Stream, read_string};
pub(crate) use table::{Head, HeadColumn, RowWriter, Table};
