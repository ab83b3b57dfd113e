//! The format, byte by byte.
//!
//! ```text
//!   n: u64, little-endian │ header: n bytes of JSON │ the arrays, row-major, one after the other
//!   {"__metadata__":{"key":"text"},"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}
//! ```
//!
//! Files are read by the `safetensors` crate, which trusts no header. They are written here, since that crate lists
//! the notes in another order at every run, and the same contents should make the same file.

use super::{Archive, Metadata, Stored};
use crate::{Error, Result};
use ndarray::{ArrayD, IxDyn};
use safetensors::{SafeTensorError, SafeTensors};
use std::{fmt::Write, path::Path};

/// The name that the format has taken for itself.
pub(super) const METADATA: &str = "__metadata__";

pub(super) fn encode<T: Stored>(archive: &Archive<T>) -> Vec<u8> {
    let (mut entries, mut end) = (Vec::new(), 0);
    if !archive.metadata.is_empty() {
        let notes =
            archive.metadata.iter().map(|(key, note)| format!("{}:{}", json(key), json(note)));
        entries.push(format!("{METADATA:?}:{{{}}}", notes.collect::<Vec<_>>().join(",")));
    }
    for (name, array) in &archive.arrays {
        let begin = end;
        end += array.len() * T::DTYPE.bitsize() / 8;
        entries.push(format!(
            r#"{}:{{"dtype":"{:?}","shape":{:?},"data_offsets":[{begin},{end}]}}"#,
            json(name),
            T::DTYPE,
            array.shape(),
        ));
    }
    let mut header = format!("{{{}}}", entries.join(",")).into_bytes();
    // The arrays then begin at a multiple of 8, as those who map the file into memory expect.
    header.resize(header.len().next_multiple_of(8), b' ');

    let mut bytes = Vec::with_capacity(8 + header.len() + end);
    bytes.extend((header.len() as u64).to_le_bytes());
    bytes.extend(header);
    for array in archive.arrays.values() {
        T::write_le(array.iter().copied(), &mut bytes);
    }
    bytes
}

/// A string as JSON writes it.
fn json(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            // Writing to a String cannot fail.
            '\0'..' ' => _ = write!(quoted, "\\u{:04x}", u32::from(character)),
            _ => quoted.push(character),
        }
    }
    quoted + "\""
}

pub(super) fn decode<T: Stored>(bytes: &[u8], path: &Path) -> Result<Archive<T>> {
    let refuse = |source| match source {
        SafeTensorError::MetadataIncompleteBuffer => damaged(bytes, path),
        // The length of the header goes beyond the file; yet a header seems to begin.
        SafeTensorError::InvalidHeaderLength if bytes.get(8) == Some(&b'{') => damaged(bytes, path),
        source => Error::NotWeights { path: path.into(), source },
    };
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(refuse)?;
    let file = SafeTensors::deserialize(bytes).map_err(refuse)?;
    let metadata = header.metadata().iter().flatten();
    let metadata: Metadata = metadata.map(|(key, note)| (key.clone(), note.clone())).collect();
    let mut archive = Archive { metadata, ..Archive::new() };
    for (name, array) in file.iter() {
        if array.dtype() != T::DTYPE {
            return Err(Error::WeightType {
                name: name.into(),
                found: format!("{:?}", array.dtype()),
                expected: format!("{:?}", T::DTYPE),
            });
        }
        let array = ArrayD::from_shape_vec(IxDyn(array.shape()), T::read_le(array.data()))
            .map_err(|_| refuse(SafeTensorError::ValidationOverflow))?;
        archive.arrays.insert(name.into(), array);
    }
    Ok(archive)
}

fn damaged(bytes: &[u8], path: &Path) -> Error {
    Error::WeightsDamaged { path: path.into(), bytes: bytes.len() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::arr2;

    fn archive() -> Archive<f32> {
        let mut archive = Archive::new();
        archive.arrays.insert("w".into(), arr2(&[[1.0, 2.0], [3.0, 4.0]]).into_dyn());
        archive.arrays.insert("b\"\\\u{1}é".into(), ArrayD::from_elem(IxDyn(&[]), 0.5));
        archive.arrays.insert("none".into(), ArrayD::from_elem(IxDyn(&[0, 3]), 0.5));
        archive.metadata.insert("text".into(), "a\n\t\"b\" \\ \u{7f}\u{2028}ü\0".into());
        archive.metadata.insert("".into(), "".into());
        archive
    }

    #[test]
    fn what_is_written_reads_as_it_was() {
        let path = Path::new("x");
        for archive in [archive(), Archive::new()] {
            assert_eq!(decode(&encode(&archive), path).unwrap_or_else(|e| panic!("{e}")), archive);
        }
    }

    #[test]
    fn the_arrays_begin_where_a_machine_word_may() {
        let bytes = encode(&archive());
        assert_eq!((bytes.len() - 20) % 8, 0);
        assert_eq!(bytes[..8], ((bytes.len() - 28) as u64).to_le_bytes());
    }

    #[test]
    fn an_array_is_written_row_by_row_however_it_lies_in_memory() {
        let mut transposed = Archive::<f32>::new();
        transposed
            .arrays
            .insert("w".into(), arr2(&[[1.0, 3.0], [2.0, 4.0]]).reversed_axes().into_dyn());
        let bytes = encode(&transposed);
        let mut expected = Vec::new();
        f32::write_le([1.0, 2.0, 3.0, 4.0], &mut expected);
        assert_eq!(bytes[bytes.len() - 16..], expected);
    }
}
