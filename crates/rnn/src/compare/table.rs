//! A report as a table with a verdict under it.

use super::{Charge, Finding, Report, Row};
use std::fmt::{self, Display, Formatter};

/// A row's finding as the table shows it.
struct Cells {
    figures: [String; 5],
    remark: String,
}

impl Cells {
    const TITLES: [&str; 5] = ["absolute", "relative", "ulps", "cosine", "flips"];

    fn of(finding: &Finding) -> Self {
        let none = || Self::TITLES.map(|_| "–".to_owned());
        match finding {
            Finding::Compared(difference) => {
                let worst = difference.worst.as_ref();
                let ulps = worst.map_or(0, |worst| worst.ulps);
                let figures = [
                    format!("{:.1e}", difference.absolute),
                    format!("{:.1e}", difference.relative),
                    if ulps < 1_000_000 {
                        ulps.to_string()
                    } else {
                        format!("{:.0e}", ulps as f64)
                    },
                    format!("{:.6}", difference.cosine),
                    difference.sign_flips.to_string(),
                ];
                Self { figures, remark: finding.remark() }
            }
            _ => Self { figures: none(), remark: finding.remark() },
        }
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let places: Vec<String> = self.rows.iter().map(Row::place).collect();
        let cells: Vec<Cells> = self.rows.iter().map(|row| Cells::of(&row.finding)).collect();
        let longest = |texts: &mut dyn Iterator<Item = &str>| {
            texts.map(|text| text.chars().count()).max().unwrap_or(0)
        };
        let first = longest(&mut places.iter().map(String::as_str));
        let widths: [usize; 5] = std::array::from_fn(|i| {
            let figures = cells.iter().map(|cells| cells.figures[i].as_str());
            longest(&mut figures.chain([Cells::TITLES[i]]))
        });
        let mut line = |place: &str, figures: [&str; 5], remark: &str| {
            let mut text = format!("{place:first$}");
            for (figure, width) in figures.iter().zip(widths) {
                text += &format!("  {figure:>width$}");
            }
            writeln!(f, "{}", format!("{text}  {remark}").trim_end())
        };
        if !self.rows.is_empty() {
            line("", Cells::TITLES, "worst: left | right")?;
        }
        for (place, cells) in places.iter().zip(&cells) {
            line(place, cells.figures.each_ref().map(String::as_str), &cells.remark)?;
        }
        write!(f, "{}", self.verdict())?;
        for Charge { cause, arrays } in &self.charges {
            match cause {
                Some(cause) => write!(f, "\nlikely cause: {cause} ({})", arrays.join(", "))?,
                None => write!(f, "\nno known cause ({})", arrays.join(", "))?,
            }
        }
        Ok(())
    }
}
