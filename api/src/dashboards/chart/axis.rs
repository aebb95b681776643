//! Axes: round values up the side, round moments along the foot.

use hypernode_analytics::time::iso_millis;

use crate::dashboards::table::number_text;

/// Values at which a line is drawn, from 0 to one at or above everything shown.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    pub(super) ticks: Vec<f64>,
    pub(super) top: f64,
}

/// A scale for values up to `most`; `whole`: parts of one make no sense.
pub(super) fn scale(most: f64, whole: bool) -> Scale {
    let most = if most.is_finite() && most > 0.0 {
        most
    } else {
        1.0
    };
    let rough = most / 4.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|m| m * power)
        .find(|step| *step >= rough * 0.999);
    let mut step = step.unwrap_or(rough);
    if whole {
        step = step.ceil().max(1.0);
    }
    let count = (most / step).ceil().clamp(1.0, 8.0);
    let ticks: Vec<f64> = (0..=8_u8)
        .map(f64::from)
        .take_while(|n| *n <= count)
        .map(|n| n * step)
        .collect();
    Scale {
        top: step * count,
        ticks,
    }
}

/// A tick's value in a narrow margin; all of an axis that ends at `top` are written alike.
pub(super) fn label(value: f64, top: f64) -> String {
    let (unit, letter) = match top {
        top if top >= 1e12 => (1e12, "T"),
        top if top >= 1e9 => (1e9, "G"),
        top if top >= 1e6 => (1e6, "M"),
        top if top >= 1e4 => (1e3, "k"),
        _ => return number_text(value),
    };
    if value == 0.0 {
        return "0".to_owned();
    }
    format!("{}{letter}", number_text(value / unit))
}

/// A moment along the foot.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Moment {
    /// Its place from 0 to 1.
    pub(super) at: f64,
    pub(super) text: String,
    /// Left out where there is little room.
    pub(super) spare: bool,
}

const INTERVALS: [i64; 16] = [
    300, 600, 900, 1_800, 3_600, 7_200, 10_800, 14_400, 21_600, 43_200, 86_400, 172_800, 432_000,
    864_000, 2_592_000, 5_184_000,
];
/// Most labels along the foot.
const MOMENTS: i64 = 7;

/// Round moments from `from`, `length` seconds on.
pub(super) fn moments(from: i64, length: i64) -> Vec<Moment> {
    let length = length.max(1);
    let interval = INTERVALS
        .into_iter()
        .find(|interval| length / interval < MOMENTS)
        .unwrap_or(7_776_000);
    let first = from.div_euclid(interval) * interval;
    let times = (0..=MOMENTS + 2)
        .map(|n| first + n * interval)
        .filter(|time| (from..=from + length).contains(time));
    let place = |time: i64| (time - from) as f64 / length as f64;
    times
        .map(|time| Moment {
            at: place(time),
            text: clock(time, interval),
            spare: time.div_euclid(interval) % 2 != 0,
        })
        .collect()
}

fn clock(time: i64, interval: i64) -> String {
    let iso = iso_millis(time.saturating_mul(1000)).unwrap_or_default();
    let part = |range: std::ops::Range<usize>| iso.get(range).unwrap_or_default();
    if interval < 86_400 && time % 86_400 != 0 {
        return part(11..16).to_owned();
    }
    const NAMES: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let month = part(5..7)
        .parse::<usize>()
        .ok()
        .and_then(|month| NAMES.get(month.checked_sub(1)?));
    format!(
        "{} {}",
        part(8..10).trim_start_matches('0'),
        month.copied().unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_at_a_round_value_above_everything() {
        for (most, whole, top) in [
            (0.0, true, 1.0),
            (1.0, true, 1.0),
            (3.0, true, 3.0),
            (24.0, true, 30.0),
            (937.0, true, 1000.0),
            (0.3, false, 0.3),
            (f64::NAN, false, 1.0),
            (8685.6, false, 10000.0),
        ] {
            let scale = scale(most, whole);
            assert!((scale.top - top).abs() < 1e-9, "{most}: {scale:?}");
            assert!(scale.ticks.len() <= 9 && scale.ticks[0] == 0.0);
        }
    }

    #[test]
    fn labels_of_one_axis_are_alike() {
        let of = |values: &[f64], top| {
            values
                .iter()
                .map(|value| label(*value, top))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            of(&[0.0, 5e3, 1e4, 1.5e4], 1.5e4),
            ["0", "5k", "10k", "15k"]
        );
        assert_eq!(of(&[0.0, 2.5, 7.5], 7.5), ["0", "2.5", "7.5"]);
        assert_eq!(of(&[2_000.0], 4_000.0), ["2,000"]);
        assert_eq!(of(&[3e6, 2.5e6], 3e6), ["3M", "2.5M"]);
    }

    #[test]
    fn moments_are_round_and_few() {
        let of = |from, length| -> Vec<String> {
            moments(from, length)
                .into_iter()
                .map(|one| one.text)
                .collect()
        };
        assert_eq!(
            of(1_714_561_260, 3_600),
            ["11:10", "11:20", "11:30", "11:40", "11:50", "12:00"]
        );
        assert_eq!(
            of(1_714_521_600, 86_400),
            [
                "1 May", "04:00", "08:00", "12:00", "16:00", "20:00", "2 May"
            ]
        );
        for hours in [1, 2, 12, 24, 168, 720, 8_760] {
            let count = of(1_714_561_260, hours * 3_600).len();
            assert!((3..=8).contains(&count), "{hours}: {count}");
        }
    }
}
