//! The op set: one op or one family a file. Each file lists its ops by name in `OPS`; this index lists the files.

mod copy;
mod dense;
#[cfg(test)]
mod gradient_check;
mod matmul;
mod op;

// The four ops the engine itself calls.
mod engine;

pub use copy::Copy;
pub use dense::dense;
pub use engine::*;
pub use matmul::{contract_rows, matmul, matmul_of};
pub use op::*;

/// The op tables of all families.
static FAMILIES: &[&[(&str, OpFn)]] = &[dense::OPS, engine::OPS, matmul::OPS];

/// The op called `name`.
pub fn lookup(name: &str) -> Option<OpFn> {
    FAMILIES
        .iter()
        .flat_map(|f| f.iter())
        .find(|(n, _)| *n == name)
        .map(|(_, f)| *f)
}

/// Names of all ops, as Keras's `ops` has them.
pub fn names() -> Vec<&'static str> {
    FAMILIES.iter().flat_map(|f| f.iter().map(|(n, _)| *n)).collect()
}
