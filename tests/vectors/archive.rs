//! A collection of vectors: a manifest (`.json`) that lists cases, and their tensors (`.safetensors`).
//!
//! A tensor is named `<case>/<path>`. In the manifest of format `torch-vectors-1` an argument is one of
//! `{"tensor": path, …}`, `{"list": […]}`, `{"value": …}` and `{"float": "inf" | "-inf" | "nan"}`.

use ndarray::{ArrayD, IxDyn};
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;
use std::{collections::HashMap, path::Path};

/// An array of the kinds that occur.
#[derive(Debug, Clone)]
pub(crate) enum Tensor {
    Float(ArrayD<f64>),
    Int(ArrayD<i64>),
    Bool(ArrayD<bool>),
}

/// A manifest with its tensors.
#[derive(Debug)]
pub(crate) struct Archive {
    pub(crate) name: String,
    pub(crate) manifest: Value,
    tensors: HashMap<String, Tensor>,
}

impl Archive {
    /// Reads a manifest and the file of tensors that it names.
    ///
    /// # Panics
    /// When either cannot be read.
    pub(crate) fn read(path: &Path) -> Self {
        let manifest: Value = serde_json::from_slice(&bytes(path)).unwrap();
        let mut tensors = HashMap::new();
        if let Some(file) = manifest["tensors_file"].as_str() {
            let bytes = bytes(&path.with_file_name(file));
            for (name, view) in SafeTensors::deserialize(&bytes).unwrap().iter() {
                let tensor = tensor(view.dtype(), view.shape(), view.data());
                tensors.insert(name.to_owned(), tensor);
            }
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Self { name, manifest, tensors }
    }

    /// The tensor `path` of the case `key`, if there is one.
    pub(crate) fn get(&self, key: &str, path: &str) -> Option<&Tensor> {
        self.tensors.get(&format!("{key}/{path}"))
    }

    /// The numbers of a tensor that must be there.
    pub(crate) fn floats(&self, key: &str, path: &str) -> &ArrayD<f64> {
        match self.get(key, path) {
            Some(Tensor::Float(array)) => array,
            other => panic!("{}: {key}/{path} should be floats, but is {other:?}", self.name),
        }
    }
}

fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn tensor(dtype: Dtype, shape: &[usize], data: &[u8]) -> Tensor {
    match dtype {
        Dtype::F64 => Tensor::Float(array(shape, data, f64::from_le_bytes)),
        Dtype::F32 => Tensor::Float(array(shape, data, |b| f64::from(f32::from_le_bytes(b)))),
        Dtype::I64 => Tensor::Int(array(shape, data, i64::from_le_bytes)),
        Dtype::I32 => Tensor::Int(array(shape, data, |b| i64::from(i32::from_le_bytes(b)))),
        Dtype::U8 => Tensor::Int(array(shape, data, |[b]| i64::from(b))),
        Dtype::BOOL => Tensor::Bool(array(shape, data, |[b]| b != 0)),
        other => panic!("tensors of type {other:?} are not read"),
    }
}

fn array<E, const N: usize>(shape: &[usize], data: &[u8], read: fn([u8; N]) -> E) -> ArrayD<E> {
    let elements = data.chunks_exact(N).map(|bytes| read(bytes.try_into().unwrap())).collect();
    ArrayD::from_shape_vec(IxDyn(shape), elements).unwrap()
}

/// An argument of a case as the manifest has it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Argument {
    /// The path of a tensor within its case.
    Tensor(String),
    List(Vec<Argument>),
    Int(i64),
    Float(f64),
    Bool(bool),
    Text(String),
    None,
}

impl Argument {
    /// # Panics
    /// When the manifest has something else.
    pub(crate) fn read(json: &Value) -> Self {
        if let Some(path) = json["tensor"].as_str() {
            return Self::Tensor(path.into());
        }
        if let Some(list) = json["list"].as_array() {
            return Self::List(list.iter().map(Self::read).collect());
        }
        if let Some(float) = json["float"].as_str() {
            return Self::Float(float.parse().unwrap());
        }
        match &json["value"] {
            Value::Null => Self::None,
            Value::Bool(flag) => Self::Bool(*flag),
            Value::String(text) => Self::Text(text.clone()),
            Value::Number(n) => {
                n.as_i64().map_or_else(|| Self::Float(n.as_f64().unwrap()), Self::Int)
            }
            other => panic!("an argument should be a plain value, but is {other}"),
        }
    }
}
