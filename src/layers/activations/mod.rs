//! Activation functions as layers.

mod activation;
mod elu;
mod leaky_relu;
mod prelu;
mod relu;
mod softmax;

pub use activation::Activation;
pub use elu::Elu;
pub use leaky_relu::LeakyRelu;
pub use prelu::PRelu;
pub use relu::Relu;
pub use softmax::Softmax;
