//! Stopping, and going on as if one had not.
//!
//! Everything that the next step depends on goes into one file: parameters, moments, the place in the text, the carried
//! state. Where sweeps go back further than a block (k2 > k1), that includes the blocks that the tape still holds: they are
//! kept as what they were recorded from, and recorded again.
//!
//! States are written with the rows of all shards, one below the other.

use crate::{network::Network, options::Options};
use ndarray::{ArrayD, Axis, arr1, concatenate};
use rnn::{
    Cell, Elman, Error, Result,
    bptt::Unrolling,
    optim::{Adam, Optimizer},
    text::Vocabulary,
    weights::{Archive, LoadOptions},
};
use std::{collections::VecDeque, ops::Range, path::Path};

/// Where the training stands.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    /// Updates made.
    pub(crate) step: usize,
    /// The place in the stream.
    pub(crate) position: usize,
    /// The carried state, its parts in order.
    pub(crate) state: Vec<ArrayD<f32>>,
    /// Blocks that sweeps to come go back to, oldest first.
    pub(crate) past: VecDeque<Past>,
    /// Losses in nats a character, by update.
    pub(crate) training: Vec<(f64, f64)>,
    pub(crate) validation: Vec<(f64, f64)>,
    /// What must be the same again: name and value.
    about: Vec<(&'static str, String)>,
}

/// What a block was recorded from.
#[derive(Debug, Clone)]
pub(crate) struct Past {
    pub(crate) position: usize,
    pub(crate) begins_anew: bool,
    pub(crate) state: Vec<ArrayD<f32>>,
    pub(crate) parameters: Vec<ArrayD<f32>>,
}

impl Progress {
    /// At the beginning.
    pub(crate) fn new(options: &Options, vocabulary: &Vocabulary) -> Self {
        let about = vec![
            ("cell", format!("{:?}", options.cell)),
            ("hidden", options.hidden.to_string()),
            ("window", options.window.to_string()),
            ("k2", options.k2().to_string()),
            ("batch", options.batch.to_string()),
            ("shards", options.shards.to_string()),
            ("rate", options.rate.to_string()),
            ("clip", options.clip.to_string()),
            ("seed", options.seed.to_string()),
            ("vocabulary", vocabulary.to_string()),
        ];
        let (training, validation) = (vec![], vec![]);
        Self {
            step: 0,
            position: 0,
            state: vec![],
            past: VecDeque::new(),
            training,
            validation,
            about,
        }
    }

    /// Where these rows stand.
    pub(crate) fn rows(&self, rows: &Range<usize>) -> Self {
        let mut part = self.clone();
        for array in part.states() {
            *array = array.slice_axis(Axis(0), rows.clone().into()).to_owned();
        }
        part
    }

    /// Puts the states of the rows that follow below those of these.
    pub(crate) fn append(&mut self, mut next: Self) {
        for (array, below) in self.states().zip(next.states()) {
            *array = concatenate![Axis(0), *array, *below];
        }
    }

    /// Everything that has rows.
    fn states(&mut self) -> impl Iterator<Item = &mut ArrayD<f32>> {
        self.state.iter_mut().chain(self.past.iter_mut().flat_map(|past| &mut past.state))
    }

    /// Takes note of the block that begins here, when `keep` blocks are to be kept.
    pub(crate) fn remember(
        &mut self,
        keep: usize,
        position: usize,
        begins_anew: bool,
        run: &Unrolling<'_, '_, f32, Elman<f32>>,
        network: &Network,
    ) {
        if keep == 0 {
            return;
        }
        // One more than is kept: this block is no past yet.
        while self.past.len() >= keep {
            self.past.pop_front();
        }
        let parameters = network.store.iter().map(|(_, _, array)| array.clone()).collect();
        self.past.push_back(Past { position, begins_anew, state: run.state_values(), parameters });
    }
}

/// Writes everything to `path`, whole or not at all.
pub(crate) fn save(
    path: &Path,
    network: &Network,
    optimizer: &Adam<f32>,
    progress: &Progress,
) -> Result<()> {
    let mut archive = Archive::new();
    archive.put_params("model.", &network.store)?;
    optimizer.put_state("optimizer.", &network.store, &mut archive)?;
    put_all(&mut archive, "state", &progress.state)?;
    for (k, past) in progress.past.iter().enumerate() {
        put_all(&mut archive, &format!("past.{k}.state"), &past.state)?;
        put_all(&mut archive, &format!("past.{k}.parameter"), &past.parameters)?;
        let place = format!("{} {}", past.position, past.begins_anew);
        archive.metadata.insert(format!("past.{k}"), place);
    }
    let column = |points: &[(f64, f64)], part: fn(&(f64, f64)) -> f64| {
        arr1(&points.iter().map(|point| part(point) as f32).collect::<Vec<_>>()).into_dyn()
    };
    archive.insert("loss.training", column(&progress.training, |point| point.1))?;
    archive.insert("loss.validation", column(&progress.validation, |point| point.1))?;
    archive.insert("loss.validated", column(&progress.validation, |point| point.0))?;
    archive.metadata.insert("step".into(), progress.step.to_string());
    archive.metadata.insert("position".into(), progress.position.to_string());
    for (name, value) in &progress.about {
        archive.metadata.insert((*name).into(), value.clone());
    }
    archive.write(path)
}

/// Brings everything to where it stood when `path` was written, for states of `batch` rows.
pub(crate) fn load(
    (path, batch): (&Path, usize),
    network: &mut Network,
    optimizer: &mut Adam<f32>,
    progress: &mut Progress,
) -> Result<()> {
    let archive = Archive::<f32>::read(path)?;
    for (name, here) in &progress.about {
        let there = note(&archive, path, name)?;
        if there != here {
            return Err(Error::Data {
                what: format!("--resume from {}", path.display()),
                rule: format!("it was written with {name} {there:?}, but now {name} is {here:?}"),
                remedy: "give the same text and flags as then, or another --out to begin anew",
            });
        }
    }
    archive.restore_params(&mut network.store, &LoadOptions::prefix("model."))?;
    optimizer.restore_state("optimizer.", &network.store, &archive)?;
    progress.step = number(&archive, path, "step")?;
    progress.position = number(&archive, path, "position")?;
    progress.state = all(&archive, "state");
    progress.past.clear();
    while let Some(place) = archive.metadata.get(&format!("past.{}", progress.past.len())) {
        let k = progress.past.len();
        let (position, anew) = place.split_once(' ').unwrap_or((place, "false"));
        progress.past.push_back(Past {
            position: position.parse().map_err(|_| damaged(path, "past"))?,
            begins_anew: anew == "true",
            state: all(&archive, &format!("past.{k}.state")),
            parameters: all(&archive, &format!("past.{k}.parameter")),
        });
    }
    let states = network.cell.widths().iter().map(|&width| vec![batch, width]).collect::<Vec<_>>();
    let parameters: Vec<_> = network.store.iter().map(|(_, _, w)| w.shape().to_vec()).collect();
    insist(path, "state", &progress.state, &states)?;
    for past in &progress.past {
        insist(path, "past state", &past.state, &states)?;
        insist(path, "past parameter", &past.parameters, &parameters)?;
    }
    let column = |name: &str| archive.get(name).into_iter().flatten().map(|&x| f64::from(x));
    progress.training =
        column("loss.training").enumerate().map(|(k, loss)| (k as f64 + 1.0, loss)).collect();
    progress.validation = column("loss.validated").zip(column("loss.validation")).collect();
    Ok(())
}

fn put_all(archive: &mut Archive<f32>, name: &str, arrays: &[ArrayD<f32>]) -> Result<()> {
    arrays
        .iter()
        .enumerate()
        .try_for_each(|(k, array)| archive.insert(format!("{name}.{k}"), array.clone()))
}

fn all(archive: &Archive<f32>, name: &str) -> Vec<ArrayD<f32>> {
    (0..).map_while(|k| archive.get(&format!("{name}.{k}")).cloned()).collect()
}

/// Insists on arrays of these shapes.
fn insist(path: &Path, name: &str, arrays: &[ArrayD<f32>], shapes: &[Vec<usize>]) -> Result<()> {
    let found: Vec<_> = arrays.iter().map(|array| array.shape().to_vec()).collect();
    if found == shapes {
        return Ok(());
    }
    Err(Error::Data {
        what: format!("--resume from {}", path.display()),
        rule: format!("each {name} has the shapes {found:?}, but the network's are {shapes:?}"),
        remedy: "name the --out of an earlier run",
    })
}

fn note<'a>(archive: &'a Archive<f32>, path: &Path, name: &str) -> Result<&'a String> {
    archive.metadata.get(name).ok_or_else(|| damaged(path, name))
}

fn number(archive: &Archive<f32>, path: &Path, name: &str) -> Result<usize> {
    note(archive, path, name)?.parse().map_err(|_| damaged(path, name))
}

fn damaged(path: &Path, name: &str) -> Error {
    Error::Data {
        what: format!("--resume from {}", path.display()),
        rule: format!("its note {name:?} is missing or no number: this program did not write it"),
        remedy: "name the --out of an earlier run",
    }
}
