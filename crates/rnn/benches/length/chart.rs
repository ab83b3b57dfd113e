//! Series on logarithmic axes, where what is proportional rises by one square in one, and what is constant lies flat.

use std::fmt::Write;

pub(crate) struct Series<'a> {
    pub(crate) name: &'a str,
    /// All positive.
    pub(crate) points: Vec<(f64, f64)>,
}

pub(crate) struct Panel<'a> {
    pub(crate) title: &'a str,
    /// As many as there are colours, at most.
    pub(crate) series: Vec<Series<'a>>,
}

/// Panels side by side.
pub(crate) struct LogLog<'a> {
    pub(crate) title: &'a str,
    /// What the horizontal axis is.
    pub(crate) across: &'a str,
    pub(crate) panels: &'a [Panel<'a>],
}

const COLOURS: [&str; 4] = ["#2f6da8", "#d05a3c", "#2e8b57", "#8a5cb8"];
/// The side of a panel, and the room to its left, above and below.
const SIDE: f64 = 300.0;
const LEFT: f64 = 64.0;
const TOP: f64 = 64.0;
const BELOW: f64 = 56.0;

/// Whole decades around positive numbers: their exponents.
fn decades(numbers: impl Iterator<Item = f64>) -> (i32, i32) {
    let (low, high) = numbers
        .map(f64::log10)
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
    (low.floor() as i32, (high.ceil() as i32).max(low.floor() as i32 + 1))
}

impl LogLog<'_> {
    pub(crate) fn to_svg(&self) -> String {
        let (width, height) = (self.panels.len() as f64 * (SIDE + LEFT) + 24.0, TOP + SIDE + BELOW);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" \
             font-size=\"12\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n\
             <text x=\"{LEFT}\" y=\"22\" font-size=\"14\">{}</text>\n",
            self.title
        );
        for (at, panel) in self.panels.iter().enumerate() {
            svg += &self.panel(panel, LEFT + at as f64 * (SIDE + LEFT));
        }
        svg + "</svg>\n"
    }

    fn panel(&self, panel: &Panel<'_>, left: f64) -> String {
        let points = || panel.series.iter().flat_map(|series| &series.points);
        let (xs, ys) = (decades(points().map(|p| p.0)), decades(points().map(|p| p.1)));
        let along = |x: f64, (low, high): (i32, i32)| {
            SIDE * (x.log10() - f64::from(low)) / f64::from(high - low)
        };
        let (x, y) = (|v| left + along(v, xs), |v| TOP + SIDE - along(v, ys));
        let (right, bottom) = (left + SIDE, TOP + SIDE);
        let mut parts =
            vec![format!("<text x=\"{left}\" y=\"{}\">{}</text>", TOP - 10.0, panel.title)];
        for power in xs.0..=xs.1 {
            let (value, at) = (10f64.powi(power), x(10f64.powi(power)));
            parts.push(format!("<path d=\"M{at:.1} {TOP}V{bottom}\" stroke=\"#ddd\"/>"));
            parts.push(format!(
                "<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{value}</text>",
                bottom + 18.0
            ));
        }
        for power in ys.0..=ys.1 {
            let (value, at) = (10f64.powi(power), y(10f64.powi(power)));
            parts.push(format!("<path d=\"M{left} {at:.1}H{right}\" stroke=\"#ddd\"/>"));
            parts.push(format!(
                "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{value}</text>",
                left - 6.0,
                at + 4.0
            ));
        }
        let middle = left + SIDE / 2.0;
        parts.push(format!(
            "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            bottom + 40.0,
            self.across
        ));
        for (series, colour) in panel.series.iter().zip(COLOURS) {
            let mut path = String::new();
            for &(a, b) in &series.points {
                let (x, y) = (x(a), y(b));
                let _ = write!(path, "{}{x:.1} {y:.1}", if path.is_empty() { "M" } else { "L" });
                parts.push(format!(
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{colour}\"/>"
                ));
            }
            parts.push(format!(
                "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>"
            ));
        }
        let mut at = right;
        for (series, colour) in panel.series.iter().zip(COLOURS).rev() {
            let (name, y) = (series.name, TOP - 10.0);
            parts.push(format!(
                "<text x=\"{at}\" y=\"{y}\" text-anchor=\"end\" fill=\"{colour}\">{name}</text>"
            ));
            at -= 8.0 * name.len() as f64 + 12.0;
        }
        parts.join("\n") + "\n"
    }
}
