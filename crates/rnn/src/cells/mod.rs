//! One recurrence to a file. To add one, add a file and a line here; give it a twin in
//! [`by_hand`](crate::by_hand).

pub mod elman;
