//! Vectors recorded elsewhere, replayed here: what others computed must come out again.
//!
//! The files in `tests/golden` are replayed always. With `VECTORS=FOLDER` in the environment, every file there that
//! a module of this test can read is replayed as well:
//!
//! ```text
//! VECTORS=FOLDER cargo test --release --test vectors -- --nocapture
//! ```
//!
//! [`archive`] reads a collection. A kind of file is a module with a `replay`, and a line in [`KINDS`]:
//!
//! | files | module | what |
//! |---|---|---|
//! | `torch_*_ops.json` | [`ops`], [`hessian`] | one operation a case, its gradients and their change along a direction |
//! | `torch_*_cells.json` | [`cells`] | one step of PyTorch's cells |
//! | `torch_*_rnn.json` | [`sequences`] | whole sequences through its layers |
//! | `torch_*_dyn.json` | [`dynamics`], [`training`] | carried states: windows, rows cut and begun anew, training in chunks |
//! | `torch_*_train.json` | [`descent`] | clipping and optimizers |
//! | `ort_*_rnn.json` | [`ort`] | ONNX's operators, forward and gradients |
//! | `onnx_node_*.json` | [`onnx_nodes`] | the cases that come with ONNX |

#![allow(clippy::unwrap_used)] // a file that cannot be read is a failed test, and may say so at once

mod apply;
mod archive;
mod cells;
mod descent;
mod dynamics;
mod hessian;
mod onnx;
mod onnx_nodes;
mod ops;
mod ort;
mod report;
mod sequences;
mod through_time;
mod torch;
mod training;

use archive::Archive;
use report::Report;
use std::path::{Path, PathBuf};

/// One kind of file: which names it has, and how it is replayed.
struct Kind {
    prefix: &'static str,
    suffix: &'static str,
    replay: fn(&Archive) -> Report,
}

const KINDS: &[Kind] = &[
    Kind { prefix: "torch_", suffix: "_ops.json", replay: ops::replay },
    Kind { prefix: "torch_", suffix: "_cells.json", replay: cells::replay },
    Kind { prefix: "torch_", suffix: "_rnn.json", replay: sequences::replay },
    Kind { prefix: "torch_", suffix: "_dyn.json", replay: dynamics::replay },
    Kind { prefix: "torch_", suffix: "_train.json", replay: descent::replay },
    Kind { prefix: "ort_", suffix: "_rnn.json", replay: ort::replay },
    Kind { prefix: "onnx_node_", suffix: ".json", replay: onnx_nodes::replay },
];

/// The files of `folder` that some kind reads, in the order of their names.
fn files(folder: &Path) -> Vec<(PathBuf, &'static Kind)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let kind = KINDS.iter().find(|k| name.starts_with(k.prefix) && name.ends_with(k.suffix));
        files.extend(kind.map(|kind| (path, kind)));
    }
    files.sort_by(|a, b| a.0.cmp(&b.0));
    files
}

/// Replays all files of a folder, prints a line for each, and fails if any case failed.
#[track_caller]
fn replay(folder: &Path) {
    let files = files(folder);
    assert!(!files.is_empty(), "{}: no file that this test can read", folder.display());
    let mut failed = 0;
    for (path, kind) in files {
        let report = (kind.replay)(&Archive::read(&path));
        println!("{report}");
        failed += report.failures.len();
    }
    assert_eq!(failed, 0, "cases failed: see above");
}

#[test]
fn golden_vectors_come_out_again() {
    replay(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden"));
}

#[test]
fn vectors_of_a_folder_come_out_again() {
    match std::env::var_os("VECTORS") {
        Some(folder) => replay(Path::new(&folder)),
        None => println!("set VECTORS to a folder of vectors to replay those as well"),
    }
}
