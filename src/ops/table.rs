//! Rows of the op tables: from a Rust function to the form in which an op is called by name.

use super::op::Attrs;
use crate::error::{Error, Result};

/// Refuses attributes where an op takes none.
pub(crate) fn no_attrs(op: &str, attrs: &Attrs) -> Result<()> {
    match attrs.keys().next() {
        None => Ok(()),
        Some(name) => Err(Error::type_error(op)
            .expected("no attributes")
            .got(format!("'{name}'"))),
    }
}

/// Rows of ops that take values only: `rows!(1: abs, exp; 2: add)`.
macro_rules! rows {
    (1: $($one:ident),* ; 2: $($two:ident),*) => {
        &[
            $((stringify!($one), |x, attrs| {
                $crate::ops::table::no_attrs(stringify!($one), attrs)?;
                let [a] = $crate::ops::arity(stringify!($one), x)?;
                Ok(vec![$one(&a)?])
            }),)*
            $((stringify!($two), |x, attrs| {
                $crate::ops::table::no_attrs(stringify!($two), attrs)?;
                let [a, b] = $crate::ops::arity(stringify!($two), x)?;
                Ok(vec![$two(&a, &b)?])
            }),)*
        ]
    };
}
pub(crate) use rows;
