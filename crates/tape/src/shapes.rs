//! The shapes on a tape, each written down once.
//!
//! A million nodes have a dozen shapes between them. A node that names its shape by a number is smaller by a third, and
//! a small node is a fast one: what recording and sweeping a number costs is mostly the memory that its node takes.

use crate::shape::Shape;
use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    ops::Index,
};

/// Names a shape on one tape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ShapeId(u32);

impl ShapeId {
    /// The shape without axes, of a number.
    pub(crate) const NUMBER: Self = Self(0);
}

#[derive(Debug)]
pub(crate) struct Shapes {
    list: Vec<Shape>,
    ids: HashMap<Shape, u32, BuildHasherDefault<Fold>>,
}

impl Default for Shapes {
    fn default() -> Self {
        Self { list: vec![Shape::new()], ids: [(Shape::new(), 0)].into_iter().collect() }
    }
}

impl Shapes {
    pub(crate) fn id(&mut self, shape: &Shape) -> ShapeId {
        let known = self.ids.get(shape).copied();
        ShapeId(known.unwrap_or_else(|| {
            let id = self.list.len() as u32;
            self.list.push(shape.clone());
            self.ids.insert(shape.clone(), id);
            id
        }))
    }
}

impl Index<ShapeId> for Shapes {
    type Output = Shape;
    #[inline]
    fn index(&self, id: ShapeId) -> &Shape {
        &self.list[id.0 as usize]
    }
}

/// A hash of a few lengths, which nobody chooses to our harm.
#[derive(Debug, Default)]
struct Fold(u64);

impl Hasher for Fold {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        bytes.chunks(8).for_each(|chunk| {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        });
    }
    fn write_u64(&mut self, word: u64) {
        // Multiplied by 2⁶⁴ over the golden ratio, so that neighbours part.
        self.0 = (self.0.rotate_left(29) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    fn write_usize(&mut self, n: usize) {
        self.write_u64(n as u64);
    }
}

#[test]
fn a_shape_has_one_id_and_the_id_has_that_shape() {
    let mut shapes = Shapes::default();
    assert_eq!(shapes.id(&Shape::new()), ShapeId::NUMBER);
    let all: Vec<Shape> =
        (0..40).map(|k| Shape::from_iter((0..k % 6).map(|axis| (k + axis) % 3))).collect();
    let ids: Vec<ShapeId> = all.iter().map(|shape| shapes.id(shape)).collect();
    for ((shape, &id), other) in all.iter().zip(&ids).zip(all.iter().rev()) {
        assert_eq!(&shapes[id], shape);
        assert_eq!(shapes.id(other) == id, other == shape);
    }
}
