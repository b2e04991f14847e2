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
    (
        "AdaptiveAveragePooling1D",
        make::<pooling::AdaptiveAveragePooling1D>,
    ),
    (
        "AdaptiveAveragePooling2D",
        make::<pooling::AdaptiveAveragePooling2D>,
    ),
    (
        "AdaptiveAveragePooling3D",
        make::<pooling::AdaptiveAveragePooling3D>,
    ),
    ("AdaptiveMaxPooling1D", make::<pooling::AdaptiveMaxPooling1D>),
    ("AdaptiveMaxPooling2D", make::<pooling::AdaptiveMaxPooling2D>),
    ("AdaptiveMaxPooling3D", make::<pooling::AdaptiveMaxPooling3D>),
    ("Add", make::<merging::Add>),
    ("Average", make::<merging::Average>),
    ("AveragePooling1D", make::<pooling::AveragePooling1D>),
    ("AveragePooling2D", make::<pooling::AveragePooling2D>),
    ("AveragePooling3D", make::<pooling::AveragePooling3D>),
    ("BatchNormalization", make::<normalization::BatchNormalization>),
    ("Concatenate", make::<merging::Concatenate>),
    ("Conv1D", make::<convolutional::Conv1D>),
    ("Conv1DTranspose", make::<convolutional::Conv1DTranspose>),
    ("Conv2D", make::<convolutional::Conv2D>),
    ("Conv2DTranspose", make::<convolutional::Conv2DTranspose>),
    ("Conv3D", make::<convolutional::Conv3D>),
    ("Conv3DTranspose", make::<convolutional::Conv3DTranspose>),
    ("Cropping1D", make::<reshaping::Cropping1D>),
    ("Cropping2D", make::<reshaping::Cropping2D>),
    ("Cropping3D", make::<reshaping::Cropping3D>),
    ("Dense", make::<core::Dense>),
    ("DepthwiseConv1D", make::<convolutional::DepthwiseConv1D>),
    ("DepthwiseConv2D", make::<convolutional::DepthwiseConv2D>),
    ("Dot", make::<merging::Dot>),
    ("Dropout", make::<regularization::Dropout>),
    ("ELU", make::<activations::Elu>),
    ("Embedding", make::<core::Embedding>),
    ("Flatten", make::<reshaping::Flatten>),
    ("GlobalAveragePooling1D", make::<pooling::GlobalAveragePooling1D>),
    ("GlobalAveragePooling2D", make::<pooling::GlobalAveragePooling2D>),
    ("GlobalAveragePooling3D", make::<pooling::GlobalAveragePooling3D>),
    ("GlobalMaxPooling1D", make::<pooling::GlobalMaxPooling1D>),
    ("GlobalMaxPooling2D", make::<pooling::GlobalMaxPooling2D>),
    ("GlobalMaxPooling3D", make::<pooling::GlobalMaxPooling3D>),
    ("Identity", make::<core::Identity>),
    ("LayerNormalization", make::<normalization::LayerNormalization>),
    ("LeakyReLU", make::<activations::LeakyRelu>),
    ("MaxPooling1D", make::<pooling::MaxPooling1D>),
    ("MaxPooling2D", make::<pooling::MaxPooling2D>),
    ("MaxPooling3D", make::<pooling::MaxPooling3D>),
    ("Maximum", make::<merging::Maximum>),
    ("Minimum", make::<merging::Minimum>),
    ("Multiply", make::<merging::Multiply>),
    ("PReLU", make::<activations::PRelu>),
    ("Permute", make::<reshaping::Permute>),
    ("ReLU", make::<activations::Relu>),
    ("RepeatVector", make::<reshaping::RepeatVector>),
    ("Rescaling", make::<preprocessing::Rescaling>),
    ("Reshape", make::<reshaping::Reshape>),
    ("SeparableConv1D", make::<convolutional::SeparableConv1D>),
    ("SeparableConv2D", make::<convolutional::SeparableConv2D>),
    ("Softmax", make::<activations::Softmax>),
    ("Subtract", make::<merging::Subtract>),
    ("UpSampling1D", make::<reshaping::UpSampling1D>),
    ("UpSampling2D", make::<reshaping::UpSampling2D>),
    ("UpSampling3D", make::<reshaping::UpSampling3D>),
    ("ZeroPadding1D", make::<reshaping::ZeroPadding1D>),
    ("ZeroPadding2D", make::<reshaping::ZeroPadding2D>),
    ("ZeroPadding3D", make::<reshaping::ZeroPadding3D>),
];
