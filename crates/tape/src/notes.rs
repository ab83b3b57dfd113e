//! What a tape is told about itself: labels of variables, names of sections.
//!
//! Both stand beside the record, not in it: recording a node costs nothing for the labels it might be given, and
//! what a cut or a [`clear`](Tape::clear) releases leaves its strings behind for the next ones.

use crate::{Real, Tape, Var, error::or_panic};
use std::{
    collections::{HashMap, VecDeque},
    fmt::{Display, Write},
    panic::Location,
};

/// Labels and sections of the nodes that are alive.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    labels: HashMap<u64, String>,
    /// The serial number of the first node of each section, rising, and its name.
    sections: VecDeque<(u64, String)>,
    /// Strings that have served.
    spare: Vec<String>,
}

impl Notes {
    pub(crate) fn label(&self, node: u64) -> Option<&str> {
        self.labels.get(&node).map(String::as_str)
    }

    /// Which section `node` is in, counted among those alive.
    pub(crate) fn section_index(&self, node: u64) -> Option<usize> {
        self.sections.partition_point(|(start, _)| *start <= node).checked_sub(1)
    }

    pub(crate) fn section_name(&self, index: usize) -> &str {
        &self.sections[index].1
    }

    pub(crate) fn section(&self, node: u64) -> Option<&str> {
        Some(self.section_name(self.section_index(node)?))
    }

    fn set_label(&mut self, node: u64, text: String) {
        self.spare.extend(self.labels.insert(node, text));
    }

    fn begin_section(&mut self, start: u64, name: String) {
        if let Some(last) = self.sections.back_mut()
            && last.0 == start
        {
            self.spare.push(std::mem::replace(&mut last.1, name));
        } else {
            self.sections.push_back((start, name));
        }
    }

    /// `node` is no more.
    #[inline]
    pub(crate) fn forget(&mut self, node: u64) {
        if !self.labels.is_empty() {
            self.spare.extend(self.labels.remove(&node));
        }
    }

    /// Drops the sections that end before `front`.
    pub(crate) fn release(&mut self, front: u64) {
        while self.sections.get(1).is_some_and(|(start, _)| *start <= front) {
            self.spare.extend(self.sections.pop_front().map(|(_, name)| name));
        }
    }

    pub(crate) fn clear(&mut self) {
        self.spare.extend(self.labels.drain().map(|(_, label)| label));
        self.spare.extend(self.sections.drain(..).map(|(_, name)| name));
    }
}

impl<T: Real> Tape<T> {
    /// Opens a section: what is recorded from here on, until the next one is opened, goes by this name in
    /// [`to_dot`](Tape::to_dot), [`to_json`](Tape::to_json), [`ledger`](Tape::ledger) and in traces.
    ///
    /// An empty section is renamed, not kept. A step of a recurrence is a good section:
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let mut h = tape.leaf(0.1);
    /// for t in 1..=3 {
    ///     tape.section(format_args!("step {t}"));
    ///     h = (h * h + 1.0).tanh();
    /// }
    /// assert_eq!(tape.table().rows().last().unwrap().section.as_deref(), Some("step 3"));
    /// ```
    pub fn section(&self, name: impl Display) {
        let name = self.words(name);
        let mut record = self.record.borrow_mut();
        let start = record.nodes.end();
        record.notes.begin_section(start, name);
    }

    /// The text, in a string that has served before. The tape is free meanwhile: to print may mean to read it.
    fn words(&self, text: impl Display) -> String {
        let mut words = self.record.borrow_mut().notes.spare.pop().unwrap_or_default();
        words.clear();
        // Writing to a string fails only where the text itself gives up; what it has written then serves.
        let _ = write!(words, "{text}");
        words
    }
}

impl<T: Real> Var<'_, T> {
    /// Calls it by a name of yours in tables, graphs, traces and errors, and returns it. The last name counts.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let h = tape.leaf([0.5, 1.0]).label("h₁");
    /// assert_eq!(h.name().as_deref(), Some("h₁"));
    /// assert!(tape.table().to_string().contains("h₁"));
    /// ```
    ///
    /// # Panics
    /// When a cut has released it.
    #[track_caller]
    pub fn label(self, text: impl Display) -> Self {
        or_panic(self.tape.check(&self.tape.record.borrow(), &self, || "label").map(|_| ()));
        let text = self.tape.words(text);
        self.tape.record.borrow_mut().notes.set_label(self.id, text);
        self
    }

    /// What [`label`](Var::label) called it.
    pub fn name(self) -> Option<String> {
        self.tape.record.borrow().notes.label(self.id).map(str::to_owned)
    }

    /// The line of the program that recorded it.
    ///
    /// # Panics
    /// When a cut has released it.
    #[track_caller]
    pub fn site(self) -> &'static Location<'static> {
        or_panic(self.tape.check(&self.tape.record.borrow(), &self, || "site")).site
    }
}

#[cfg(test)]
mod tests {
    use crate::Tape;

    #[test]
    fn the_last_label_counts_and_a_clear_takes_all_and_keeps_the_strings() {
        let mut tape = Tape::<f64>::new();
        let x = tape.leaf(1.0).label("x").label(format_args!("x{}", 1));
        tape.section("a");
        tape.section("b");
        let y = x.exp();
        assert_eq!((x.name().as_deref(), y.name()), (Some("x1"), None));
        assert_eq!(x.site().line() + 3, y.site().line());
        let id = y.id();
        assert_eq!(tape.record.borrow().notes.section(id), Some("b"));
        tape.clear();
        let notes = &tape.record.get_mut().notes;
        assert_eq!((notes.labels.len(), notes.sections.len(), notes.spare.len()), (0, 0, 3));
    }

    #[test]
    fn a_cut_takes_the_labels_of_what_it_releases_and_the_sections_that_are_over() {
        let tape = Tape::<f64>::new();
        tape.section("one");
        let x = tape.leaf(1.0).label("gone");
        let kept = x.exp().label("kept");
        tape.section("two");
        let mark = tape.mark();
        let y = (kept + 1.0).label("y");
        tape.cut(mark);
        let record = tape.record.borrow();
        let label = |id| record.notes.label(id);
        assert_eq!([label(0), label(1), label(y.id())], [None, Some("kept"), Some("y")]);
        assert_eq!(record.notes.section(y.id()), Some("two"));
        assert_eq!(record.notes.section(kept.id()), None);
    }

    #[test]
    #[should_panic(expected = "label: node 0 was released by a cut")]
    fn what_is_released_takes_no_label() {
        let tape = Tape::<f64>::new();
        let x = tape.leaf(1.0);
        tape.cut(tape.mark());
        let _ = x.label("late");
    }
}
