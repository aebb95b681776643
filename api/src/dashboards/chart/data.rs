//! Rows to series.

use hypernode_analytics::panels::{Cell, ColumnKind, Panel, Table};

/// Series over time, each with a value for each moment or none.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Series {
    pub(super) moments: Vec<i64>,
    pub(super) names: Vec<String>,
    pub(super) values: Vec<Vec<Option<f64>>>,
    /// Whether the moments are days.
    by_day: bool,
}

impl Series {
    /// Of a chart over time; `None` without two columns of them, or without rows.
    pub(super) fn new(panel: &Panel, table: &Table) -> Option<Self> {
        let chart = &panel.header.chart;
        let x = table.column(chart.x.as_deref()?)?;
        let mut series = Self {
            moments: Vec::new(),
            names: Vec::new(),
            values: Vec::new(),
            by_day: table
                .columns
                .get(x)
                .is_some_and(|column| column.kind == ColumnKind::Day),
        };
        let place = |column: &String| table.column(column);
        let ys: Vec<usize> = chart.y.iter().map(place).collect::<Option<_>>()?;
        let by = chart.series.as_ref().and_then(place);
        if by.is_none() {
            series.names.clone_from(&chart.y);
            series.values = vec![Vec::new(); ys.len()];
        }
        for row in &table.rows {
            let Some(Cell::Time(moment)) = row.get(x) else {
                continue;
            };
            // Rows come in the order of time.
            if series.moments.last() != Some(moment) {
                series.moments.push(*moment);
            }
            let at = series.moments.len() - 1;
            for (index, y) in ys.iter().enumerate() {
                let line = match by {
                    Some(by) => series.named(row.get(by)),
                    None => index,
                };
                if let Some(values) = series.values.get_mut(line) {
                    values.resize(at, None);
                    values.push(row.get(*y).and_then(number));
                }
            }
        }
        let length = series.moments.len();
        for values in &mut series.values {
            values.resize(length, None);
        }
        (length > 0).then_some(series)
    }

    /// The place of the series that a cell names.
    fn named(&mut self, cell: Option<&Cell>) -> usize {
        let name = match cell {
            Some(Cell::Text(text)) => text.as_str(),
            _ => "other",
        };
        if let Some(known) = self.names.iter().position(|known| known == name) {
            return known;
        }
        self.names.push(name.to_owned());
        self.values.push(Vec::new());
        self.names.len() - 1
    }

    /// Seconds from one moment to the next.
    pub(super) fn width(&self) -> i64 {
        match self.moments.as_slice() {
            [first, second, ..] => (second - first).max(1),
            _ if self.by_day => 86_400,
            _ => 3_600,
        }
    }

    /// The highest value, or the highest sum at one moment.
    pub(super) fn most(&self, stacked: bool) -> f64 {
        let at = |index: usize| {
            self.values
                .iter()
                .filter_map(move |line| line.get(index).copied().flatten())
        };
        let all = (0..self.moments.len()).map(|index| {
            if stacked {
                at(index).filter(|value| *value > 0.0).sum()
            } else {
                at(index).fold(0.0, f64::max)
            }
        });
        all.fold(0.0, f64::max)
    }

    /// Whether all values are whole numbers.
    pub(super) fn is_whole(&self) -> bool {
        self.values
            .iter()
            .flatten()
            .flatten()
            .all(|value| value.fract() == 0.0)
    }
}

pub(super) fn number(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Number(number) => number.as_f64().filter(|number| number.is_finite()),
        _ => None,
    }
}
