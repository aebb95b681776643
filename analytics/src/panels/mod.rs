//! The SQL dashboards: one file per panel in `dashboards/`, compiled in. The same text is what people run by hand, what the
//! dashboards page shows, and what the Grafana dashboards are made of.

mod chart;
mod grafana;
mod header;
mod parameter;
mod registry;
mod run;

pub use chart::{Chart, ChartKind};
pub use grafana::files as grafana_files;
pub use header::{Basis, Header, HeaderError, parse};
pub use parameter::{Parameter, ParameterType};
pub use registry::{Group, Panel, find, groups, texts};
pub use run::{Cell, Column, ColumnKind, MAX_ROWS, Marks, Table, run};
