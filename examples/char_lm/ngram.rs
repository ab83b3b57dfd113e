//! What counting alone can do: the interpolated Witten–Bell n-gram.
//!
//! ```text
//! p₀(c)     = 1 / V
//! pₙ(c | h) = (count(h, c) + types(h) · pₙ₋₁(c | h′)) / (count(h) + types(h))
//! ```
//!
//! `h` is the context of the `n − 1` last characters, `h′` is `h` without its oldest,
//! `count(h) = Σ_c count(h, c)`, and `types(h)` counts the different `c` seen after `h`: a
//! context that has met many kinds of successor should expect yet another. A context never
//! seen says nothing, `pₙ = pₙ₋₁`. (Witten & Bell, 1991; interpolated as in Chen & Goodman,
//! 1999.)
//!
//! It has no parameters to train and no chance to be wrong in its calculus: a network that does
//! not beat it has not learned to read.

use std::collections::HashMap;

/// Counts of all contexts up to `order − 1` characters, as a tree that is read from the newest
/// character of a context back to its oldest: the way from the root to `h` passes through
/// `h′`, `h″`, … in the order in which the recursion wants them.
#[derive(Debug)]
pub(crate) struct Ngram {
    order: usize,
    vocabulary_size: usize,
    contexts: Vec<Context>,
    /// (context, one character further back) ↦ the longer context
    longer: Table,
    /// (context `h`, character `c`) ↦ `count(h, c)`
    counts: Table,
}

/// One context `h` of the tree.
#[derive(Debug, Default, Clone, Copy)]
struct Context {
    /// `count(h)`
    count: u32,
    /// `types(h)`
    types: u32,
}

/// The empty context.
const ROOT: u32 = 0;

impl Ngram {
    /// Counts `tokens`. Order 1 knows how frequent each character is, order `n` looks at the
    /// `n − 1` before it, order 0 knows nothing but the size of the vocabulary.
    ///
    /// # Panics
    /// If a token is not below `vocabulary_size`, or there are 2³² tokens or more.
    pub(crate) fn train(tokens: &[usize], vocabulary_size: usize, order: usize) -> Self {
        assert!(u32::try_from(tokens.len()).is_ok(), "counts are 32 bits wide");
        let (contexts, longer, counts) =
            (vec![Context::default()], Table::default(), Table::default());
        let mut model = Self { order, vocabulary_size, contexts, longer, counts };
        for (i, &token) in tokens.iter().enumerate() {
            model.check(token);
            let mut context = ROOT;
            for n in 1..=order.min(i + 1) {
                if n > 1 {
                    context = model.grow(context, tokens[i + 1 - n]);
                }
                let seen = model.counts.entry(key(context, token)).or_insert(0);
                let stats = &mut model.contexts[context as usize];
                stats.types += u32::from(*seen == 0);
                stats.count += 1;
                *seen += 1;
            }
        }
        model
    }

    /// `p(token | context)`; of the context only the last `order − 1` characters count.
    ///
    /// # Panics
    /// If `token` is not below the size of the vocabulary.
    pub(crate) fn probability(&self, context: &[usize], token: usize) -> f64 {
        self.check(token);
        let mut p = 1.0 / self.vocabulary_size as f64;
        let mut older = context.iter().rev();
        let mut node = ROOT;
        for _ in 0..self.order {
            let Context { count, types } = self.contexts[node as usize];
            if count > 0 {
                let seen = self.counts.get(&key(node, token)).map_or(0.0, |&n| f64::from(n));
                p = (seen + f64::from(types) * p) / (f64::from(count) + f64::from(types));
            }
            // What has never been seen has not been seen with a longer past either.
            match older.next().and_then(|&past| self.longer.get(&key(node, past))) {
                Some(&longer) => node = longer,
                None => break,
            }
        }
        p
    }

    /// `−(1/N) Σᵢ ln p(cᵢ | cᵢ₋ₙ₊₁ … cᵢ₋₁)` over all `N` characters of `tokens`, the first
    /// included. Contexts reach back inside `tokens` only: its first characters are predicted
    /// from shorter ones, not from the end of what the model was trained on. NaN if there are
    /// no tokens.
    ///
    /// # Panics
    /// If a token is not below the size of the vocabulary.
    pub(crate) fn nats_per_character(&self, tokens: &[usize]) -> f64 {
        let nats = |(i, &token)| -self.probability(&tokens[..i], token).ln();
        tokens.iter().enumerate().map(nats).sum::<f64>() / tokens.len() as f64
    }

    /// The context one character longer, made if it is new.
    fn grow(&mut self, context: u32, past: usize) -> u32 {
        let new = self.contexts.len() as u32;
        let longer = *self.longer.entry(key(context, past)).or_insert(new);
        if longer == new {
            self.contexts.push(Context::default());
        }
        longer
    }

    fn check(&self, token: usize) {
        let size = self.vocabulary_size;
        assert!(
            token < size,
            "token {token} is outside the vocabulary of {size}: encode the text with the \
             vocabulary the model was trained with"
        );
    }
}

type Table = HashMap<u64, u32>;

/// A context and a character in one word.
fn key(context: u32, token: usize) -> u64 {
    u64::from(context) << 32 | token as u64
}
