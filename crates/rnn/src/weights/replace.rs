//! A file takes another's place, and no moment without either.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

/// Writes the bytes beside `path` and renames the file once the disk has them.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(
            ErrorKind::InvalidInput,
            "the path does not end in a file name",
        ));
    };
    let (beside, mut file) = create_beside(path, name)?;
    // Renamed before it is on the disk, a file can be empty after a loss of power.
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    drop(file);
    if let Err(error) = written.and_then(|()| fs::rename(&beside, path)) {
        // That it failed is what the caller must hear; what is left over does no harm.
        let _ = fs::remove_file(&beside);
        return Err(error);
    }
    // The name is part of the directory. Some systems cannot sync one, and then the old file may come back
    // after a loss of power: old, but whole.
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Ok(directory) = File::open(directory.unwrap_or(Path::new("."))) {
        let _ = directory.sync_all();
    }
    Ok(())
}

/// A new file in the directory of `path`: only within one can a file be renamed in a single step.
fn create_beside(path: &Path, name: &OsStr) -> io::Result<(PathBuf, File)> {
    let process = std::process::id();
    for attempt in 0_u32.. {
        let mut beside = OsString::from(".");
        beside.push(name);
        beside.push(format!(".{process}-{attempt}.partial"));
        let beside = path.with_file_name(beside);
        match File::create_new(&beside) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            created => return Ok((beside, created?)),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}
