//! The list is complete: it has every file below `src/ops`, and every method in them.

use crate::witnesses::{
    list::{NO_VARIABLE, SUPPORT, all},
    witness::Witness,
};
use std::{collections::BTreeSet, fs, path::Path};

/// The files below `src/ops`, as `family/name`, but for the `mod.rs` that only name others.
fn files() -> BTreeSet<String> {
    fn walk(folder: &Path, prefix: &str, files: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                walk(&path, &format!("{prefix}{name}/"), files);
            } else if name != "mod" {
                files.insert(format!("{prefix}{name}"));
            }
        }
    }
    let mut files = BTreeSet::new();
    walk(&ops(), "", &mut files);
    files
}

fn ops() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ops")
}

/// The files that `witnesses` and the list of support files do not have, and those that they have in vain.
fn missing_and_stale(witnesses: &[Witness]) -> (Vec<String>, Vec<String>) {
    let listed: BTreeSet<String> = witnesses
        .iter()
        .map(|w| w.file)
        .chain(SUPPORT.iter().map(|(file, _)| *file))
        .map(str::to_owned)
        .collect();
    let files = files();
    (files.difference(&listed).cloned().collect(), listed.difference(&files).cloned().collect())
}

#[test]
fn every_op_file_has_a_witness() {
    let (missing, stale) = missing_and_stale(&all());
    assert!(missing.is_empty(), "no witness in tests/witnesses/list for src/ops/{missing:?}");
    assert!(stale.is_empty(), "listed, but not below src/ops: {stale:?}");
}

#[test]
fn a_forgotten_file_is_named() {
    let mut some = all();
    some.retain(|w| w.file != "elementary/erf");
    assert_eq!(missing_and_stale(&some), (vec!["elementary/erf".to_owned()], vec![]));
}

/// The methods, of variables and tapes, in files of the list that no witness of their file calls.
fn uncalled(witnesses: &[Witness]) -> Vec<String> {
    let mut uncalled = Vec::new();
    for file in witnesses.iter().map(|w| w.file).collect::<BTreeSet<_>>() {
        let source = fs::read_to_string(ops().join(file).with_extension("rs")).unwrap();
        let methods = source.split("\nimpl").skip(1).filter(|block| {
            let head = block.lines().next().unwrap_or_default();
            !head.contains(" for ") && (head.contains(" Var<") || head.contains(" Tape<"))
        });
        for line in methods.flat_map(str::lines) {
            let Some(method) = line.strip_prefix("    pub fn ") else { continue };
            let name = method.split(['(', '<']).next().unwrap_or_default();
            let call = format!(".{name}(");
            let called = witnesses.iter().any(|w| w.file == file && w.rule.text.contains(&call));
            if !called && !NO_VARIABLE.iter().any(|(excused, _)| *excused == name) {
                uncalled.push(format!("{file}: {name}"));
            }
        }
    }
    uncalled
}

#[test]
fn every_method_of_an_op_is_called_by_a_witness() {
    assert_eq!(uncalled(&all()), Vec::<String>::new(), "no witness calls these");
}

#[test]
fn a_forgotten_method_is_named() {
    let mut some = all();
    some.retain(|w| !w.rule.text.contains("einsum") && !w.rule.text.contains("softmax_axis"));
    some.extend(all().into_iter().filter(|w| w.rule.text.contains(".einsum")));
    let forgotten = [
        "linear/einsum: try_einsum",
        "loss/log_softmax: log_softmax_axis",
        "loss/softmax: softmax_axis",
    ];
    assert_eq!(uncalled(&some), forgotten);
}
