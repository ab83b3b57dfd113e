//! Sums, products, powers, and the elementary functions.

use crate::witnesses::witness::{Witness, one, rule, two};
use tape::{Map, ops::arithmetic::scalar::Minus};

pub(super) fn list() -> Vec<Witness> {
    let w = Witness::new;
    vec![
        w("arithmetic/abs", rule!(|_, x| x[0].abs()), one(-2.0, 2.0)),
        w("arithmetic/add", rule!(|_, x| x[0] + x[1]), two(-2.0, 2.0)),
        w("arithmetic/clamp", rule!(|_, x| x[0].clamp(T::of(-0.5), T::of(1.0))), one(-2.0, 2.0)),
        w("arithmetic/div", rule!(|_, x| x[0] / x[1]), two(0.6, 2.5)),
        w("arithmetic/exp", rule!(|_, x| x[0].exp()), one(-2.0, 2.0)),
        w("arithmetic/exp2", rule!(|_, x| x[0].exp2()), one(-2.0, 2.0)),
        w("arithmetic/expm1", rule!(|_, x| x[0].expm1()), one(-2.0, 2.0)),
        w("arithmetic/ln", rule!(|_, x| x[0].ln()), one(0.6, 3.0)),
        w("arithmetic/log1p", rule!(|_, x| x[0].log1p()), one(-0.4, 3.0)),
        w("arithmetic/logaddexp", rule!(|_, x| x[0].logaddexp(x[1])), two(-3.0, 3.0)),
        w("arithmetic/maximum", rule!(|_, x| x[0].maximum(x[1])), two(-2.0, 2.0)),
        w("arithmetic/minimum", rule!(|_, x| x[0].minimum(x[1])), two(-2.0, 2.0)),
        w("arithmetic/mul", rule!(|_, x| x[0] * x[1]), two(-2.0, 2.0)),
        w("arithmetic/neg", rule!(|_, x| -x[0]), one(-2.0, 2.0)),
        w("arithmetic/pow", rule!(|_, x| x[0].pow(x[1])), two(0.6, 2.5)),
        w("arithmetic/powf", rule!(|_, x| x[0].powf(T::of(2.5))), one(0.6, 2.5)),
        w("arithmetic/powf", rule!(|_, x| x[0].powf(T::of(3.0))), one(-2.0, 2.0)),
        w("arithmetic/powf", rule!(|_, x| x[0].powf(T::of(-1.5))), one(0.6, 2.5)),
        w("arithmetic/reciprocal", rule!(|_, x| x[0].reciprocal()), one(0.6, 3.0)),
        w("arithmetic/rsqrt", rule!(|_, x| x[0].rsqrt()), one(0.6, 3.0)),
        w("arithmetic/scalar", rule!(|_, x| x[0] * T::of(-0.3)), one(-2.0, 2.0)),
        w("arithmetic/scalar", rule!(|_, x| x[0] / T::of(-0.3)), one(-2.0, 2.0)),
        w("arithmetic/scalar", rule!(|_, x| x[0] + T::of(0.7)), one(-2.0, 2.0)),
        w("arithmetic/scalar", rule!(|_, x| x[0] - T::of(0.7)), one(-2.0, 2.0)),
        w("arithmetic/scalar", rule!(|_, x| x[0].apply(Map(Minus(T::of(0.7))))), one(-2.0, 2.0)),
        w("arithmetic/sign", rule!(|_, x| x[0].sign()), one(-2.0, 2.0))
            .without_gradient("constant on either side of 0"),
        w("arithmetic/sqrt", rule!(|_, x| x[0].sqrt()), one(0.6, 3.0)),
        w("arithmetic/square", rule!(|_, x| x[0].square()), one(-2.0, 2.0)),
        w("arithmetic/sub", rule!(|_, x| x[0] - x[1]), two(-2.0, 2.0)),
        w("elementary/atan", rule!(|_, x| x[0].atan()), one(-3.0, 3.0)),
        w("elementary/cos", rule!(|_, x| x[0].cos()), one(-3.0, 3.0)),
        w("elementary/cosh", rule!(|_, x| x[0].cosh()), one(-2.0, 2.0)),
        w("elementary/erf", rule!(|_, x| x[0].erf()), one(-2.0, 2.0)),
        w("elementary/sin", rule!(|_, x| x[0].sin()), one(-3.0, 3.0)),
        w("elementary/sinh", rule!(|_, x| x[0].sinh()), one(-2.0, 2.0)),
        w("elementary/tan", rule!(|_, x| x[0].tan()), one(-1.1, 1.1)),
    ]
}
