//! What can go wrong, said so that it can be mended.

use thiserror::Error;

/// Every way in which training and using a recurrent model can fail.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// Two parameters of one store cannot share a name.
    #[error("a parameter called {name:?} exists already; give each its own name, for example with a prefix")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// A truncation that is none.
    #[error("Window {{ k1: {k1}, k2: {k2} }}: {rule}; {remedy}")]
    Window {
        /// Steps from one sweep to the next.
        k1: usize,
        /// Steps that a sweep goes back.
        k2: usize,
        /// What is wrong with it.
        rule: &'static str,
        /// The way out.
        remedy: &'static str,
    },
    /// Data that does not fit the model or itself.
    #[error("{what}: {rule}; {remedy}")]
    Data {
        /// What was given.
        what: String,
        /// The rule it breaks.
        rule: String,
        /// The way out.
        remedy: &'static str,
    },
    /// The tape refused.
    #[error(transparent)]
    Tape(#[from] tape::Error),
}

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;
