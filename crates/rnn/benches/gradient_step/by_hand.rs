//! The step derived on paper, with nothing around it: the floor that a tape is measured against.
//!
//! ```text
//! hₜ = tanh(xₜ W + b + hₜ₋₁ U)         o = h V + c
//! ōₜ = ∂ℓ/∂oₜ                          z̄ₜ = (ōₜ Vᵀ + z̄ₜ₊₁ Uᵀ) ⊙ (1 − hₜ²)
//! V̄ = Hᵀ Ō,  c̄ = Σ Ō                   Ū = H₋₁ᵀ Z̄,  W̄ = Xᵀ Z̄,  b̄ = Σ Z̄
//! ```
//!
//! The products with `W` and `V` and the gradients of all weights are one product each over all time steps;
//! only `U` and `Uᵀ` are multiplied step by step, packed beforehand. States and adjoints are overwritten in place,
//! and nothing is allocated.

use crate::{
    data::{Data, Model, Rows, norm},
    measure::GradientStep,
    workload::Workload,
};
use ::tape::{
    Real,
    kernel::{
        Matrix, Scratch,
        gemm::{self, Packed},
    },
};
use rnn::Result;

/// A float whose products take a packed factor.
pub(crate) trait Float: Real {
    fn pack(to: &mut Packed<Self>, b: Matrix<'_, Self>);
    /// `c = a b`, or `c += a b`.
    fn multiply(
        scratch: &mut Scratch<Self>,
        a: Matrix<'_, Self>,
        b: &Packed<Self>,
        c: &mut [Self],
        add: bool,
    );
}

macro_rules! float {
    ($float:ident, $multiply:ident) => {
        impl Float for $float {
            fn pack(to: &mut Packed<Self>, b: Matrix<'_, Self>) {
                to.pack(b);
            }
            fn multiply(
                scratch: &mut Scratch<Self>,
                a: Matrix<'_, Self>,
                b: &Packed<Self>,
                c: &mut [Self],
                add: bool,
            ) {
                gemm::$multiply(scratch, a, b, c, add);
            }
        }
    };
}

float!(f32, f32_packed);
float!(f64, f64_packed);

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct ByHand<'m, T: Float> {
    workload: Workload,
    data: &'m Data<T>,
    w: &'m [T],
    u: &'m [T],
    b: &'m [T],
    v: &'m [T],
    c: &'m [T],
    scratch: Scratch<T>,
    packed_u: Packed<T>,
    packed_ut: Packed<T>,
    /// `h`, `[T, B, H]`.
    states: Vec<T>,
    /// `h̄`, then `z̄`, `[T, B, H]`.
    adjoints: Vec<T>,
    /// `o`, then `ō`, `[T, B, O]`, or the last step's.
    outputs: Vec<T>,
    dw: Vec<T>,
    du: Vec<T>,
    db: Vec<T>,
    dv: Vec<T>,
    dc: Vec<T>,
}

impl<'m, T: Float> ByHand<'m, T> {
    pub(crate) fn new(w: Workload, model: &'m Model<T>, data: &'m Data<T>) -> Self {
        let array = |id| model.store.get(id).as_slice().unwrap_or(&[]);
        let bias = |id: Option<_>| id.map_or(&[][..], array);
        let zeros = |len| vec![T::ZERO; len];
        let (x, h, o, rows) = (w.inputs, w.hidden, w.outputs, w.steps * w.batch);
        Self {
            workload: w,
            data,
            w: array(model.cell.w),
            u: array(model.cell.u),
            b: bias(model.cell.b),
            v: array(model.head.v),
            c: bias(model.head.c),
            scratch: Scratch::default(),
            packed_u: Packed::default(),
            packed_ut: Packed::default(),
            states: zeros(rows * h),
            adjoints: zeros(rows * h),
            outputs: zeros(w.loss_rows() * o),
            dw: zeros(x * h),
            du: zeros(h * h),
            db: zeros(h),
            dv: zeros(h * o),
            dc: zeros(o),
        }
    }

    fn forward(&mut self) {
        let Workload { inputs, hidden, outputs, batch, steps, .. } = self.workload;
        let Self { scratch, states, .. } = self;
        match &self.data.inputs {
            Rows::Dense(xs) => {
                let xs = Matrix::row_major(xs.as_slice().unwrap_or(&[]), steps * batch, inputs);
                repeat(self.b, states);
                T::gemm(scratch, xs, Matrix::row_major(self.w, inputs, hidden), states, true);
            }
            Rows::Classes(classes) => T::vectorize(
                #[inline(always)]
                || {
                    for (z, &class) in states.chunks_exact_mut(hidden).zip(classes) {
                        let w = &self.w[class * hidden..][..hidden];
                        for ((z, &w), &b) in z.iter_mut().zip(w).zip(self.b) {
                            *z = w + b;
                        }
                    }
                },
            ),
        }
        T::pack(&mut self.packed_u, Matrix::row_major(self.u, hidden, hidden));
        for t in 0..steps {
            let (before, rest) = states.split_at_mut(t * batch * hidden);
            let z = &mut rest[..batch * hidden];
            if let Some(last) = before.len().checked_sub(batch * hidden) {
                let h = Matrix::row_major(&before[last..], batch, hidden);
                T::multiply(scratch, h, &self.packed_u, z, true);
            }
            T::vectorize(
                #[inline(always)]
                || {
                    for z in z {
                        *z = z.tanh();
                    }
                },
            );
        }
        repeat(self.c, &mut self.outputs);
        let read = self.workload.loss_rows();
        let h = Matrix::row_major(&states[states.len() - read * hidden..], read, hidden);
        let v = Matrix::row_major(self.v, hidden, outputs);
        T::gemm(scratch, h, v, &mut self.outputs, true);
    }

    /// The loss; where outputs stood, their adjoints stand.
    fn loss(&mut self) -> T {
        let Workload { outputs, batch, .. } = self.workload;
        let share = T::of(1.0 / batch as f64);
        let rows = self.outputs.chunks_exact_mut(outputs);
        let mut sum = T::ZERO;
        T::vectorize(
            #[inline(always)]
            || match &self.data.targets {
                Rows::Dense(targets) => {
                    let targets = targets.as_slice().unwrap_or(&[]).chunks_exact(outputs);
                    for (o, y) in rows.zip(targets) {
                        sum += half_square(o, y, share);
                    }
                }
                Rows::Classes(classes) => {
                    for (o, &class) in rows.zip(classes) {
                        sum += surprise(o, class, share);
                    }
                }
            },
        );
        sum * share
    }

    fn backward(&mut self) {
        let Workload { inputs, hidden, outputs, batch, steps, .. } = self.workload;
        let Self { scratch, states, adjoints, .. } = self;
        let read = self.workload.loss_rows();
        let first_read = states.len() - read * hidden;
        let d_outputs = Matrix::row_major(&self.outputs, read, outputs);
        let h = Matrix::row_major(&states[first_read..], read, hidden);
        T::gemm(scratch, h.t(), d_outputs, &mut self.dv, false);
        sum_rows(&self.outputs, &mut self.dc);
        let vt = Matrix::row_major(self.v, hidden, outputs).t();
        T::gemm(scratch, d_outputs, vt, &mut adjoints[first_read..], false);

        T::pack(&mut self.packed_ut, Matrix::row_major(self.u, hidden, hidden).t());
        let step = batch * hidden;
        for t in (0..steps).rev() {
            let (rest, after) = adjoints.split_at_mut((t + 1) * step);
            let d = &mut rest[t * step..];
            if let Some(after) = after.get(..step) {
                let after = Matrix::row_major(after, batch, hidden);
                T::multiply(scratch, after, &self.packed_ut, d, t * step >= first_read);
            }
            let h = &states[t * step..][..step];
            T::vectorize(
                #[inline(always)]
                || {
                    for (d, &h) in d.iter_mut().zip(h) {
                        *d *= T::ONE - h * h;
                    }
                },
            );
        }

        let rows = (steps - 1) * batch;
        let before = Matrix::row_major(&states[..rows * hidden], rows, hidden);
        let after = Matrix::row_major(&adjoints[step..], rows, hidden);
        T::gemm(scratch, before.t(), after, &mut self.du, false);
        sum_rows(adjoints, &mut self.db);
        match &self.data.inputs {
            Rows::Dense(xs) => {
                let xs = Matrix::row_major(xs.as_slice().unwrap_or(&[]), steps * batch, inputs);
                let d = Matrix::row_major(adjoints, steps * batch, hidden);
                T::gemm(scratch, xs.t(), d, &mut self.dw, false);
            }
            Rows::Classes(classes) => T::vectorize(
                #[inline(always)]
                || {
                    self.dw.fill(T::ZERO);
                    for (d, &class) in adjoints.chunks_exact(hidden).zip(classes) {
                        for (dw, &d) in self.dw[class * hidden..][..hidden].iter_mut().zip(d) {
                            *dw += d;
                        }
                    }
                },
            ),
        }
    }
}

impl<T: Float> GradientStep for ByHand<'_, T> {
    fn step(&mut self) -> Result<f64> {
        self.forward();
        let loss = self.loss();
        self.backward();
        Ok(loss.primal())
    }

    fn grad_norm(&self) -> f64 {
        let once = [&self.dw, &self.du, &self.dv, &self.dc].map(|g| (false, &g[..]));
        norm(once.into_iter().chain([(true, &self.db[..])]))
    }
}

/// Writes `row` over and over.
fn repeat<T: Real>(row: &[T], out: &mut [T]) {
    for out in out.chunks_exact_mut(row.len()) {
        out.copy_from_slice(row);
    }
}

/// `sum = Σ rows`
fn sum_rows<T: Real>(rows: &[T], sum: &mut [T]) {
    T::vectorize(
        #[inline(always)]
        || {
            sum.fill(T::ZERO);
            for row in rows.chunks_exact(sum.len()) {
                for (sum, &x) in sum.iter_mut().zip(row) {
                    *sum += x;
                }
            }
        },
    );
}

/// `½ |o − y|²`; `o` becomes its adjoint, `share` of the whole.
#[inline(always)]
fn half_square<T: Real>(o: &mut [T], y: &[T], share: T) -> T {
    let mut sum = T::ZERO;
    for (o, &y) in o.iter_mut().zip(y) {
        let error = *o - y;
        sum += error * error;
        *o = share * error;
    }
    T::of(0.5) * sum
}

/// `−ln softmax(o)[class]`; `o` becomes its adjoint, `share` of the whole.
#[inline(always)]
fn surprise<T: Real>(o: &mut [T], class: usize, share: T) -> T {
    let greatest = o.iter().fold(o[0], |max, &x| if x > max { x } else { max });
    let score = o[class] - greatest;
    for o in &mut *o {
        *o = (*o - greatest).exp();
    }
    // Eight sums side by side: a single one could not share a vector.
    let mut lanes = [T::ZERO; 8];
    let eights = o.chunks_exact(8);
    let rest: T = eights.remainder().iter().copied().sum();
    for eight in eights {
        for (lane, &x) in lanes.iter_mut().zip(eight) {
            *lane += x;
        }
    }
    let sum = lanes.into_iter().sum::<T>() + rest;
    let scale = share / sum;
    for o in &mut *o {
        *o *= scale;
    }
    o[class] -= share;
    sum.ln() - score
}
