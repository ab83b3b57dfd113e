//! Numbers that a file can hold.

use safetensors::Dtype;
use tape::Real;

/// A number with a fixed layout in a file: little-endian, bit for bit.
pub trait Stored: Real {
    /// What the format calls it.
    const DTYPE: Dtype;
    /// Appends the bytes of the numbers.
    fn write_le(numbers: impl IntoIterator<Item = Self>, bytes: &mut Vec<u8>);
    /// The numbers that the bytes stand for. Bytes too few to make another number are left out.
    fn read_le(bytes: &[u8]) -> Vec<Self>;
}

macro_rules! stored {
    ($($float:ident $dtype:ident)*) => {$(
        impl Stored for $float {
            const DTYPE: Dtype = Dtype::$dtype;

            fn write_le(numbers: impl IntoIterator<Item = Self>, bytes: &mut Vec<u8>) {
                bytes.extend(numbers.into_iter().flat_map($float::to_le_bytes));
            }

            fn read_le(bytes: &[u8]) -> Vec<Self> {
                bytes.as_chunks().0.iter().map(|&number| $float::from_le_bytes(number)).collect()
            }
        }
    )*};
}

stored! { f32 F32  f64 F64 }
