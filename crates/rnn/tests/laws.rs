//! What holds for every recurrence, whatever it computes.
//!
//! One law, one function; each is asked of every cell in every case: unrolled as a whole or in windows, with rows of one
//! length or of many.

#![allow(clippy::unwrap_used)] // a test may

use ndarray::{Array3, ArrayD, Axis, Slice};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rnn::{
    Bound, Cell, Diagonal, Elman, Gru, IndRnn, Input, Jordan, Lstm, Mgu, ParamStore, Sequence,
    Stacked, State, Trajectory, Widths,
    bptt::{Truncation, Unrolling, Window},
    cells,
    init::Uniform,
    regularize::{Dropout, Dropped, Mask, Zoneout},
    unroll,
};
use std::ops::Range;
use tape::{ParamId, Real, Tape, Var};

const T: usize = 7;
const B: usize = 4;
const X: usize = 3;
const H: usize = 5;
const LENGTHS: [usize; B] = [4, 7, 0, 2];
