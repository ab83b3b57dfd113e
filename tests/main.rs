//! What the crates promise to those who use them, one promise to a file.
//!
//! All in one program: every test file that is a program of its own compiles the tape once more. Apart stand `allocation`,
//! which counts what the whole program allocates, `char_lm`, which tests the example's own files, and `vectors`.

#![allow(clippy::unwrap_used)] // a test may

mod cut;
mod depth;
mod errors;
mod exchange;
mod inspect;
mod own_op;
mod promises;
mod properties;

#[test]
fn every_file_here_is_run() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let list = std::fs::read_to_string(folder.join("main.rs")).unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.trim_end_matches(".rs");
        let elsewhere = ["main", "allocation", "char_lm", "vectors", "golden"].contains(&module);
        assert!(
            elsewhere || list.contains(&format!("\nmod {module};\n")),
            "{name} is not in main.rs"
        );
    }
}
