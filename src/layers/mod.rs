//! Built-in layers: Keras's config in, weight specs and ops out. File names as in `python/oxhorn/layers`.

mod activations;
mod core;
mod layer;
mod settings;

pub use layer::{Built, Call, Layer, WeightSpec, names};
pub use settings::Activation;

use layer::{Make, make};

/// Class name and constructor.
static LAYERS: &[(&str, Make)] = &[
    ("Activation", make::<activations::Activation>),
    ("Dense", make::<core::Dense>),
    ("Identity", make::<core::Identity>),
];
