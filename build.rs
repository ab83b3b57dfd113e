//! Lists the project's own sources and pages, for the example that learns to read from them.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let mut files = vec![];
    for place in ["README.md", "docs", "crates/tape/src", "crates/rnn/src", "examples", "tests"] {
        println!("cargo::rerun-if-changed={place}");
        collect(&root.join(place), &mut files)?;
    }
    // The same order on every file system.
    files.sort();
    let list: String = files.iter().map(|file| format!("include_str!({file:?}),\n")).collect();
    fs::write(Path::new(&env::var("OUT_DIR")?).join("corpus.rs"), format!("&[\n{list}]"))?;
    Ok(())
}

fn collect(place: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    if place.is_dir() {
        for entry in fs::read_dir(place)? {
            collect(&entry?.path(), files)?;
        }
    } else if place.extension().is_some_and(|ending| ending == "rs" || ending == "md") {
        files.push(place.to_owned());
    }
    Ok(())
}
