//! A tape looked at from outside: what it writes, others can read.

use serde_json::Value;
use tape::{JsonOptions, Tape};

#[test]
fn a_json_parser_reads_what_the_tape_wrote() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf([0.1, -1.5, f64::NAN]).label("a \"label\"\\ with\n\t\u{1}everything, h₁");
    tape.section("step \"1\"");
    let y = x * f64::INFINITY;
    let big = tape.zeros(&[20]);
    let read: Value = serde_json::from_str(&tape.to_json()).unwrap();
    assert_eq!(read["version"], 1);
    let nodes = read["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 3);
    assert_eq!(nodes[0]["label"], x.name().unwrap());
    assert_eq!(nodes[0]["section"], Value::Null);
    assert_eq!(nodes[0]["value"], serde_json::json!([0.1, -1.5, "NaN"]));
    assert_eq!(nodes[1]["id"], y.id());
    assert_eq!(nodes[1]["op"], "Scale");
    assert_eq!(nodes[1]["section"], "step \"1\"");
    assert_eq!(nodes[1]["inputs"], serde_json::json!([x.id()]));
    assert_eq!(nodes[1]["value"], serde_json::json!(["inf", "-inf", "NaN"]));
    assert_eq!(nodes[2]["shape"], serde_json::json!([20]));
    assert_eq!(nodes[2]["site"], big.site().to_string());
    assert!(nodes[2].get("value").is_none());
    let all: Value =
        serde_json::from_str(&tape.to_json_with(JsonOptions { values: usize::MAX })).unwrap();
    assert_eq!(all["nodes"][2]["value"].as_array().unwrap().len(), 20);
}

#[test]
fn an_error_calls_a_variable_by_its_label() {
    let tape = Tape::<f64>::new();
    let h = tape.leaf(1.0).exp().label("h₁");
    let error = tape.backward(h).get(h).unwrap_err().to_string();
    assert!(error.starts_with("no gradient is kept for node 1 (`h₁`): it is neither"), "{error}");
}
