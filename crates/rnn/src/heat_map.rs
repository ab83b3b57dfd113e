//! A table of magnitudes as a picture.
//!
//! Each cell is a square whose darkness is the logarithm of its number, from the floor (white) to the largest
//! (black): what spans ten orders of magnitude cannot be told apart on a linear scale. Zero is drawn as white,
//! what is not finite as red.

use std::fmt::Write;

/// Rows of non-negative numbers, drawn as squares; where there is `None`, none is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatMap {
    /// What stands above it.
    pub title: String,
    /// What the rows are called, one name for each row of cells.
    pub rows: Vec<String>,
    /// What the columns are, in a word, and the number of the first.
    pub columns: (String, usize),
    /// The cells, row by row; rows may differ in length.
    pub cells: Vec<Vec<Option<f64>>>,
    /// What is this small, or smaller, is white.
    pub floor: f64,
}

/// The side of a square, in units of the picture.
const SIDE: usize = 12;
/// The room above the squares.
const TOP: usize = 40;

impl HeatMap {
    /// The picture as an SVG document. It holds nothing but rectangles and text, and looks the same for the same
    /// numbers.
    pub fn to_svg(&self) -> String {
        let largest = self.finite().fold(self.floor, f64::max);
        let decades = (largest / self.floor).log10().max(f64::MIN_POSITIVE);
        let left = 20 + 7 * self.rows.iter().map(|row| row.chars().count()).max().unwrap_or(0);
        let columns = self.cells.iter().map(Vec::len).max().unwrap_or(0);
        let width = left + (SIDE * columns).max(7 * self.title.chars().count()) + 20;
        let height = TOP + SIDE * self.cells.len() + 30;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             font-family=\"sans-serif\" font-size=\"11\">\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n\
             <text x=\"{left}\" y=\"20\">{}</text>\n",
            escaped(&self.title)
        );
        for (i, (name, row)) in self.rows.iter().zip(&self.cells).enumerate() {
            let y = TOP + SIDE * i;
            let (x, base, name) = (left - 6, y + 10, escaped(name));
            append(
                &mut svg,
                format_args!("<text x=\"{x}\" y=\"{base}\" text-anchor=\"end\">{name}</text>\n"),
            );
            for (j, cell) in row.iter().enumerate() {
                let Some(value) = cell else { continue };
                let (x, fill) = (left + SIDE * j, self.shade(*value, decades));
                append(
                    &mut svg,
                    format_args!(
                        "<rect x=\"{x}\" y=\"{y}\" width=\"{SIDE}\" height=\"{SIDE}\" fill=\"{fill}\"><title>{value:.3e}</title></rect>\n"
                    ),
                );
            }
        }
        let (foot, (word, first)) = (height - 10, &self.columns);
        let last = first + columns.saturating_sub(1);
        append(
            &mut svg,
            format_args!(
                "<text x=\"{left}\" y=\"{foot}\">{} {first} to {last}; white {:.0e} and less, black {largest:.1e}</text>\n</svg>\n",
                escaped(word),
                self.floor
            ),
        );
        svg
    }

    fn finite(&self) -> impl Iterator<Item = f64> {
        self.cells.iter().flatten().flatten().copied().filter(|x| x.is_finite())
    }

    fn shade(&self, value: f64, decades: f64) -> String {
        if !value.is_finite() {
            return "#d00000".into();
        }
        let share = ((value / self.floor).log10() / decades).clamp(0.0, 1.0);
        let grey = (255.0 * (1.0 - share)).round() as u8;
        format!("#{grey:02x}{grey:02x}{grey:02x}")
    }
}

/// Writing to a string cannot fail.
pub(crate) fn append(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

/// `text` as XML takes it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(cells: Vec<Vec<Option<f64>>>) -> HeatMap {
        let rows = (0..cells.len()).map(|i| format!("row {i}")).collect();
        HeatMap { title: "a < b".into(), rows, columns: ("step".into(), 1), cells, floor: 1e-4 }
    }

    #[test]
    fn darkness_is_the_logarithm() {
        let svg = map(vec![vec![Some(1.0), Some(1e-2), Some(1e-4), Some(0.0)]]).to_svg();
        let fills: Vec<&str> = svg.split("fill=\"#").skip(1).map(|rest| &rest[..6]).collect();
        assert_eq!(fills, ["000000", "808080", "ffffff", "ffffff"]);
    }

    #[test]
    fn what_is_not_finite_is_red_and_what_is_not_there_is_not_drawn() {
        let svg = map(vec![vec![None, Some(f64::INFINITY)], vec![Some(f64::NAN)]]).to_svg();
        assert_eq!(svg.matches("#d00000").count(), 2);
        assert_eq!(svg.matches("<rect x").count(), 2);
    }

    #[test]
    fn a_title_cannot_break_the_picture() {
        assert!(map(vec![]).to_svg().contains(">a &lt; b<"));
    }
}
