//! Every rule that an op has, and the whole sentence in which it refuses to break it.
//!
//! The list is complete: a way out that stands in the sources and in no sentence here fails a test.
#![allow(dropping_copy_types)] // what a mistake returns is not looked at

mod arrays;
mod layers;

use arrays::{ARRANGED, LOOKED_UP, REDUCED};
use layers::{BROUGHT, LEARNED, MULTIPLIED};
use ndarray::ArrayD;
use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};
use tape::{Tape, Var};

/// A mistake, and what it is answered.
type Refusal = (fn(&Tape<f64>), &'static str);

fn z<'t>(tape: &'t Tape<f64>, shape: &[usize]) -> Var<'t, f64> {
    tape.leaf(ArrayD::<f64>::zeros(shape))
}

/// Ways out that no caller is ever shown, and why.
const UNREACHABLE: [(&str, &str); 1] =
    [("record it by `Tape::checkpoint`", "the op of a segment is private")];

fn all() -> impl Iterator<Item = &'static Refusal> {
    [ARRANGED, REDUCED, LOOKED_UP, MULTIPLIED, LEARNED, BROUGHT].into_iter().flatten()
}

#[test]
fn a_broken_rule_is_answered_in_one_sentence_and_the_tape_goes_on() {
    let mut wrong = vec![];
    for (mistake, expected) in all() {
        let tape = Tape::new();
        let said = catch_unwind(AssertUnwindSafe(|| mistake(&tape)))
            .map_err(|panic| panic.downcast_ref::<String>().cloned().unwrap_or_default());
        if said != Err((*expected).to_owned()) {
            wrong.push(format!("   {said:?}\nnot {expected:?}"));
        }
        let x = tape.leaf([3.0]);
        assert_eq!(tape.backward((x * x).sum())[x].sum(), 6.0, "after: {expected}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The literals in `source` that are a way out: the last of a `Misfit::new(…)`, and what stands after `remedy:`.
fn ways_out(source: &str) -> Vec<String> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let literal = |text: &str| {
        let text = text.replace("\\\n", "\n");
        let words = text.split('"').nth(1)?.split_whitespace().collect::<Vec<_>>().join(" ");
        Some(words)
    };
    let misfits = source.split("Misfit::new(").skip(1).filter_map(|rest| {
        let mut depth = 1;
        let end = rest.find(|c| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            depth == 0
        })?;
        let last = rest[..end].trim_end().trim_end_matches(',').strip_suffix('"')?;
        literal(&format!("\"{}\"", &last[last.rfind('"')? + 1..]))
    });
    let named = ["remedy: ", "let remedy = "];
    let arguments = named.iter().flat_map(|name| source.split(name).skip(1));
    misfits.chain(arguments.filter(|rest| rest.starts_with('"')).filter_map(literal)).collect()
}

#[test]
fn every_way_out_in_the_sources_is_in_a_sentence_here() {
    fn walk(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else {
                found.extend(ways_out(&fs::read_to_string(path).unwrap()));
            }
        }
    }
    let mut found = vec![];
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.len() > 50, "only {} found", found.len());
    found.retain(|way| {
        !all().any(|(_, said)| said.contains(way.as_str()))
            && !UNREACHABLE.iter().any(|(hidden, _)| hidden == way)
    });
    assert_eq!(found, Vec::<String>::new(), "no test says these");
}
