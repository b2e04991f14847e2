//! The door: the only room that knows Python. Data comes in, data goes out; no mathematics here.

mod attrs;
mod control;
mod convert;
mod errors;
mod files;
mod graph;
mod index;
mod layers;
mod listing;
mod loops;
mod losses;
mod optimizers;
mod protocols;
mod run;
mod scope;
mod system;
mod tape;
mod tensor;
mod variable;

use pyo3::prelude::*;

#[pymodule(gil_used = true)]
fn _core(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add("__version__", env!("CARGO_PKG_VERSION"))?;
    tensor::register(m)?;
    variable::register(m)?;
    graph::register(m)?;
    tape::register(m)?;
    scope::register(m)?;
    control::register(m)?;
    layers::register(m)?;
    listing::register(m)?;
    loops::register(m)?;
    losses::register(m)?;
    optimizers::register(m)?;
    files::register(m)?;
    system::register(m)
}
