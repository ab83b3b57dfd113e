//! Parameters: arrays that outlive every tape they are bound to.

use crate::Real;
use ndarray::ArrayD;
use std::sync::Arc;

slotmap::new_key_type! {
    /// The name of a parameter: gradients, optimizer moments and the like are kept under it.
    pub struct ParamId;
}

/// A parameter's array as a tape reads it: shared, never copied, never changed underneath.
///
/// Whoever owns the parameter writes to it through [`Arc::make_mut`]: in place when no tape reads it, on a
/// copy when one still does. So what a tape has recorded stays what it was.
#[derive(Debug, Clone)]
pub struct Param<T> {
    /// The key under which its gradient is found.
    pub id: ParamId,
    /// The array, best in standard (row-major) layout: a tape must copy any other at every use.
    pub value: Arc<ArrayD<T>>,
    /// How often the array has been written; a gradient remembers the version it belongs to.
    pub version: u64,
}

impl<T: Real> Param<T> {
    /// A parameter in its first version.
    pub fn new(id: ParamId, value: ArrayD<T>) -> Self {
        let value = if value.is_standard_layout() {
            value
        } else {
            value.as_standard_layout().into_owned()
        };
        Self { id, value: Arc::new(value), version: 0 }
    }
}
