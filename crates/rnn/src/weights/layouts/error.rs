//! What a layout has no place for.

use thiserror::Error;

/// Why a model cannot be written, or a file not be read, in the layout of another framework.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// A part of the model that the other framework's cell does not have.
    #[error("{layout} has no place for {what}: {rule}; {remedy}")]
    NoPlace {
        /// The layout.
        layout: &'static str,
        /// The part, and whose it is.
        what: String,
        /// What the layout has instead.
        rule: String,
        /// The way out.
        remedy: &'static str,
    },
    /// Layers that are not those of one module of the other framework.
    #[error("{layout}: {what}, but {rule}; {remedy}")]
    Layers {
        /// The layout.
        layout: &'static str,
        /// What was given.
        what: String,
        /// What the layout has.
        rule: &'static str,
        /// The way out.
        remedy: &'static str,
    },
    /// An attribute of an ONNX node that stands for something our cells do not do.
    #[error("ONNX {op}: {attribute} = {value} is refused: {rule}; {remedy}")]
    Attribute {
        /// The operator.
        op: String,
        /// The attribute.
        attribute: String,
        /// What it is set to.
        value: String,
        /// Why it cannot be had.
        rule: String,
        /// The way out.
        remedy: &'static str,
    },
}
