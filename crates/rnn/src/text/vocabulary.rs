//! Characters and their numbers.

use crate::Error;
use std::{fmt, str::FromStr};

/// The distinct characters of a text, sorted by code point: character `i` is index `i`.
///
/// A vocabulary is written as the plain string of its characters ([`Display`](fmt::Display))
/// and read back by [`str::parse`], which refuses a string that is not strictly ascending, so
/// that an altered vocabulary cannot silently renumber a trained model.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Vocabulary {
    characters: Vec<char>,
}

impl Vocabulary {
    /// The characters that occur in `text`.
    ///
    /// # Errors
    /// [`Error::EmptyText`] if there are none.
    pub fn from_text(text: &str) -> Result<Self, Error> {
        // Ordered and free of repeats as it grows: never larger than the alphabet.
        let characters: Vec<char> =
            text.chars().collect::<std::collections::BTreeSet<_>>().into_iter().collect();
        if characters.is_empty() {
            return Err(Error::EmptyText { origin: "the text of the vocabulary".into() });
        }
        Ok(Self { characters })
    }

    /// `V`, the number of characters; never 0.
    #[expect(clippy::len_without_is_empty, reason = "a vocabulary is never empty")]
    pub fn len(&self) -> usize {
        self.characters.len()
    }

    /// The index of a character, if it is known.
    pub fn index(&self, character: char) -> Option<usize> {
        self.characters.binary_search(&character).ok()
    }

    /// The character of an index, if `index < V`.
    pub fn character(&self, index: usize) -> Option<char> {
        self.characters.get(index).copied()
    }

    /// The index of every character of `text`, in order.
    ///
    /// # Errors
    /// [`Error::UnknownCharacter`] at the first character outside the vocabulary.
    pub fn encode(&self, text: &str) -> Result<Vec<usize>, Error> {
        text.chars()
            .enumerate()
            .map(|(position, character)| {
                self.index(character).ok_or_else(|| Error::UnknownCharacter {
                    character,
                    position,
                    known: self.to_string(),
                })
            })
            .collect()
    }

    /// The text that [`encode`](Self::encode) turned into `indices`.
    ///
    /// # Errors
    /// [`Error::UnknownIndex`] at the first index that is not below `V`.
    pub fn decode(&self, indices: &[usize]) -> Result<String, Error> {
        indices
            .iter()
            .enumerate()
            .map(|(position, &index)| {
                self.character(index).ok_or(Error::UnknownIndex {
                    index,
                    position,
                    len: self.len(),
                })
            })
            .collect()
    }
}

impl fmt::Display for Vocabulary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.characters.iter().try_for_each(|c| write!(f, "{c}"))
    }
}

impl FromStr for Vocabulary {
    type Err = Error;

    fn from_str(written: &str) -> Result<Self, Error> {
        let characters: Vec<char> = written.chars().collect();
        if characters.is_empty() {
            return Err(Error::EmptyText { origin: "the written vocabulary".into() });
        }
        match characters.windows(2).position(|pair| pair[0] >= pair[1]) {
            Some(i) => Err(Error::VocabularyOrder {
                character: characters[i + 1],
                position: i + 1,
                previous: characters[i],
            }),
            None => Ok(Self { characters }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_numbered_in_order() {
        let vocabulary = Vocabulary::from_text("banana\n√").unwrap();
        assert_eq!(vocabulary.to_string(), "\nabn√");
        assert_eq!(vocabulary.len(), 5);
        assert_eq!(vocabulary.encode("nab√").unwrap(), [3, 1, 2, 4]);
    }

    #[test]
    fn decoding_undoes_encoding() {
        let text = "Größe:\tπ ≈ 3.14159\n";
        let vocabulary = Vocabulary::from_text(text).unwrap();
        assert_eq!(vocabulary.decode(&vocabulary.encode(text).unwrap()).unwrap(), text);
        for i in 0..vocabulary.len() {
            assert_eq!(vocabulary.index(vocabulary.character(i).unwrap()), Some(i));
        }
    }

    #[test]
    fn a_written_vocabulary_reads_back_the_same() {
        let vocabulary = Vocabulary::from_text("\"quoted\"\u{0}\\\n").unwrap();
        assert_eq!(vocabulary.to_string().parse::<Vocabulary>().unwrap(), vocabulary);
    }

    #[test]
    fn an_altered_vocabulary_is_refused() {
        for (written, culprit, at, before) in [("acb", 'b', 2, 'c'), ("abb", 'b', 2, 'b')] {
            match written.parse::<Vocabulary>().unwrap_err() {
                Error::VocabularyOrder { character, position, previous } => {
                    assert_eq!((character, position, previous), (culprit, at, before));
                }
                other => panic!("{other}"),
            }
        }
        assert!(matches!("".parse::<Vocabulary>(), Err(Error::EmptyText { .. })));
    }

    #[test]
    fn a_stranger_is_named_with_its_place_and_what_is_known() {
        let message =
            Vocabulary::from_text("abc").unwrap().encode("äbcabc").unwrap_err().to_string();
        assert!(message.starts_with("'ä' (character 0,"), "{message}");
        let message = Vocabulary::from_text("äb").unwrap().encode("äbz").unwrap_err().to_string();
        assert!(message.starts_with("'z' (character 2,"), "{message}");
        assert!(message.contains("2 characters \"bä\""), "{message}");
    }

    #[test]
    fn a_thousand_known_characters_do_not_drown_the_message() {
        let known: String = ('一'..).take(1000).collect();
        let message = Vocabulary::from_text(&known).unwrap().encode("a").unwrap_err().to_string();
        assert!(message.contains("1000 characters") && message.contains("the first 120"));
        assert!(message.chars().count() < 500, "{message}");
    }

    #[test]
    fn an_index_too_large_is_named_with_its_place() {
        match Vocabulary::from_text("abc").unwrap().decode(&[0, 2, 3]).unwrap_err() {
            Error::UnknownIndex { index, position, len } => {
                assert_eq!((index, position, len), (3, 2, 3));
            }
            other => panic!("{other}"),
        }
    }

    #[test]
    fn no_text_no_vocabulary() {
        assert!(matches!(Vocabulary::from_text(""), Err(Error::EmptyText { .. })));
    }
}
