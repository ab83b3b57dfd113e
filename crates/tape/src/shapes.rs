//! The shapes on a tape, each written down once.
//!
//! A million nodes have a dozen shapes between them. A node that names its shape by a number is smaller by a third, and
//! a small node is a fast one: what recording and sweeping a number costs is mostly the memory that its node takes.

use crate::shape::Shape;
use std::ops::Index;

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
    /// Where the hash of a shape leads to, or one of the places behind it: its number, or 0 where none stands.
    /// As many as a power of two. (A map of our own: a shape is looked up for every node, and is but a few words long.)
    places: Vec<u32>,
    /// Of each, the shape that remains without its first axis, where somebody has asked for it.
    rests: Vec<Option<ShapeId>>,
}

impl Default for Shapes {
    fn default() -> Self {
        Self { list: vec![Shape::new()], places: vec![0; 64], rests: vec![None] }
    }
}

impl Shapes {
    #[inline]
    pub(crate) fn id(&mut self, shape: &[usize]) -> ShapeId {
        match self.find(shape) {
            Some(id) => id,
            None => self.add(shape),
        }
    }

    /// The number of a shape that has been written down.
    #[inline]
    pub(crate) fn find(&self, shape: &[usize]) -> Option<ShapeId> {
        if shape.is_empty() {
            return Some(ShapeId::NUMBER);
        }
        let mut at = self.first_place(shape);
        while self.places[at] > 0 {
            let id = self.places[at];
            let known = &self.list[id as usize];
            if known.len() == shape.len() && known.iter().eq(shape) {
                return Some(ShapeId(id));
            }
            at = self.behind(at);
        }
        None
    }

    /// The shape without its first axis, if it has one.
    #[inline]
    pub(crate) fn rest(&mut self, id: ShapeId) -> Option<ShapeId> {
        self.rests[id.0 as usize].or_else(|| self.find_rest(id))
    }

    #[cold]
    fn find_rest(&mut self, id: ShapeId) -> Option<ShapeId> {
        let rest = Shape::from_slice(self[id].get(1..)?);
        self.rests[id.0 as usize] = Some(self.id(&rest));
        self.rests[id.0 as usize]
    }

    #[inline]
    fn first_place(&self, shape: &[usize]) -> usize {
        // Multiplied by 2⁶⁴ over the golden ratio, so that neighbours part.
        let fold = |hash: u64, &axis: &usize| {
            (hash.rotate_left(29) ^ axis as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        };
        let hash = shape.iter().fold(shape.len() as u64, fold);
        (hash >> 32) as usize & (self.places.len() - 1)
    }

    #[inline]
    fn behind(&self, at: usize) -> usize {
        (at + 1) & (self.places.len() - 1)
    }

    #[cold]
    fn add(&mut self, shape: &[usize]) -> ShapeId {
        self.list.push(Shape::from_slice(shape));
        self.rests.push(None);
        if 2 * self.list.len() > self.places.len() {
            self.places = vec![0; 2 * self.places.len()];
            (1..self.list.len()).for_each(|id| self.stand(id));
        } else {
            self.stand(self.list.len() - 1);
        }
        ShapeId(self.list.len() as u32 - 1)
    }

    /// Finds a place for a shape of the list.
    fn stand(&mut self, id: usize) {
        let mut at = self.first_place(&self.list[id]);
        while self.places[at] > 0 {
            at = self.behind(at);
        }
        self.places[at] = id as u32;
    }
}

impl Index<ShapeId> for Shapes {
    type Output = Shape;
    #[inline]
    fn index(&self, id: ShapeId) -> &Shape {
        &self.list[id.0 as usize]
    }
}

#[test]
fn a_shape_has_one_id_and_the_id_has_that_shape() {
    let mut shapes = Shapes::default();
    assert_eq!(shapes.id(&Shape::new()), ShapeId::NUMBER);
    let all: Vec<Shape> =
        (0..200).map(|k| Shape::from_iter((0..k % 6).map(|axis| (k + axis) % 7))).collect();
    let ids: Vec<ShapeId> = all.iter().map(|shape| shapes.id(shape)).collect();
    for ((shape, &id), other) in all.iter().zip(&ids).zip(all.iter().rev()) {
        assert_eq!(&shapes[id], shape);
        assert_eq!(shapes.id(other) == id, other == shape);
    }
}

#[test]
fn the_rest_of_a_shape_is_found_once_and_a_number_has_none() {
    let mut shapes = Shapes::default();
    let (all, row) = (shapes.id(&[5, 2, 3]), shapes.id(&[7]));
    for _ in 0..2 {
        let rest = shapes.rest(all).unwrap();
        assert_eq!(shapes[rest][..], [2, 3]);
        assert_eq!(shapes.id(&[2, 3]), rest);
        assert_eq!(shapes.rest(row), Some(ShapeId::NUMBER));
        assert_eq!(shapes.rest(ShapeId::NUMBER), None);
    }
}
