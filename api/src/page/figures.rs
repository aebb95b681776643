//! The figures that the page shows: each has one name, on the page, in the live stream and in the address of its proof.

use std::fmt::Write as _;

use hypernode_analytics::metrics::Figures;

use crate::html::{grouped, hyper};

/// What a number counts, and so how it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Count,
    /// Base units of HYPER.
    Amount,
    /// Milliseconds; absent while no job has run.
    Duration,
}

/// A figure that the page shows.
#[derive(Debug)]
pub(crate) struct Shown {
    /// That of its field in [`Figures`].
    pub(crate) name: &'static str,
    title: &'static str,
    kind: Kind,
    read: fn(&Figures) -> Option<u128>,
}

impl Shown {
    /// The number itself; absent where there is none to tell.
    pub(crate) fn value(&self, figures: &Figures) -> Option<u128> {
        (self.read)(figures)
    }

    /// The number as people read it.
    pub(crate) fn text(&self, figures: &Figures, decimals: u8) -> String {
        match (self.value(figures), self.kind) {
            (None, _) => "–".to_owned(),
            (Some(number), Kind::Count) => grouped(number),
            (Some(raw), Kind::Amount) => hyper(raw, decimals),
            (Some(millis), Kind::Duration) => {
                format!("{}.{} s", grouped(millis / 1000), millis % 1000 / 100)
            }
        }
    }
}

const fn shown(
    name: &'static str,
    title: &'static str,
    kind: Kind,
    read: fn(&Figures) -> Option<u128>,
) -> Shown {
    Shown {
        name,
        title,
        kind,
        read,
    }
}

const COUNT: Kind = Kind::Count;

/// All of them, in the page's order.
#[rustfmt::skip]
pub(crate) static SHOWN: [Shown; 18] = [
    shown("nodes_active", "Active nodes", COUNT, |f| Some(f.nodes_active.into())),
    shown("nodes_registered", "Registered nodes", COUNT, |f| Some(f.nodes_registered.into())),
    shown("jobs_completed", "Completed jobs", COUNT, |f| Some(f.jobs_completed.into())),
    shown("jobs_created", "Created jobs", COUNT, |f| Some(f.jobs_created.into())),
    shown("paid_total", "HYPER paid", Kind::Amount, |f| Some(f.paid_total)),
    shown("paid_24h", "HYPER paid, 24 h", Kind::Amount, |f| Some(f.paid_24h)),
    shown("locked", "Value locked", Kind::Amount, |f| Some(f.locked)),
    shown("jobs_pending", "Pending", COUNT, |f| Some(f.jobs_pending.into())),
    shown("jobs_running", "Running", COUNT, |f| Some(f.jobs_running.into())),
    shown("jobs_failed", "Failed", COUNT, |f| Some(f.jobs_failed.into())),
    shown("jobs_cancelled", "Cancelled", COUNT, |f| Some(f.jobs_cancelled.into())),
    shown("jobs_settled", "Settled", COUNT, |f| Some(f.jobs_settled.into())),
    shown("jobs_24h", "Jobs, 24 h", COUNT, |f| Some(f.jobs_24h.into())),
    shown("jobs_7d", "Jobs, 7 d", COUNT, |f| Some(f.jobs_7d.into())),
    shown("paid_7d", "HYPER paid, 7 d", Kind::Amount, |f| Some(f.paid_7d)),
    shown("run_p50", "Half within", Kind::Duration, |f| quantile(f, 0)),
    shown("run_p95", "95 of 100 within", Kind::Duration, |f| quantile(f, 1)),
    shown("run_p99", "99 of 100 within", Kind::Duration, |f| quantile(f, 2)),
];

fn quantile(figures: &Figures, index: usize) -> Option<u128> {
    let known = figures.run_quantiles_ms.get(index).copied();
    known.filter(|_| figures.runs > 0).map(u128::from)
}

/// Where a figure is proven.
pub(crate) fn proof(name: &str) -> String {
    format!("/api/validation/figures/{name}")
}

/// The figure's text in an element that the live stream keeps up to date; nothing for a name that is not [`SHOWN`].
pub(crate) fn live(name: &str, figures: &Figures, decimals: u8) -> String {
    let of = SHOWN.iter().find(|of| of.name == name);
    of.map_or_else(String::new, |of| {
        let text = of.text(figures, decimals);
        format!("<span id=\"{name}\" data-live=\"{name}\">{text}</span>")
    })
}

/// A table's rows: title, number, link to the proof.
pub(crate) fn rows(names: &[&str], figures: &Figures, decimals: u8) -> String {
    let mut out = String::new();
    for of in names
        .iter()
        .filter_map(|name| SHOWN.iter().find(|of| of.name == *name))
    {
        let _ = write!(
            out,
            "<tr><th scope=\"row\">{title}</th><td class=\"number\">{number}</td><td class=\"proof\">{link}</td></tr>",
            title = of.title,
            number = live(of.name, figures, decimals),
            link = link(of.name, "Proof"),
        );
    }
    out
}

/// The link to a figure's proof: `word` is what stands there, the figure's title what is read aloud.
pub(crate) fn link(name: &str, word: &str) -> String {
    let title = SHOWN
        .iter()
        .find(|of| of.name == name)
        .map_or(name, |of| of.title);
    format!(
        "<a href=\"{}\" aria-label=\"Proof: {title}\">{word}</a>",
        proof(name)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_by_what_they_count() {
        let figures = Figures {
            nodes_active: 1_234,
            locked: 1_234_567_890,
            runs: 1,
            run_quantiles_ms: vec![12_000, 1_234_560, 99],
            ..Figures::default()
        };
        let text = |name: &str| live(name, &figures, 6);
        assert!(text("nodes_active").ends_with(">1,234</span>"));
        assert!(text("locked").ends_with(">1,234.56</span>"));
        assert!(text("run_p50").ends_with(">12.0 s</span>"));
        assert!(text("run_p95").ends_with(">1,234.5 s</span>"));
        assert!(text("run_p99").ends_with(">0.0 s</span>"));
        assert_eq!(text("no_such_figure"), "");
    }

    #[test]
    fn what_is_not_known_is_a_dash_and_no_zero() {
        let none = Figures {
            run_quantiles_ms: vec![0, 0, 0],
            ..Figures::default()
        };
        assert!(live("run_p50", &none, 6).ends_with(">–</span>"));
    }
}
