//! Built-in layers: Keras's config in, weight specs and ops out. File names as in `python/oxhorn/layers`.

mod activations;
mod convolutional;
mod core;
mod layer;
#[cfg(test)]
mod layer_tests;
mod merging;
mod normalization;
mod pooling;
mod preprocessing;
mod regularization;
mod reshaping;
mod settings;

pub use layer::{Built, Call, Layer, WeightSpec, names};

use layer::{Make, make};

/// Class name and constructor.
static LAYERS: &[(&str, Make)] = &[
    ("Activation", make::<activations::Activation>),
    ("Add", make::<merging::Add>),
    ("Average", make::<merging::Average>),
    ("AveragePooling1D", make::<pooling::AveragePooling1D>),
    ("AveragePooling2D", make::<pooling::AveragePooling2D>),
    ("BatchNormalization", make::<normalization::BatchNormalization>),
    ("Concatenate", make::<merging::Concatenate>),
    ("Conv1D", make::<convolutional::Conv1D>),
    ("Conv2D", make::<convolutional::Conv2D>),
    ("Dense", make::<core::Dense>),
    ("Dot", make::<merging::Dot>),
    ("Dropout", make::<regularization::Dropout>),
    ("ELU", make::<activations::Elu>),
    ("Embedding", make::<core::Embedding>),
    ("Flatten", make::<reshaping::Flatten>),
    ("GlobalAveragePooling1D", make::<pooling::GlobalAveragePooling1D>),
    ("GlobalAveragePooling2D", make::<pooling::GlobalAveragePooling2D>),
    ("GlobalMaxPooling1D", make::<pooling::GlobalMaxPooling1D>),
    ("GlobalMaxPooling2D", make::<pooling::GlobalMaxPooling2D>),
    ("Identity", make::<core::Identity>),
    ("LayerNormalization", make::<normalization::LayerNormalization>),
    ("LeakyReLU", make::<activations::LeakyRelu>),
    ("MaxPooling1D", make::<pooling::MaxPooling1D>),
    ("MaxPooling2D", make::<pooling::MaxPooling2D>),
    ("Maximum", make::<merging::Maximum>),
    ("Minimum", make::<merging::Minimum>),
    ("Multiply", make::<merging::Multiply>),
    ("PReLU", make::<activations::PRelu>),
    ("Permute", make::<reshaping::Permute>),
    ("ReLU", make::<activations::Relu>),
    ("RepeatVector", make::<reshaping::RepeatVector>),
    ("Rescaling", make::<preprocessing::Rescaling>),
    ("Reshape", make::<reshaping::Reshape>),
    ("Softmax", make::<activations::Softmax>),
    ("Subtract", make::<merging::Subtract>),
    ("ZeroPadding1D", make::<reshaping::ZeroPadding1D>),
    ("ZeroPadding2D", make::<reshaping::ZeroPadding2D>),
];
