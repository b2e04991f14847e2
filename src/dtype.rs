//! The element types a tensor may hold.

use std::fmt;

use crate::error::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DType {
    F32,
    F64,
    I32,
    I64,
    U8,
    Bool,
}

impl DType {
    pub const ALL: [DType; 6] = [
        DType::F32,
        DType::F64,
        DType::I32,
        DType::I64,
        DType::U8,
        DType::Bool,
    ];

    /// Bytes of one element.
    pub const fn size(self) -> usize {
        match self {
            DType::F64 | DType::I64 => 8,
            DType::F32 | DType::I32 => 4,
            DType::U8 | DType::Bool => 1,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            DType::F32 => "float32",
            DType::F64 => "float64",
            DType::I32 => "int32",
            DType::I64 => "int64",
            DType::U8 => "uint8",
            DType::Bool => "bool",
        }
    }

    pub const fn is_float(self) -> bool {
        matches!(self, DType::F32 | DType::F64)
    }

    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|d| d.name() == name).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|d| d.name()).collect();
            Error::unknown("dtype", "a data type", name, &known).hint(what_to_use(name))
        })
    }
}

/// What to use in the place of a dtype that tensors do not have.
fn what_to_use(name: &str) -> &'static str {
    if name == "half" || name.contains("float16") || name.contains("float8") {
        "16-bit floats bring nothing on a CPU: use 'float32'."
    } else if name.contains("int") {
        "Use 'int32', or 'int64' for larger numbers, or 'uint8' for bytes."
    } else if name.contains("complex") {
        "Use a tensor for the real part and one for the imaginary part."
    } else {
        "Check the spelling."
    }
}

impl serde::Serialize for DType {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A boolean as stored in a tensor: one byte. Nonzero means true; kernels write 0 or 1.
///
/// Not Rust's `bool`, because foreign arrays may hold any byte there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(transparent)]
pub struct Bool(pub u8);

impl Bool {
    pub const fn get(self) -> bool {
        self.0 != 0
    }
}

impl From<bool> for Bool {
    fn from(b: bool) -> Self {
        Bool(u8::from(b))
    }
}

/// A Rust type that is the element of some [`DType`].
///
/// # Safety
/// `Self` must have the size of `DTYPE`, need at most 8 bytes of alignment, and be valid for every bit pattern.
pub unsafe trait Element: Copy + Send + Sync + fmt::Debug + Default + 'static {
    const DTYPE: DType;
}

macro_rules! elements {
    ($($t:ty => $d:ident),*) => { $(
        // SAFETY: size and alignment match, every bit pattern is a value.
        unsafe impl Element for $t { const DTYPE: DType = DType::$d; }
    )* };
}
elements!(f32 => F32, f64 => F64, i32 => I32, i64 => I64, u8 => U8, Bool => Bool);

/// Runs a generic expression for the float type behind a [`DType`]; other types give the `else` arm.
///
/// `float_dispatch!(dtype, T => kernel::<T>(...), else => Err(...))`
#[macro_export]
macro_rules! float_dispatch {
    ($dtype:expr, $T:ident => $body:expr, else => $other:expr) => {
        match $dtype {
            $crate::dtype::DType::F32 => {
                type $T = f32;
                $body
            }
            $crate::dtype::DType::F64 => {
                type $T = f64;
                $body
            }
            _ => $other,
        }
    };
}

/// Runs a generic expression for the element type behind a [`DType`], whichever it is.
///
/// `dispatch!(dtype, T => copy::<T>(...))`
#[macro_export]
macro_rules! dispatch {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            $crate::dtype::DType::F32 => {
                type $T = f32;
                $body
            }
            $crate::dtype::DType::F64 => {
                type $T = f64;
                $body
            }
            $crate::dtype::DType::I32 => {
                type $T = i32;
                $body
            }
            $crate::dtype::DType::I64 => {
                type $T = i64;
                $body
            }
            $crate::dtype::DType::U8 => {
                type $T = u8;
                $body
            }
            $crate::dtype::DType::Bool => {
                type $T = $crate::dtype::Bool;
                $body
            }
        }
    };
}
