//! The course of training in one picture.
//!
//! Drawn as SVG text only: the letters stay letters, set by whoever shows the picture, so that
//! neither building nor drawing needs a font on this machine.

use plotters::{coord::Shift, element::DashedPathElement, prelude::*};
use std::{error::Error, fmt, fs, io, path::Path, path::PathBuf};

/// Losses in nats against time. All coordinates are `(time, loss)`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LossChart<'a> {
    /// The line above the picture.
    pub(crate) title: &'a str,
    /// What `time` counts: "epoch", "updates", …
    pub(crate) time: &'a str,
    /// The loss of every update, in order. Drawn pale, and smoothed on top of that.
    pub(crate) training: &'a [(f64, f64)],
    /// The validation losses, in order. Drawn as points; the lowest is named.
    pub(crate) validation: &'a [(f64, f64)],
    /// Name and loss of what is to be beaten.
    pub(crate) baseline: Option<(&'a str, f64)>,
}

/// Why there is no picture.
#[derive(Debug)]
pub(crate) enum ChartError {
    /// Neither a training nor a validation loss.
    Empty,
    /// A loss or its time is infinite or NaN.
    NotFinite { series: &'static str, index: usize, point: (f64, f64) },
    /// The drawing library refused.
    Drawing(String),
    /// The file could not be written.
    Write { path: PathBuf, source: io::Error },
}

impl fmt::Display for ChartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str(
                "no chart: not a single loss was recorded; train for at least one update",
            ),
            Self::NotFinite { series, index, point: (time, loss) } => write!(
                f,
                "no chart: {series} loss {index} (counted from 0) is {loss} at time {time}, but \
                 only finite numbers have a place on an axis; if the training has diverged \
                 there, lower the learning rate or clip the gradient"
            ),
            Self::Drawing(why) => write!(f, "no chart: the drawing library says: {why}"),
            Self::Write { path, source } => write!(
                f,
                "the chart cannot be written to `{}`: {source}; check that the directory exists \
                 and may be written",
                path.display()
            ),
        }
    }
}

impl Error for ChartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Write { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// Width and height as shown.
const SIZE: (u32, u32) = (840, 480);
/// The backend knows whole pixels only: the canvas is this much finer than what is shown.
const FINE: u32 = 4;

const INK: RGBColor = RGBColor(0x33, 0x3a, 0x44);
const GRID: RGBColor = RGBColor(0xe6, 0xe9, 0xed);
const TRAINING: RGBColor = RGBColor(0x2f, 0x6d, 0xa8);
const VALIDATION: RGBColor = RGBColor(0xd0, 0x5a, 0x3c);
const BASELINE: RGBColor = RGBColor(0x7a, 0x82, 0x8e);

impl LossChart<'_> {
    /// Draws the picture into a file.
    ///
    /// # Errors
    /// As [`svg`](Self::svg), or [`ChartError::Write`].
    pub(crate) fn save(&self, path: impl AsRef<Path>) -> Result<(), ChartError> {
        let path = path.as_ref();
        fs::write(path, self.svg()?)
            .map_err(|source| ChartError::Write { path: path.into(), source })
    }

    /// The picture.
    ///
    /// # Errors
    /// [`ChartError::Empty`] or [`ChartError::NotFinite`] if there is nothing that could be drawn.
    pub(crate) fn svg(&self) -> Result<String, ChartError> {
        self.check()?;
        let canvas = (SIZE.0 * FINE, SIZE.1 * FINE);
        let mut svg = String::new();
        let area = SVGBackend::with_string(&mut svg, canvas).into_drawing_area();
        self.draw(&area).map_err(|e| ChartError::Drawing(e.to_string()))?;
        area.present().map_err(|e| ChartError::Drawing(e.to_string()))?;
        drop(area);
        let size = |(width, height)| format!("width=\"{width}\" height=\"{height}\"");
        Ok(svg.replacen(&size(canvas), &size(SIZE), 1))
    }

    fn check(&self) -> Result<(), ChartError> {
        if self.training.is_empty() && self.validation.is_empty() {
            return Err(ChartError::Empty);
        }
        let baseline = self.baseline.map(|(_, loss)| (0.0, loss));
        let series = [
            ("training", self.training),
            ("validation", self.validation),
            ("baseline", baseline.as_slice()),
        ];
        for (series, points) in series {
            let finite = |&(time, loss): &(f64, f64)| time.is_finite() && loss.is_finite();
            if let Some(index) = points.iter().position(|point| !finite(point)) {
                return Err(ChartError::NotFinite { series, index, point: points[index] });
            }
        }
        Ok(())
    }

    fn draw(&self, area: &DrawingArea<SVGBackend<'_>, Shift>) -> Result<(), Box<dyn Error + '_>> {
        let smooth = smoothed(self.training);
        let drawn = || smooth.iter().chain(self.validation);
        let (from, to) = bounds(drawn().map(|p| p.0), 0.0);
        let losses = drawn().map(|p| p.1).chain(self.baseline.map(|(_, loss)| loss));
        let (low, high) = bounds(losses, 0.05);

        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(area)
            .margin(px(14.0))
            .margin_right(px(26.0))
            .caption(self.title, text(19.0).color(&INK))
            .x_label_area_size(px(44.0))
            .y_label_area_size(px(58.0))
            .build_cartesian_2d(from..to, low..high)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .max_light_lines(0)
            .bold_line_style(GRID.stroke_width(line(1.0)))
            .axis_style(BASELINE.stroke_width(line(1.0)))
            .set_all_tick_mark_size(px(4.0))
            .x_labels(9)
            .y_labels(8)
            .x_label_formatter(&|x| tidy(*x))
            .y_label_formatter(&|y| tidy(*y))
            .label_style(text(13.5).color(&INK))
            .axis_desc_style(text(15.0).color(&INK))
            .x_desc(self.time)
            .y_desc("loss, nats per character")
            .draw()?;

        let raw = extremes(self.training).into_iter().map(|(t, loss)| (t, loss.clamp(low, high)));
        chart.draw_series(LineSeries::new(raw, TRAINING.mix(0.3).stroke_width(line(0.8))))?;

        if let Some((name, loss)) = self.baseline {
            let style = BASELINE.stroke_width(line(1.6));
            let dashes = move |ends: Vec<_>| DashedPathElement::new(ends, px(7.0), px(5.0), style);
            let ends = [(from, loss), (to, loss)];
            chart
                .draw_series(DashedLineSeries::new(ends, px(7.0), px(5.0), style))?
                .label(format!("{name}, {loss:.3}"))
                .legend(move |(x, y)| dashes(vec![(x, y), (x + px(24.0), y)]));
        }
        if !smooth.is_empty() {
            let style = TRAINING.stroke_width(line(2.0));
            chart
                .draw_series(LineSeries::new(smooth, style))?
                .label("training")
                .legend(move |(x, y)| PathElement::new([(x, y), (x + px(24.0), y)], style));
        }
        if let Some(&best) = self.validation.iter().min_by(|a, b| a.1.total_cmp(&b.1)) {
            let dot = |at| Circle::new(at, px(3.6), VALIDATION.filled());
            chart
                .draw_series(self.validation.iter().map(|&point| dot(point)))?
                .label(format!("validation, best {:.3}", best.1))
                .legend(move |(x, y)| Circle::new((x + px(12.0), y), px(3.6), VALIDATION.filled()));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .margin(px(10.0))
            .legend_area_size(px(34.0))
            .label_font(text(14.0).color(&INK))
            .background_style(WHITE.mix(0.85))
            .draw()?;
        Ok(())
    }
}

/// A length as shown, on the finer canvas.
fn px(shown: f64) -> i32 {
    (shown * f64::from(FINE)).round() as i32
}

/// A line's width as shown, on the finer canvas.
fn line(shown: f64) -> u32 {
    px(shown).unsigned_abs()
}

/// Letters of a size as shown.
fn text(shown: f64) -> TextStyle<'static> {
    ("system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif", px(shown * 1.24)).into_text_style(&SIZE)
}

/// A number without the zeros that rounding leaves behind.
fn tidy(x: f64) -> String {
    let rounded = format!("{x:.3}");
    rounded.trim_end_matches('0').trim_end_matches('.').to_string()
}

/// The least and the greatest, and `margin` times their distance around them.
fn bounds(values: impl Iterator<Item = f64>, margin: f64) -> (f64, f64) {
    let (low, high) =
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
    // One value alone would make an axis of no length.
    let distance = if high > low { high - low } else { 1.0 };
    let margin = if high > low { margin } else { 0.5 };
    (low - margin * distance, high + margin * distance)
}

/// How many points a curve is drawn with: more would not be seen.
const POINTS: usize = 400;

/// A moving mean over 2 % of the points, centred, and narrower towards the beginning, so that it
/// neither lags behind a steep descent nor hides how high it began.
fn smoothed(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let n = points.len();
    let mean = |i: usize| {
        let half = (n / 100).min(i);
        let near = &points[i - half..n.min(i + half + 1)];
        (points[i].0, near.iter().map(|p| p.1).sum::<f64>() / near.len() as f64)
    };
    let count = n.min(POINTS);
    // From the very first to the very last.
    (0..count).map(|j| mean(j * (n - 1) / (count - 1).max(1))).collect()
}

/// The lowest and the highest of each of [`POINTS`] runs, in the order in which they came.
fn extremes(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let by_loss = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
    points
        .chunks(points.len().div_ceil(POINTS).max(1))
        .flat_map(|run| {
            let (low, high) = (run.iter().min_by(by_loss), run.iter().max_by(by_loss));
            let mut both: Vec<_> = low.into_iter().chain(high).copied().collect();
            both.sort_by(|a, b| a.0.total_cmp(&b.0));
            both
        })
        .collect()
}
