//! Which steps are made, and where their results go.
//!
//! Of the formula, what leads to an output or is needed on the way back; of its adjoint, what leads to an input. What is
//! dear (`tanh`, `exp`, …) and needed again is saved, unless it is an output and so kept anyway; what is cheap is found
//! once more. All else stands in lanes, which serve again when nothing reads them any more.

use super::{
    adjoint::Derived,
    draft::{Action, Draft, fuse, uses},
    program::{Place, Program},
};

/// One of the arrays that are read only, or of those that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Read(usize),
    Written(usize),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) action: Action,
    pub(super) x: [Source; 3],
    /// What the result is added to.
    pub(super) plus: Option<Source>,
    /// Which of the written arrays the result goes to.
    pub(super) to: usize,
}

/// Steps in their order, and how many lanes they need.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    pub(super) lanes: usize,
}

/// A formula, ready to be run both ways.
///
/// Forward it reads the inputs and the constants; it writes the outputs, what is saved, and lanes. On the way back it reads
/// all these but the lanes, and behind them the outputs' adjoints; it writes the inputs' adjoints, and lanes.
#[derive(Debug, Clone)]
pub(super) struct Plans {
    pub(super) inputs: usize,
    pub(super) constants: Vec<f64>,
    pub(super) outputs: usize,
    pub(super) saved: usize,
    pub(super) forward: Plan,
    pub(super) backward: Plan,
    /// The inputs that the way back reads.
    pub(super) reads: Vec<usize>,
    /// Does the way back read an output?
    pub(super) rereads: bool,
    /// The inputs to whose adjoints the way back has nothing to add.
    pub(super) unread: Vec<usize>,
}

impl Plans {
    pub(super) fn of(program: &Program) -> Self {
        let Derived { mut drafts, inputs, .. } = Derived::of(program);
        let (code, outputs) = (program.code.len(), &program.outputs);
        let output = |j: usize| outputs.iter().position(|&place| place == Place::Result(j));
        let dear = |j: usize| program.code.get(j).is_some_and(|step| step.code.is_dear());
        let held = |j: usize| j < code && (dear(j) || output(j).is_some());

        let mut back = uses(&drafts, inputs.iter().copied().flatten(), held);
        fuse(&mut drafts, &mut back, code, held);
        let saved: Vec<usize> =
            (0..code).filter(|&j| back[j] > 0 && dear(j) && output(j).is_none()).collect();

        let mut forth = drafts[..code].to_vec();
        let roots = saved.iter().map(|&j| Place::Result(j)).chain(outputs.iter().copied());
        let mut used = uses(&forth, roots, |_| false);
        fuse(&mut forth, &mut used, 0, |_| false);

        let (n, m) = (program.inputs, program.constants.len());
        let mut forward = Schedule::new(&forth, (n, m), outputs.len() + saved.len());
        let keep = |j: usize| {
            let place = saved.iter().position(|&s| s == j);
            output(j).or(place.map(|k| outputs.len() + k)).into_iter().collect()
        };
        let order = (0..code).filter(|&j| used[j] > 0);
        let copies = outputs.iter().copied().enumerate();
        let copies: Vec<_> = copies.filter(|&(k, y)| !first(outputs, k, y)).collect();
        let forward = forward.plan(order.collect(), keep, &copies);

        let mut backward = Schedule::new(&drafts, (n, m), n);
        for j in 0..code {
            let place = saved.iter().position(|&s| s == j).map(|k| outputs.len() + k);
            backward.at[j] = output(j).or(place).map(|k| Source::Read(n + m + k));
        }
        backward.adjoints = n + m + outputs.len() + saved.len();
        let order = (0..drafts.len()).filter(|&j| back[j] > 0 && !held(j)).collect();
        // What is nothing but inputs' adjoints goes there at once, if it knows how to add: to find it twice is as cheap as to
        // copy it.
        let straight = |j: usize| {
            let to = (0..n).filter(|&k| inputs[k] == Some(Place::Result(j))).collect::<Vec<_>>();
            let fits = j >= code && drafts[j].action.adds();
            if fits && back[j] == to.len() { to } else { Vec::new() }
        };
        let rest = inputs.iter().enumerate().filter_map(|(k, &place)| Some((k, place?)));
        let rest: Vec<_> = rest
            .filter(|&(_, place)| !matches!(place, Place::Result(j) if !straight(j).is_empty()))
            .collect();
        let backward = backward.plan(order, straight, &rest);
        let reads = |k: usize| {
            let mut sources =
                backward.steps.iter().flat_map(|step| step.x.into_iter().chain(step.plus));
            sources.any(|source| source == Source::Read(k))
        };
        let rereads = (0..outputs.len()).any(|k| reads(n + m + k));

        Self {
            inputs: n,
            constants: program.constants.clone(),
            outputs: outputs.len(),
            saved: saved.len(),
            reads: (0..n).filter(|&k| reads(k)).collect(),
            rereads,
            forward,
            backward,
            unread: (0..n).filter(|&k| inputs[k].is_none()).collect(),
        }
    }
}

/// Is output `k` the first that is the result `y`, which then goes there at once?
fn first(outputs: &[Place], k: usize, y: Place) -> bool {
    matches!(y, Place::Result(_)) && outputs.iter().position(|&other| other == y) == Some(k)
}

/// A plan in the making.
struct Schedule<'a> {
    drafts: &'a [Draft],
    /// How many inputs there are, and constants.
    given: (usize, usize),
    /// The first of the adjoints that are read.
    adjoints: usize,
    /// The first of the written arrays that is a lane.
    first_lane: usize,
    /// Where the result of each draft stands.
    at: Vec<Option<Source>>,
}

impl<'a> Schedule<'a> {
    fn new(drafts: &'a [Draft], given: (usize, usize), first_lane: usize) -> Self {
        Self { drafts, given, adjoints: 0, first_lane, at: vec![None; drafts.len()] }
    }

    fn source(&self, place: Place) -> Source {
        match place {
            Place::Input(k) => Source::Read(k),
            Place::Constant(k) => Source::Read(self.given.0 + k),
            Place::Adjoint(k) => Source::Read(self.adjoints + k),
            Place::Result(j) => match self.at[j] {
                Some(source) => source,
                None => unreachable!("the result of an instruction is read after it was made"),
            },
        }
    }

    /// The drafts in `order`, whose results go where `kept` says, or else to a lane; then the `copies`.
    fn plan(
        &mut self,
        order: Vec<usize>,
        kept: impl Fn(usize) -> Vec<usize>,
        copies: &[(usize, Place)],
    ) -> Plan {
        let mut last_use = vec![0; self.drafts.len()];
        for (at, &j) in order.iter().enumerate() {
            for place in self.drafts[j].operands() {
                if let Place::Result(i) = place {
                    last_use[i] = at;
                }
            }
        }
        for &(_, place) in copies {
            if let Place::Result(i) = place {
                last_use[i] = order.len();
            }
        }
        let (mut plan, mut free) = (Plan::default(), Vec::new());
        for (at, &j) in order.iter().enumerate() {
            let mut to = kept(j);
            if to.is_empty() {
                to.push(free.pop().unwrap_or_else(|| {
                    plan.lanes += 1;
                    self.first_lane + plan.lanes - 1
                }));
            }
            let Draft { action, x, plus } = self.drafts[j];
            let x = std::array::from_fn(|k| x[if k < action.arity() { k } else { 0 }]);
            let (x, plus) = (x.map(|x| self.source(x)), plus.map(|c| self.source(c)));
            self.at[j] = Some(Source::Written(to[0]));
            plan.steps.extend(to.into_iter().map(|to| Step { action, x, plus, to }));
            let mut done: Vec<usize> = self.drafts[j].operands().filter_map(result).collect();
            done.dedup();
            for i in done.into_iter().filter(|&i| last_use[i] == at) {
                if let Some(Source::Written(lane)) = self.at[i]
                    && lane >= self.first_lane
                    && !free.contains(&lane)
                {
                    free.push(lane);
                }
            }
        }
        for &(to, place) in copies {
            let x = [self.source(place); 3];
            plan.steps.push(Step { action: Action::Copy, x, plus: None, to });
        }
        plan
    }
}

fn result(place: Place) -> Option<usize> {
    if let Place::Result(i) = place { Some(i) } else { None }
}
