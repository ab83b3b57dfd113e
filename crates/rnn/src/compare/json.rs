//! A report as data for other programs, and as a picture.
//!
//! ```text
//! { "version": 1, "agree": false, "tolerance": 1e-12, "relative": 0.186,
//!   "causes": [ { "cause": "direct part only: …" | null, "arrays": ["u", …] }, … ],
//!   "rows": [ { "name": "u", "step": 3 | null, "absolute": …, "relative": …, "cosine": …, "sign_flips": 0,
//!               "worst": { "index": [0, 1], "left": …, "right": …, "ulps": … } | null }
//!           | { "name": …, "step": …, "problem": "missing on the left" } … ] }
//! ```
//!
//! Keys come in the order shown. What JSON has no number for is a string: `"NaN"`, `"inf"`, `"-inf"`.

use super::{Finding, Report, Row};
use crate::heat_map::{HeatMap, append};

impl Report {
    /// The report as JSON. What version 1 has will stay in it.
    pub fn to_json(&self) -> String {
        let mut out = String::from("{\"version\":1,\"agree\":");
        append(&mut out, format_args!("{},\"tolerance\":", self.agrees_within(self.tolerance())));
        append(
            &mut out,
            format_args!("{},\"relative\":{}", number(self.tolerance()), number(self.relative())),
        );
        let cause = |cause: Option<String>| cause.map_or("null".into(), |cause| string(&cause));
        let charges = self.charges.iter().map(|charge| {
            let name = cause(charge.cause.as_ref().map(ToString::to_string));
            format!(
                "{{\"cause\":{name},\"arrays\":[{}]}}",
                list(charge.arrays.iter().map(|name| string(name)))
            )
        });
        append(&mut out, format_args!(",\"causes\":[{}]", list(charges)));
        append(&mut out, format_args!(",\"rows\":[{}]}}", list(self.rows.iter().map(row))));
        out
    }

    /// The relative error of every row as a heat map: a line for each name, a square for each time step. White is
    /// the tolerance and less, black the largest error; what could not be compared is red.
    pub fn to_svg(&self) -> String {
        let first = self.rows.iter().filter_map(|row| row.step).min().unwrap_or(0);
        let mut map = HeatMap {
            title: self.verdict(),
            rows: vec![],
            columns: ("step".into(), first),
            cells: vec![],
            floor: self.tolerance().max(f64::MIN_POSITIVE),
        };
        for row in &self.rows {
            if map.rows.last() != Some(&row.name) {
                map.rows.push(row.name.clone());
                map.cells.push(vec![None; row.step.map_or(0, |step| step - first)]);
            }
            if let Some(cells) = map.cells.last_mut() {
                cells.push(Some(row.finding.relative()));
            }
        }
        map.to_svg()
    }
}

fn row(row: &Row) -> String {
    let step = row.step.map_or("null".into(), |step| step.to_string());
    let start = format!("{{\"name\":{},\"step\":{step}", string(&row.name));
    let Finding::Compared(difference) = &row.finding else {
        return format!("{start},\"problem\":{}}}", string(&row.finding.remark()));
    };
    let worst = difference.worst.as_ref().map_or("null".into(), |worst| {
        let index = list(worst.index.iter().map(ToString::to_string));
        let (left, right, ulps) = (number(worst.left), number(worst.right), worst.ulps);
        format!("{{\"index\":[{index}],\"left\":{left},\"right\":{right},\"ulps\":{ulps}}}")
    });
    format!(
        "{start},\"absolute\":{},\"relative\":{},\"cosine\":{},\"sign_flips\":{},\"worst\":{worst}}}",
        number(difference.absolute),
        number(difference.relative),
        number(difference.cosine),
        difference.sign_flips
    )
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(",")
}

/// The shortest digits that are this number and no other.
fn number(x: f64) -> String {
    if x.is_finite() { format!("{x:e}") } else { format!("\"{x}\"") }
}

fn string(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c < ' ' => append(&mut out, format_args!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out + "\""
}
