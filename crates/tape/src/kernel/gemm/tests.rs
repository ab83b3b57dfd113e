//! Every path against [`plain`], bit for bit.

use super::*;

#[test]
fn smoke() {
    for (m, k, n) in [(1,3,5),(7,300,65),(13,600,129),(40,300,200)] {
        let a: Vec<f32> = (0..m*k).map(|i| ((i*7919)%1000) as f32/997.0-0.5).collect();
        let b: Vec<f32> = (0..n*k).map(|i| ((i*104729)%1000) as f32/997.0-0.5).collect();
        let (mut x, mut y) = (vec![0.0; m*n], vec![0.0;m*n]);
        let s = &mut Scratch::default();
        let (a, b) = (Matrix::row_major(&a, m,k), Matrix::row_major(&b,k,n));
        plain(s, a, b, &mut x, false);
        f32(s, a, b, &mut y, false);
        assert_eq!(x, y);
    }
}
