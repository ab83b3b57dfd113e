//! What the crate promises, one promise to a file.
//!
//! All in one program: every test file that is a program of its own compiles the tape once more. (`allocation` and `budget` are,
//! for they count what the whole program allocates.)

#![allow(clippy::unwrap_used)] // a test may

mod common;
mod every_cell;
mod golden;
mod posed;
mod zoo;

mod adaptive;
mod by_hand_elman;
mod by_hand_gru;
mod by_hand_lstm;
mod by_hand_mgu;
mod by_hand_recurrence;
mod causes;
mod cells_equations;
mod cells_in_parts;
mod cells_second_order;
mod cells_variants;
mod checkpointed;
mod clip;
mod compare;
mod determinism;
mod diagnose;
mod elman;
mod embedding_and_input;
mod influence_balancing;
mod laws;
mod layouts;
mod meanings;
mod on_paper;
mod online;
mod onnx;
mod optim;
mod params;
mod randomized;
mod recompute;
mod refusals;
mod regularize;
mod resume;
mod sequences;
mod shards;
mod stability;
mod streaming;
mod stretches;
mod three_mistakes;
mod truncation;
mod updates;
mod weights;

#[test]
fn every_file_here_is_run() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let list = std::fs::read_to_string(folder.join("main.rs")).unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.trim_end_matches(".rs");
        let elsewhere = ["main", "allocation", "budget"].contains(&module);
        assert!(
            elsewhere || list.contains(&format!("\nmod {module};\n")),
            "{name} is not in main.rs"
        );
    }
}
