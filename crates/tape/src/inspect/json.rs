//! The tape as data for other programs.
//!
//! ```text
//! { "version": 1,
//!   "nodes": [ { "id": 3, "op": "MatMul", "shape": [2, 4], "inputs": [0, 2],
//!                "label": "h₁" | null, "section": "step 1" | null, "site": "src/main.rs:7:14",
//!                "value": [0.5, "NaN", "inf", "-inf", …] }, … ] }
//! ```
//!
//! Nodes come in the order of their serial numbers, keys in the order shown, always all of them except `value`,
//! which large arrays go without, and what has been let go: the elements in row-major order. What JSON has no number for
//! is a string.

use crate::{Real, Tape};
use std::fmt::Write;

/// How [`Tape::to_json_with`] writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonOptions {
    /// Arrays of so many elements or fewer are written with their values. 16 unless told; `usize::MAX` writes all.
    pub values: usize,
}

impl Default for JsonOptions {
    fn default() -> Self {
        Self { values: 16 }
    }
}

impl<T: Real> Tape<T> {
    /// What is recorded, as JSON: version, then the nodes with id, op, shape, inputs, label, section, call site
    /// and, of small arrays, the values. The keys are always in this order, and whatever version 1 has will
    /// stay in it.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let _ = tape.leaf([0.5, f64::NAN]).label("x");
    /// let json = tape.to_json();
    /// assert!(json.starts_with(
    ///     r#"{"version":1,"nodes":[{"id":0,"op":"leaf","shape":[2],"inputs":[],"label":"x","section":null,"site":""#
    /// ));
    /// assert!(json.ends_with(r#","value":[0.5,"NaN"]}]}"#));
    /// ```
    pub fn to_json(&self) -> String {
        self.to_json_with(JsonOptions::default())
    }

    /// [`to_json`](Tape::to_json) with more values, or fewer.
    pub fn to_json_with(&self, options: JsonOptions) -> String {
        let record = self.record.borrow();
        let mut out = String::from(r#"{"version":1,"nodes":["#);
        for (at, (id, node)) in record.living().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            append(&mut out, format_args!(r#"{comma}{{"id":{id},"op":"#));
            string(&mut out, node.op_name());
            out.push_str(r#","shape":"#);
            list(&mut out, record.shape(node).iter(), |out, n| append(out, format_args!("{n}")));
            out.push_str(r#","inputs":"#);
            list(&mut out, record.inputs(node).iter(), |out, n| append(out, format_args!("{n}")));
            out.push_str(r#","label":"#);
            string_or_null(&mut out, record.notes.label(id));
            out.push_str(r#","section":"#);
            string_or_null(&mut out, record.notes.section(id));
            out.push_str(r#","site":"#);
            string(&mut out, &node.site.to_string());
            let values = record.lookup().values_of(node);
            if node.len <= options.values && node.len == values.len() {
                out.push_str(r#","value":"#);
                list(&mut out, values.iter(), |out, x| number(out, x.primal()));
            }
            out.push('}');
        }
        out.push_str("]}");
        out
    }
}

fn append(out: &mut String, text: std::fmt::Arguments<'_>) {
    // A string takes whatever is written to it.
    let _ = out.write_fmt(text);
}

fn list<E>(out: &mut String, items: impl Iterator<Item = E>, write: impl Fn(&mut String, E)) {
    out.push('[');
    for (at, item) in items.enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(out, item);
    }
    out.push(']');
}

/// The shortest digits that read back as the same number.
fn number(out: &mut String, x: f64) {
    if x.is_finite() {
        append(out, format_args!("{x:?}"));
    } else {
        append(out, format_args!("\"{x}\""));
    }
}

fn string_or_null(out: &mut String, text: Option<&str>) {
    match text {
        Some(text) => string(out, text),
        None => out.push_str("null"),
    }
}

fn string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => append(out, format_args!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

#[test]
fn what_json_cannot_hold_is_escaped_or_a_string() {
    let mut out = String::new();
    string(&mut out, "a\"b\\c\n\r\t\u{1}h₁/");
    assert_eq!(out, r#""a\"b\\c\n\r\t\u0001h₁/""#);
    out.clear();
    let numbers = [0.1, -0.0, 1e300, 2.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    list(&mut out, numbers.iter(), |out, x| number(out, *x));
    assert_eq!(out, r#"[0.1,-0.0,1e300,2.0,"NaN","inf","-inf"]"#);
}

#[test]
fn an_empty_tape_and_a_large_array() {
    let tape = Tape::<f64>::new();
    assert_eq!(tape.to_json(), r#"{"version":1,"nodes":[]}"#);
    let _ = tape.zeros(&[17]);
    assert!(!tape.to_json().contains("value"));
    assert!(tape.to_json_with(JsonOptions { values: 17 }).contains(r#""value":[0.0,0.0,"#));
}

#[test]
fn what_has_been_let_go_has_no_value() {
    let tape = Tape::<f64>::new();
    let [x, w] = [&[1, 2], &[2, 1]].map(|shape| tape.zeros(shape));
    let gate = crate::Pointwise::new(|[z]| [z.tanh()]);
    let [_] = gate.activate(crate::Preactivation::matmul(x, w), &[]);
    let json = tape.to_json();
    let values = json.split(r#"{"id":"#).skip(1).map(|node| node.contains(r#""value":["#));
    assert_eq!(values.collect::<Vec<_>>(), [true, true, false, true]); // the third is the product
}
