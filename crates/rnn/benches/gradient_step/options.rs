//! What the command line asks for.

use crate::workload::{WORKLOADS, Workload};

/// `builtin`: the library's cell, where `tape` is a user's own.
const VARIANTS: [&str; 3] = ["tape", "by_hand", "builtin"];

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) workloads: Vec<Workload>,
    pub(crate) variants: Vec<&'static str>,
    /// Of each variant, to be timed in turns.
    pub(crate) threads: Vec<usize>,
    pub(crate) json: bool,
}

impl Options {
    pub(crate) fn read(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options =
            Self { workloads: Vec::new(), variants: Vec::new(), threads: Vec::new(), json: false };
        let mut option = String::new();
        for argument in arguments {
            match (argument.as_str(), option.as_str()) {
                ("--json", _) => options.json = true,
                // Cargo's own.
                ("--bench", _) => {}
                ("--workload" | "--variant" | "--threads", _) => option = argument,
                (name, "--workload") => {
                    let found = WORKLOADS.iter().find(|w| w.name == name);
                    let known = WORKLOADS.map(|w| w.name).join(", ");
                    let found = found.ok_or(format!("no workload is called {name}: {known}"))?;
                    options.workloads.push(*found);
                }
                (name, "--variant") => {
                    let found = VARIANTS.into_iter().find(|known| *known == name);
                    let known = VARIANTS.join(", ");
                    let found = found.ok_or(format!("no variant is called {name}: {known}"))?;
                    options.variants.push(found);
                }
                (count, "--threads") => match count.parse() {
                    Ok(count @ 1..) => options.threads.push(count),
                    _ => return Err(format!("{count} threads: a number from 1 on")),
                },
                (other, _) => return Err(format!("what is {other}?")),
            }
        }
        let Self { workloads, variants, threads, .. } = &mut options;
        if workloads.is_empty() {
            workloads.extend(WORKLOADS);
        }
        if variants.is_empty() {
            variants.extend(VARIANTS);
        }
        if threads.is_empty() {
            threads.push(1);
        }
        threads.sort_unstable();
        Ok(options)
    }

    /// The numbers of threads that take turns: one, and one other. A workload has no more shards than rows.
    pub(crate) fn passes(&self, workload: &Workload) -> Vec<(bool, usize)> {
        let mut counts: Vec<_> = self.threads.iter().map(|&n| n.min(workload.batch)).collect();
        counts.dedup();
        match counts.split_first() {
            Some((1, [])) => vec![(true, 1)],
            Some((1, others)) => others.iter().map(|&many| (true, many)).collect(),
            _ => counts.iter().map(|&many| (false, many)).collect(),
        }
    }
}
