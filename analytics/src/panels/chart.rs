//! How a panel is drawn: a small closed vocabulary, so that the page and Grafana can both keep to it.

/// The kinds of charts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChartKind {
    /// Values over time.
    Lines,
    /// Amounts of each step of time, one on the other.
    StackedBars,
    /// Amounts at each moment, one on the other.
    StackedArea,
    /// One bar for each of a few things.
    Bars,
    /// Rows that are read.
    Table,
    /// One figure.
    Number,
}

impl ChartKind {
    /// The words in a header.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lines => "lines",
            Self::StackedBars => "stacked bars",
            Self::StackedArea => "stacked area",
            Self::Bars => "bars",
            Self::Table => "table",
            Self::Number => "number",
        }
    }

    /// Whether `x` is time.
    #[must_use]
    pub fn is_over_time(self) -> bool {
        matches!(self, Self::Lines | Self::StackedBars | Self::StackedArea)
    }

    fn of(words: &str) -> Option<Self> {
        let all = [
            Self::Lines,
            Self::StackedBars,
            Self::StackedArea,
            Self::Bars,
            Self::Table,
            Self::Number,
        ];
        all.into_iter().find(|kind| kind.as_str() == words)
    }
}

/// A chart and the columns that it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// How it is drawn.
    pub kind: ChartKind,
    /// Column of the places along the axis.
    pub x: Option<String>,
    /// Columns of values.
    pub y: Vec<String>,
    /// Column whose values are the series, where rows hold one series each.
    pub series: Option<String>,
}

impl Chart {
    /// Reads `KIND; x = column, y = column, column, series = column`.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (kind, places) = text.split_once(';').unwrap_or((text, ""));
        let kind = ChartKind::of(kind.trim()).ok_or(
            "the chart is lines, stacked bars, stacked area, bars, table or number, then `; x = …, y = …`",
        )?;
        let mut chart = Self {
            kind,
            x: None,
            y: Vec::new(),
            series: None,
        };
        let mut place = "";
        for item in places
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
        {
            let column = match item.split_once('=') {
                Some((name, column)) => {
                    place = name.trim();
                    column.trim()
                }
                None => item,
            };
            if !is_name(column) {
                return Err(format!("`{column}` is no column name"));
            }
            match place {
                "x" if chart.x.is_none() => chart.x = Some(column.to_owned()),
                "y" if !chart.y.iter().any(|known| known == column) => {
                    chart.y.push(column.to_owned());
                }
                "series" if chart.series.is_none() => chart.series = Some(column.to_owned()),
                _ => {
                    return Err(format!(
                        "`{item}`: x and series name one column, y some different ones"
                    ));
                }
            }
        }
        chart.check()?;
        Ok(chart)
    }

    fn check(&self) -> Result<(), String> {
        let fits = match self.kind {
            ChartKind::Table => self.x.is_none() && self.y.is_empty() && self.series.is_none(),
            ChartKind::Number => self.x.is_none() && self.y.len() == 1 && self.series.is_none(),
            ChartKind::Bars => self.x.is_some() && self.y.len() == 1 && self.series.is_none(),
            ChartKind::Lines | ChartKind::StackedBars | ChartKind::StackedArea => {
                let one_way = self.series.is_none() || self.y.len() == 1;
                self.x.is_some() && !self.y.is_empty() && one_way
            }
        };
        let needs = "a table names no column, a number one y, bars x and one y, the others x and y (one y with series)";
        if fits { Ok(()) } else { Err(needs.to_owned()) }
    }

    /// Every column that it names.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        let places = self.x.iter().chain(&self.y).chain(&self.series);
        places.map(String::as_str)
    }
}

/// Small letters, digits and underscores, not beginning with a digit.
pub(super) fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    text.bytes().all(allowed)
        && text
            .bytes()
            .next()
            .is_some_and(|byte| !byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_belong_to_the_place_before_them() {
        let chart = Chart::parse("stacked bars; x = hour, y = a, b").unwrap();
        assert_eq!(chart.kind, ChartKind::StackedBars);
        assert_eq!(chart.columns().collect::<Vec<_>>(), ["hour", "a", "b"]);
        let chart = Chart::parse("lines; x = hour, y = n, series = kind").unwrap();
        assert_eq!(chart.series.as_deref(), Some("kind"));
        assert!(Chart::parse("table").is_ok());
        assert!(Chart::parse("number; y = n").is_ok());
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        for bad in [
            "",
            "pie; x = a, y = b",
            "lines",
            "lines; y = b",
            "lines; x = a",
            "lines; x = a, x = b, y = c",
            "lines; x = a, y = b, y = b",
            "lines; x = a, y = b, c, series = d",
            "lines; x = A, y = b",
            "lines; a, y = b",
            "table; x = a",
            "number; y = a, b",
            "bars; x = a, y = b, c",
            "lines; x = 1a, y = b",
            "lines; x = a, y = b, z = c",
        ] {
            assert!(Chart::parse(bad).is_err(), "{bad}");
        }
    }
}
