//! A file gives back what was put in, or says why not.

use ndarray::{ArrayD, IxDyn, arr1};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    Error, ParamStore,
    init::{Init, Normal},
    optim::{Optimizer, Sgd},
    weights::{self, Archive, LoadOptions, Metadata, Stored},
};
use std::{
    fs,
    path::{Path, PathBuf},
};
use tape::Tape;

/// An empty directory for each test.
fn directory(test: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("weights-{test}"));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn model<T: Stored>(seed: u64) -> ParamStore<T> {
    let (mut store, mut rng) = (ParamStore::new(), ChaCha8Rng::seed_from_u64(seed));
    let mut normal = |shape: &[usize]| Normal { std: 1.0 }.sample(shape, &mut rng);
    store.add("cell.w", normal(&[3, 4])).unwrap();
    store.add("cell.b", normal(&[4])).unwrap();
    store.add("scale", normal(&[])).unwrap();
    store
}

fn same<T: Stored>(a: &ParamStore<T>, b: &ParamStore<T>) -> bool {
    let bits = |store: &ParamStore<T>| {
        let mut bytes = Vec::new();
        store.iter().for_each(|(_, _, value)| T::write_le(value.iter().copied(), &mut bytes));
        bytes
    };
    bits(a) == bits(b)
}

fn names_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Writes the bytes, loads them, and expects to be refused with the model as it was.
#[track_caller]
fn refused(path: &Path, bytes: &[u8], store: &mut ParamStore<f64>) -> Error {
    fs::write(path, bytes).unwrap();
    let before = store.clone();
    let error = weights::load(path, store).unwrap_err();
    assert!(same(store, &before));
    error
}

#[test]
fn what_is_loaded_has_the_bits_that_were_saved() {
    fn round_trip<T: Stored>(path: &Path) {
        let saved = model::<T>(1);
        let metadata = Metadata::from([("a".into(), "1".into()), ("ü\"\n".into(), "\\".into())]);
        weights::save(path, &saved, &metadata).unwrap();
        let mut loaded = model(2);
        assert!(!same(&saved, &loaded));
        assert_eq!(weights::load(path, &mut loaded).unwrap(), metadata);
        assert!(same(&saved, &loaded));
    }
    let directory = directory("round-trip");
    round_trip::<f32>(&directory.join("f32.safetensors"));
    round_trip::<f64>(&directory.join("f64.safetensors"));
}

#[test]
fn the_file_is_one_that_the_reference_reader_reads() {
    let path = directory("reference").join("model");
    let store = model::<f32>(1);
    weights::save(&path, &store, &Metadata::from([("key".into(), "a \"note\"".into())])).unwrap();
    let bytes = fs::read(&path).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(file.len(), 3);
    let w = file.tensor("cell.w").unwrap();
    assert_eq!((w.dtype(), w.shape()), (safetensors::Dtype::F32, &[3, 4][..]));
    assert_eq!(
        f32::read_le(w.data()),
        store.get(store.find("cell.w").unwrap()).as_slice().unwrap()
    );
    let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
    assert_eq!(header.metadata().as_ref().unwrap()["key"], "a \"note\"");
}

#[test]
fn a_file_that_the_reference_writer_wrote_is_read() {
    let path = directory("reference-writer").join("model");
    let store = model::<f64>(1);
    let mut all = Vec::new();
    for (_, name, value) in store.iter() {
        let mut bytes = Vec::new();
        f64::write_le(value.iter().copied(), &mut bytes);
        all.push((name, value.shape().to_vec(), bytes));
    }
    let views = all.iter().map(|(name, shape, bytes)| {
        (
            name,
            safetensors::tensor::TensorView::new(safetensors::Dtype::F64, shape.clone(), bytes)
                .unwrap(),
        )
    });
    safetensors::serialize_to_file(views, None, &path).unwrap();
    let mut loaded = model(2);
    assert_eq!(weights::load(&path, &mut loaded).unwrap(), Metadata::new());
    assert!(same(&store, &loaded));
}

#[test]
fn the_same_contents_make_the_same_file() {
    let directory = directory("same-file");
    let notes: Metadata = (0..20).map(|k| (format!("key {k}"), k.to_string())).collect();
    weights::save(directory.join("a"), &model::<f64>(1), &notes).unwrap();
    weights::save(directory.join("b"), &model::<f64>(1), &notes).unwrap();
    assert_eq!(fs::read(directory.join("a")).unwrap(), fs::read(directory.join("b")).unwrap());
}

#[test]
fn saving_leaves_the_file_and_nothing_else() {
    let directory = directory("nothing-else");
    let path = directory.join("model.safetensors");
    weights::save(&path, &model::<f64>(1), &Metadata::new()).unwrap();
    weights::save(&path, &model::<f64>(2), &Metadata::new()).unwrap();
    assert_eq!(names_in(&directory), ["model.safetensors"]);
    let mut loaded = model::<f64>(3);
    weights::load(&path, &mut loaded).unwrap();
    assert!(same(&loaded, &model(2)));
}

/// Elsewhere a file that is being read may refuse to be replaced.
#[cfg(unix)]
#[test]
fn a_file_is_replaced_and_never_rewritten() {
    use std::io::Read;

    let path = directory("replaced").join("model");
    weights::save(&path, &model::<f64>(1), &Metadata::new()).unwrap();
    let before = fs::read(&path).unwrap();
    let mut open = fs::File::open(&path).unwrap();
    weights::save(&path, &model::<f64>(2), &Metadata::new()).unwrap();

    // Whoever had opened the old file still has all of it.
    let mut still = Vec::new();
    open.read_to_end(&mut still).unwrap();
    assert_eq!(still, before);
    assert_ne!(fs::read(&path).unwrap(), before);
}

#[test]
fn what_cannot_be_saved_leaves_what_was_there() {
    let directory = directory("unwritable");
    let occupied = directory.join("occupied");
    fs::create_dir(&occupied).unwrap();
    for path in [occupied, directory.join("no such/model"), PathBuf::from("/"), PathBuf::new()] {
        let error = weights::save(&path, &model::<f64>(1), &Metadata::new()).unwrap_err();
        assert!(matches!(error, Error::WeightsUnwritable { .. }), "{error}");
    }
    assert_eq!(names_in(&directory), ["occupied"]);
}

#[test]
fn what_a_crash_left_behind_is_in_nobodys_way() {
    let directory = directory("leftover");
    let leftover = format!(".model.{}-0.partial", std::process::id());
    fs::write(directory.join(&leftover), "half a fi").unwrap();
    weights::save(directory.join("model"), &model::<f64>(1), &Metadata::new()).unwrap();
    assert!(weights::load(directory.join("model"), &mut model::<f64>(2)).is_ok());
    assert_eq!(fs::read(directory.join(leftover)).unwrap(), b"half a fi");
}

#[test]
fn a_missing_file_is_named() {
    let error = weights::load("no/such/model.safetensors", &mut model::<f64>(1)).unwrap_err();
    assert!(matches!(error, Error::WeightsMissing { .. }));
    assert!(error.to_string().contains("`no/such/model.safetensors`"), "{error}");
}

#[test]
fn a_directory_is_no_file_of_weights() {
    let error = weights::load(directory("directory"), &mut model::<f64>(1)).unwrap_err();
    assert!(matches!(error, Error::WeightsUnreadable { .. }), "{error}");
}

#[test]
fn a_file_of_another_format_is_not_weights() {
    let path = directory("foreign").join("model");
    let mut store = model(1);
    let long_header = [&[255, 255, 255, 0, 0, 0, 0, 0][..], b"not json"].concat();
    for bytes in
        [&b""[..], b"short", b"To be, or not to be, that is the question", &[0; 64], &long_header]
    {
        let error = refused(&path, bytes, &mut store);
        assert!(matches!(error, Error::NotWeights { .. }), "{error}");
    }
}

#[test]
fn a_file_cut_short_anywhere_is_refused() {
    let path = directory("cut-short").join("model");
    weights::save(&path, &model::<f64>(1), &Metadata::new()).unwrap();
    let whole = fs::read(&path).unwrap();
    let mut store = model(2);
    for len in 0..whole.len() {
        let error = refused(&path, &whole[..len], &mut store);
        match error {
            Error::WeightsDamaged { bytes, .. } => assert!(len > 8 && bytes == len),
            Error::NotWeights { .. } => assert!(len <= 8),
            other => panic!("{other}"),
        }
    }
    let error = refused(&path, &[&whole[..], b"\0"].concat(), &mut store);
    assert!(matches!(error, Error::WeightsDamaged { .. }), "{error}");
}

#[test]
fn a_header_that_lies_is_refused() {
    let path = directory("lying").join("model");
    let mut store = model(1);
    for header in [
        r#"{"cell.w":{"dtype":"F64","shape":[3,4],"data_offsets":[0,8]}}"#,
        r#"{"cell.w":{"dtype":"F64","shape":[1],"data_offsets":[8,16]}}"#,
        r#"{"cell.w":{"dtype":"F64","shape":[18446744073709551615,2],"data_offsets":[0,8]}}"#,
        r#"{"cell.w":{"dtype":"F64","shape":[-1],"data_offsets":[0,8]}}"#,
        r#"{"cell.w":{"dtype":"F99","shape":[1],"data_offsets":[0,8]}}"#,
    ] {
        let bytes = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &[0; 8]].concat();
        let error = refused(&path, &bytes, &mut store);
        assert!(matches!(error, Error::NotWeights { .. }), "{error}");
    }
    // A shape that holds nothing but whose sides multiply past what memory can address.
    let header =
        r#"{"cell.w":{"dtype":"F64","shape":[0,18446744073709551615],"data_offsets":[0,0]}}"#;
    let bytes = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat();
    let error = refused(&path, &bytes, &mut store);
    assert!(matches!(error, Error::NotWeights { .. }), "{error}");
}

/// The file of a store that is the model's but for what `change` does to its arrays.
fn changed(
    path: &Path,
    change: impl Fn(&str, &ArrayD<f64>) -> Option<(String, ArrayD<f64>)>,
) -> Vec<u8> {
    let mut store = ParamStore::new();
    for (_, name, value) in model::<f64>(2).iter() {
        if let Some((name, value)) = change(name, value) {
            store.add(name, value).unwrap();
        }
    }
    weights::save(path, &store, &Metadata::new()).unwrap();
    fs::read(path).unwrap()
}

#[test]
fn all_missing_and_all_surplus_names_are_listed() {
    let path = directory("names").join("model");
    let bytes = changed(&path, |name, value| match name {
        "cell.w" => Some(("cell.u".into(), value.clone())),
        "cell.b" => None,
        _ => Some((name.into(), value.clone())),
    });
    match refused(&path, &bytes, &mut model(1)) {
        Error::WeightNames { missing, surplus } => {
            assert_eq!(
                (missing, surplus),
                (vec!["cell.w".into(), "cell.b".into()], vec!["cell.u".to_string()])
            );
        }
        other => panic!("{other}"),
    }
}

#[test]
fn a_wrong_shape_is_told_with_the_right_one() {
    let path = directory("shape").join("model");
    // The last parameter of all is the one that does not fit: those before it must not have been written.
    let bytes = changed(&path, |name, value| {
        let value = if name == "scale" { arr1(&[1.0]).into_dyn() } else { value.clone() };
        Some((name.into(), value))
    });
    match refused(&path, &bytes, &mut model(1)) {
        Error::WeightShape { name, found, expected } => {
            assert_eq!((name.as_str(), found, expected), ("scale", vec![1], vec![]));
        }
        other => panic!("{other}"),
    }
}

#[test]
fn numbers_of_another_type_are_not_converted_behind_ones_back() {
    let path = directory("type").join("model");
    weights::save(&path, &model::<f32>(1), &Metadata::new()).unwrap();
    match refused(&path, &fs::read(&path).unwrap(), &mut model(1)) {
        Error::WeightType { found, expected, .. } => {
            assert_eq!((found.as_str(), expected.as_str()), ("F32", "F64"))
        }
        other => panic!("{other}"),
    }
}

#[test]
fn nan_is_reported_and_loaded_only_on_request() {
    let path = directory("nan").join("model");
    for bad in [f64::NAN, f64::NEG_INFINITY] {
        let bytes = changed(&path, |name, value| {
            let mut value = value.clone();
            if name == "cell.b" {
                value[2] = bad;
            }
            Some((name.into(), value))
        });
        let mut store = model(1);
        match refused(&path, &bytes, &mut store) {
            Error::NonFiniteWeights { names } => assert_eq!(names, ["cell.b"]),
            other => panic!("{other}"),
        }
        weights::load_with(&path, &mut store, &LoadOptions::default().non_finite(true)).unwrap();
        let b = store.find("cell.b").unwrap();
        assert_eq!(store.get(b)[2].to_bits(), bad.to_bits());
    }
}

#[test]
fn two_models_share_a_file_under_two_prefixes() {
    let path = directory("prefixes").join("both");
    let mut archive = Archive::new();
    archive.put_params("a.", &model::<f64>(1)).unwrap();
    archive.put_params("b.", &model(2)).unwrap();
    let error = archive.put_params("b.", &model(2)).unwrap_err();
    assert!(matches!(error, Error::NameTaken { .. }), "{error}");
    archive.write(&path).unwrap();

    let mut store = model::<f64>(3);
    weights::load_with(&path, &mut store, &LoadOptions::prefix("b.")).unwrap();
    assert!(same(&store, &model(2)));
    assert!(matches!(weights::load(&path, &mut store), Err(Error::WeightNames { .. })));
}

#[test]
fn the_formats_own_name_is_not_for_arrays() {
    let error = Archive::<f64>::new().insert("__metadata__", ArrayD::from_elem(IxDyn(&[]), 1.0));
    assert!(matches!(error, Err(Error::Data { .. })));
}

#[test]
fn a_gradient_from_before_loading_is_stale() {
    let path = directory("stale").join("model");
    let mut store = model::<f64>(1);
    weights::save(&path, &store, &Metadata::new()).unwrap();
    let tape = Tape::new();
    let gradients = tape.backward(store.bind(&tape).var(store.find("cell.w").unwrap()).sum());
    weights::load(&path, &mut store).unwrap();
    assert!(matches!(Sgd::new(0.1).step(&mut store, &gradients), Err(Error::StaleGradient { .. })));
}
