//! What may follow a product or a convolution in the same pass, once a trace is frozen: a normalisation with given
//! statistics, and a function.
//!
//! y = f((x w + b - mean) s + offset), with s = scale / sqrt(variance + epsilon)

use serde::Serialize;

use super::op::Role;
use crate::dtype::Element;
use crate::kernels::activate::{Activate, forward};
use crate::kernels::gemm::Epilogue;
use crate::kernels::math::Math;
use crate::shape::Spec;
use crate::tensor::View;

/// Inputs of the normalisation follow those of the op: mean, variance, offset?, scale?.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct After {
    normalization: Option<Normalization>,
    activation: Option<Activate>,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct Normalization {
    epsilon: f64,
    offset: bool,
    scale: bool,
}

impl Normalization {
    fn inputs(self) -> usize {
        2 + usize::from(self.offset) + usize::from(self.scale)
    }
}

impl After {
    pub fn absorbs(&self) -> bool {
        self.activation.is_none()
    }

    /// This and the next op, and which of the next op's inputs are taken. The last axis is that of the columns.
    pub fn then(self, next: &Role, own: &[Spec]) -> Option<(Self, Vec<usize>)> {
        match *next {
            Role::Activation(f) => {
                let activation = Some(f);
                Some((Self { activation, ..self }, Vec::new()))
            }
            Role::Normalize {
                axis,
                epsilon,
                offset,
                scale,
            } if self.normalization.is_none() && axis + 1 == own[0].rank() => {
                let normalization = Normalization {
                    epsilon,
                    offset,
                    scale,
                };
                let others = (1..=normalization.inputs()).collect();
                let normalization = Some(normalization);
                Some((
                    Self {
                        normalization,
                        ..self
                    },
                    others,
                ))
            }
            _ => None,
        }
    }

    /// Whether the third of so many inputs is a bias of the op's own.
    pub fn bias(&self, inputs: usize) -> bool {
        inputs - self.normalization.map_or(0, Normalization::inputs) > 2
    }

    /// Hands `run` the epilogue; `memory` holds two numbers for each column.
    pub fn with<T: Math + Element>(
        &self,
        x: &[View<'_>],
        memory: &mut [T],
        run: impl FnOnce(Epilogue<'_, T>),
    ) {
        let bias = self.bias(x.len()).then(|| x[2].slice::<T>());
        let activate = |f| {
            // SAFETY: the same memory twice, of as many elements.
            move |y: &mut [T]| unsafe { forward(f, y.as_ptr(), y.as_mut_ptr(), y.len()) }
        };
        let activation = self.activation.map(activate);
        let activation = activation.as_ref().map(|f| f as _);
        let Some(n) = self.normalization else {
            return run(Epilogue {
                scale: None,
                bias,
                activation,
            });
        };
        let given = &x[x.len() - n.inputs()..];
        let columns = memory.len() / 2;
        let (scale, shift) = memory.split_at_mut(columns);
        let (mean, variance) = (given[0].slice::<T>(), given[1].slice::<T>());
        let offset = n.offset.then(|| given[2].slice::<T>());
        let gamma = n.scale.then(|| given[2 + usize::from(n.offset)].slice::<T>());
        for i in 0..columns {
            scale[i] = T::ONE / (variance[i] + T::from_f64(n.epsilon)).sqrt();
            if let Some(gamma) = gamma {
                scale[i] *= gamma[i];
            }
            let centered = bias.map_or(T::ZERO, |b| b[i]) - mean[i];
            shift[i] = centered * scale[i] + offset.map_or(T::ZERO, |o| o[i]);
        }
        run(Epilogue {
            scale: Some(scale),
            bias: Some(shift),
            activation,
        });
    }
}
