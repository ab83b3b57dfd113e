//! Memory asked for at once, and counted.
//!
//! A record that grows as it is written doubles its memory now and then, and holds both halves while it moves. Who must
//! stay within a budget measures one step, makes room for all of them, and knows then what they take.

use crate::{
    Mark, Real, Tape,
    arena::Queue,
    node::{Kind, Node, Place},
    pool::Pool,
    record::Record,
    running::Running,
    shells::Shells,
};

impl<T: Real> Tape<T> {
    /// How many bytes of memory it takes to record once more what has been recorded since `mark`, and to sweep over it:
    /// nodes, values, ops, and a place for each adjoint. (The adjoints themselves live in memory that goes from one to the
    /// next, and does not grow with the record.)
    pub fn cost_since(&self, mark: Mark<'_, T>) -> usize {
        let record = self.record.borrow();
        let [nodes, values, edges, indices] = record.since(mark);
        let boxes = record.nodes.items[record.nodes.items.len() - nodes..].iter().map(|node| {
            let bytes = boxed(&node.kind);
            bytes + usize::from(bytes > 0) * size_of::<Box<dyn crate::Op<T>>>() + aside(node)
        });
        nodes * (size_of::<Node<T>>() + size_of::<Running<T>>())
            + values * size_of::<T>()
            + (edges + indices) * size_of::<u64>()
            + boxes.sum::<usize>()
    }

    /// Makes room for `times` as much as has been recorded since `mark`, behind all that there is: exactly, with nothing to
    /// spare.
    pub fn reserve(&self, mark: Mark<'_, T>, times: usize) {
        let record = &mut *self.record.borrow_mut();
        let [nodes, values, edges, indices] = record.since(mark).map(|n| n * times);
        let first = record.nodes.items.len() - nodes / times.max(1);
        record.shells.reserve(&record.nodes.items[first..], times);
        record.nodes.items.reserve_exact(nodes);
        record.edges.items.reserve_exact(edges);
        record.indices.items.reserve_exact(indices);
        let end = record.values.len + values;
        record.values.items.reserve_exact(end.saturating_sub(record.values.items.len()));
        let pool = &mut *self.pool.lock();
        let slots = record.nodes.items.len() + nodes;
        pool.adjoints.reserve_exact(slots.saturating_sub(pool.adjoints.len()));
    }

    /// How many bytes of memory the tape holds, used or waiting to be: what it has recorded, its ops, and what sweeps work
    /// in. Parameters' own arrays, gradients that are in use, and a few words for shapes and labels are not counted.
    pub fn held(&self) -> usize {
        let record = self.record.borrow();
        let inner = self.inner.borrow();
        record.held()
            + self.pool.lock().held()
            + self.scratch.borrow().held()
            + inner.as_ref().map_or(0, |inner| inner.held())
    }
}

/// The memory of an op that has some.
fn boxed<T: Real>(kind: &Kind<T>) -> usize {
    match kind {
        Kind::Op(op) => size_of_val(&**op),
        _ => 0,
    }
}

/// The memory of a value that stands aside.
fn aside<T: Real>(node: &Node<T>) -> usize {
    if let Place::Aside(memory) = &node.place { memory.capacity() * size_of::<T>() } else { 0 }
}

fn vector<E>(vector: &Vec<E>) -> usize {
    vector.capacity() * size_of::<E>()
}

impl<T: Real> Record<T> {
    /// Nodes, values, edges and indices since the mark, if they are all still there.
    fn since(&self, mark: Mark<'_, T>) -> [usize; 4] {
        let [nodes, values, edges, indices] = mark.addresses();
        let behind =
            |end: u64, start: u64, len: usize| (end.saturating_sub(start) as usize).min(len);
        [
            behind(self.nodes.end(), nodes, self.nodes.items.len()),
            behind(self.values.end(), values, self.values.len),
            behind(self.edges.end(), edges, self.edges.items.len()),
            behind(self.indices.end(), indices, self.indices.items.len()),
        ]
    }

    fn held(&self) -> usize {
        fn queue<E>(queue: &Queue<E>) -> usize {
            vector(&queue.items)
        }
        let kept = |node: &Node<T>| match &node.place {
            Place::Kept(values) => vector(values),
            _ => 0,
        };
        queue(&self.nodes)
            + queue(&self.edges)
            + queue(&self.indices)
            + vector(&self.values.items)
            + vector(&self.wholes)
            + vector(&self.survivors)
            + self.survivors.iter().map(|(_, node)| kept(node)).sum::<usize>()
            + vector(&self.spare)
            + self.spare.iter().map(vector).sum::<usize>()
            + self.nodes.items.iter().map(|node| boxed(&node.kind) + aside(node)).sum::<usize>()
            + self.shells.held()
    }
}

impl<T: Real> Shells<T> {
    /// Room on the shelves for `times` the ops of some nodes.
    fn reserve(&mut self, nodes: &[Node<T>], times: usize) {
        for node in nodes {
            if let Kind::Op(op) = &node.kind
                && size_of_val(&**op) > 0
            {
                let shelf = self.shelf((&**op as &dyn std::any::Any).type_id());
                let more = shelf.capacity() + times;
                shelf.reserve_exact(more - shelf.len());
            }
        }
    }

    fn held(&self) -> usize {
        let shelves = self.shelves();
        shelves.map(|s| vector(s) + s.iter().map(|op| size_of_val(&**op)).sum::<usize>()).sum()
    }
}

impl<T: Real> Pool<T> {
    fn held(&self) -> usize {
        let free = self.free().map(|class| vector(class) + class.iter().map(vector).sum::<usize>());
        vector(&self.adjoints) + vector(&self.survivors) + free.sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::boxed;
    use crate::Tape;
    use ndarray::ArrayD;

    fn step<'t>(h: crate::Var<'t, f64>, w: crate::Var<'t, f64>) -> crate::Var<'t, f64> {
        (h.matmul(w).slice(1, 0..3) * 0.9 + h).tanh()
    }

    #[test]
    fn reserved_is_exactly_what_is_needed() {
        for times in [1, 10, 1000] {
            let tape = Tape::<f64>::new();
            let w = tape.leaf(ArrayD::from_elem(vec![3, 3], 0.1));
            let mut h = step(tape.leaf(ArrayD::from_elem(vec![2, 3], 0.3)), w);
            tape.backward(h.sum());
            let mark = tape.mark();
            h = step(h, w);
            let (cost, nodes, before) = (tape.cost_since(mark), tape.len(), tape.held());
            tape.reserve(mark, times);
            let reserved = tape.held();
            (0..times).for_each(|_| h = step(h, w));
            assert_eq!(tape.len(), nodes + 5 * times);
            // The boxes of ops are made one by one; beside them nothing is.
            let record = tape.record.borrow();
            let boxes = record.nodes.items[nodes..].iter().map(|node| boxed(&node.kind));
            let boxes: usize = boxes.sum();
            assert!(boxes > 0);
            assert_eq!(tape.held(), reserved + boxes, "{times}");
            assert!(reserved + boxes - before <= cost * times, "{times}");
            // What a vector had to spare before.
            assert!(reserved + boxes - before + 40_000 > cost * times, "{times}");
        }
    }

    #[test]
    fn without_a_reservation_a_record_holds_more_than_it_needs() {
        let held = |reserved: bool| {
            let tape = Tape::<f64>::new();
            let x = tape.leaf([1.0, 2.0]);
            let mark = tape.mark();
            let mut y = x.tanh();
            if reserved {
                tape.reserve(mark, 550);
            }
            (0..550).for_each(|_| y = y.tanh());
            tape.held()
        };
        assert!(held(false) > held(true));
    }
}
