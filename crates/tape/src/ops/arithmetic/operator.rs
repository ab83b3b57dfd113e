//! Rust's operators, for handles and references to handles alike.

/// Implements the operator trait `$trait` for `Var`, in all combinations of value and reference.
macro_rules! operator {
    ($trait:ident, $method:ident, $op:expr) => {
        operator!(@ $trait, $method, $op, Var<'t, T>, Var<'t, T>);
        operator!(@ $trait, $method, $op, Var<'t, T>, &Var<'t, T>);
        operator!(@ $trait, $method, $op, &Var<'t, T>, Var<'t, T>);
        operator!(@ $trait, $method, $op, &Var<'t, T>, &Var<'t, T>);
    };
    (@ $trait:ident, $method:ident, $op:expr, $left:ty, $right:ty) => {
        impl<'t, T: Real> std::ops::$trait<$right> for $left {
            type Output = Var<'t, T>;
            #[track_caller]
            fn $method(self, right: $right) -> Var<'t, T> {
                self.tape().apply($op, &[self.clone(), right.clone()])
            }
        }
    };
}
