//! Initializers: the first values of weights, from a class name, Keras's config, a shape and a dtype.

mod constant;
mod initializer;
mod orthogonal;
mod random;
mod variance_scaling;

pub use initializer::{Initializer, Make, initialize, names};

/// Class name and constructor.
static INITIALIZERS: &[(&str, Make)] = &[
    ("Constant", constant::constant),
    ("GlorotNormal", variance_scaling::glorot_normal),
    ("GlorotUniform", variance_scaling::glorot_uniform),
    ("HeNormal", variance_scaling::he_normal),
    ("HeUniform", variance_scaling::he_uniform),
    ("Identity", constant::identity),
    ("LecunNormal", variance_scaling::lecun_normal),
    ("LecunUniform", variance_scaling::lecun_uniform),
    ("Ones", constant::ones),
    ("Orthogonal", orthogonal::orthogonal),
    ("RandomNormal", random::random_normal),
    ("RandomUniform", random::random_uniform),
    ("TruncatedNormal", random::truncated_normal),
    ("VarianceScaling", variance_scaling::variance_scaling),
    ("Zeros", constant::zeros),
];
