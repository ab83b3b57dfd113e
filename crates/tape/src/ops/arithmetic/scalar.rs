//! `y = k x`, `x / n`, `c ± x`: a variable and a plain number.
//!
//! ```text
//! x̄ += k ȳ        x̄ += ȳ / n        x̄ ±= ȳ
//! ```
//!
//! (`c / x` is a constant's [`Div`](super::div).)

use crate::{Broadcast, Elementwise, Map, Real, Var, ops::arithmetic::div};
use std::ops::{Add, Div, Mul, Sub};

/// `y = k x`
#[derive(Debug, Clone, Copy)]
pub struct Scale<T>(pub T);

impl<T: Real> Elementwise<T> for Scale<T> {
    fn f(&self, x: T) -> T {
        self.0 * x
    }
    fn df(&self, _: T, _: T) -> T {
        self.0
    }
}

/// `y = x / n`, a division and not a product with the rounded `1/n`
#[derive(Debug, Clone, Copy)]
pub struct Over<T>(pub T);

impl<T: Real> Elementwise<T> for Over<T> {
    fn f(&self, x: T) -> T {
        x / self.0
    }
    fn df(&self, _: T, _: T) -> T {
        self.0.recip()
    }
}

/// `y = c + x`
#[derive(Debug, Clone, Copy)]
pub struct Plus<T>(pub T);

impl<T: Real> Elementwise<T> for Plus<T> {
    fn f(&self, x: T) -> T {
        x + self.0
    }
    fn df(&self, _: T, _: T) -> T {
        T::ONE
    }
}

/// `y = c − x`
#[derive(Debug, Clone, Copy)]
pub struct Minus<T>(pub T);

impl<T: Real> Elementwise<T> for Minus<T> {
    fn f(&self, x: T) -> T {
        self.0 - x
    }
    fn df(&self, _: T, _: T) -> T {
        -T::ONE
    }
}

fn reciprocal<'t, T: Real>(k: T, x: Var<'t, T>) -> Var<'t, T> {
    x.tape().apply(Broadcast(div::Div), &[x.tape().constant(k), x])
}

macro_rules! with_number {
    ($($trait:ident, $method:ident: |$x:ident, $n:ident| $right:expr;)*) => {$(
        impl<'t, T: Real> $trait<T> for Var<'t, T> {
            type Output = Var<'t, T>;
            #[track_caller]
            fn $method(self, $n: T) -> Var<'t, T> {
                let $x = self;
                $right
            }
        }
        impl<'t, T: Real> $trait<T> for &Var<'t, T> {
            type Output = Var<'t, T>;
            #[track_caller]
            fn $method(self, n: T) -> Var<'t, T> {
                $trait::$method(*self, n)
            }
        }
    )*};
}

with_number! {
    Add, add: |x, n| x.apply(Map(Plus(n)));
    Sub, sub: |x, n| x.apply(Map(Plus(-n)));
    Mul, mul: |x, n| x.apply(Map(Scale(n)));
    Div, div: |x, n| x.apply(Map(Over(n)));
}

macro_rules! number_first {
    ($($float:ident),*) => {$(
        number_first!($float, Add, add: |n, x| x.apply(Map(Plus(n))));
        number_first!($float, Sub, sub: |n, x| x.apply(Map(Minus(n))));
        number_first!($float, Mul, mul: |n, x| x.apply(Map(Scale(n))));
        number_first!($float, Div, div: |n, x| reciprocal(n, x));
    )*};
    ($float:ident, $trait:ident, $method:ident: |$n:ident, $x:ident| $y:expr) => {
        impl<'t> $trait<Var<'t, $float>> for $float {
            type Output = Var<'t, $float>;
            #[track_caller]
            fn $method(self, $x: Var<'t, $float>) -> Var<'t, $float> {
                let $n = self;
                $y
            }
        }
        impl<'t> $trait<&Var<'t, $float>> for $float {
            type Output = Var<'t, $float>;
            #[track_caller]
            fn $method(self, x: &Var<'t, $float>) -> Var<'t, $float> {
                $trait::$method(self, *x)
            }
        }
    };
}

number_first!(f32, f64);

#[test]
fn backward_matches_central_differences() {
    let x = [ndarray::arr1(&[-1.5, 0.7]).into_dyn()];
    crate::gradcheck::op(Map(Scale(-0.3)), &x).assert();
    crate::gradcheck::op(Map(Over(-0.3)), &x).assert();
    crate::gradcheck::op(Map(Plus(-0.3)), &x).assert();
    crate::gradcheck::op(Map(Minus(-0.3)), &x).assert();
}

#[test]
fn numbers_stand_on_either_side() {
    let tape = crate::Tape::<f64>::new();
    let x = tape.leaf(4.0);
    let all = [x + 2.0, 2.0 + x, x - 2.0, 2.0 - x, x * 2.0, 2.0 * &x, x / 2.0, 2.0 / x];
    assert_eq!(all.map(Var::item), [6.0, 6.0, 2.0, -2.0, 8.0, 8.0, 2.0, 0.5]);
}
