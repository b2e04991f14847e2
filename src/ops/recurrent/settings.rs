//! What a recurrent op is asked for, where its inputs are, and their shapes.

use serde::{Deserialize, Serialize};

use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::kernels::recurrent::{Curve, Options};
use crate::ops::matmul::{agree, same_float};
use crate::ops::op::{Attrs, parse_attrs};
use crate::shape::{Dim, Spec, show};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Kind {
    Lstm,
    /// The reset gate after the product with the recurrent kernel, or before it.
    Gru {
        reset_after: bool,
    },
    Simple(Curve),
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Lstm => "lstm",
            Kind::Gru { .. } => "gru",
            Kind::Simple(_) => "simple_rnn",
        }
    }
    pub(super) fn gates(self) -> usize {
        match self {
            Kind::Lstm => 4,
            Kind::Gru { .. } => 3,
            Kind::Simple(_) => 1,
        }
    }
    pub(super) fn states(self) -> usize {
        if self == Kind::Lstm { 2 } else { 1 }
    }
}

/// Inputs: x, kernel, recurrent kernel, then bias, first states and mask where these flags are set.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Settings {
    pub kind: Kind,
    pub options: Options,
    pub bias: bool,
    pub states: bool,
    pub mask: bool,
}

impl Settings {
    /// The place of the first state.
    pub(super) fn at_states(self) -> usize {
        3 + usize::from(self.bias)
    }
    pub(super) fn first_states(self) -> usize {
        if self.states { self.kind.states() } else { 0 }
    }
    /// The number of inputs that may have gradients.
    pub(super) fn floats(self) -> usize {
        self.at_states() + self.first_states()
    }
    pub(super) fn inputs(self) -> usize {
        self.floats() + usize::from(self.mask)
    }

    /// (batch, steps, features, units) of inputs that pass.
    pub(super) fn check(self, x: &[Spec]) -> Result<[Dim; 4]> {
        let name = self.kind.name();
        same_float(name, &x[..self.floats()])?;
        let wrong =
            |expected: String, got: &Spec| Err(Error::value(name).expected(expected).got(show(&got.dims)));
        let (input, kernel, recurrent) = (&x[0], &x[1], &x[2]);
        if input.rank() != 3 {
            return wrong("inputs of shape (batch, steps, features)".into(), input);
        }
        if kernel.rank() != 2 || recurrent.rank() != 2 {
            return Err(Error::value(name)
                .expected("a kernel and a recurrent kernel of rank 2")
                .got(format!("{} and {}", show(&kernel.dims), show(&recurrent.dims))));
        }
        let (batch, steps, features) = (input.dims[0], input.dims[1], input.dims[2]);
        let (units, gates) = (recurrent.dims[0], self.kind.gates());
        let width = units.map(|u| u * gates);
        if !agree(recurrent.dims[1], width) {
            return wrong(
                format!("a recurrent kernel of shape (units, {gates} * units)"),
                recurrent,
            );
        }
        if !agree(kernel.dims[1], width) || !agree(kernel.dims[0], features) {
            return wrong(
                format!(
                    "a kernel of shape {} for inputs {}",
                    show(&[features, width]),
                    show(&input.dims)
                ),
                kernel,
            );
        }
        if self.bias {
            let twice = self.kind == Kind::Gru { reset_after: true };
            let shape: &[Dim] = if twice { &[Some(2), width] } else { &[width] };
            let bias = &x[3].dims;
            if bias.len() != shape.len() || !bias.iter().zip(shape).all(|(&a, &b)| agree(a, b)) {
                return wrong(format!("a bias of shape {}", show(shape)), &x[3]);
            }
        }
        for state in &x[self.at_states()..self.floats()] {
            if state.rank() != 2 || !agree(state.dims[0], batch) || !agree(state.dims[1], units) {
                return wrong(format!("states of shape {}", show(&[batch, units])), state);
            }
        }
        if self.mask {
            let mask = &x[self.floats()];
            if mask.dtype != DType::Bool {
                return Err(Error::type_error(name)
                    .expected("a mask of booleans")
                    .got(mask.dtype.name()));
            }
            if mask.rank() != 2 || !agree(mask.dims[0], batch) || !agree(mask.dims[1], steps) {
                return wrong(format!("a mask of shape {}", show(&[batch, steps])), mask);
            }
        }
        if steps == Some(0) {
            return Err(Error::value(name)
                .expected("sequences of at least one step")
                .got(show(&input.dims)));
        }
        Ok([batch, steps, features, units])
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // Keras's arguments
struct RecurrentAttrs {
    #[serde(default)]
    go_backwards: bool,
    #[serde(default)]
    return_sequences: bool,
    #[serde(default)]
    zero_output_for_mask: bool,
    #[serde(default)]
    reset_after: Option<bool>,
    #[serde(default)]
    activation: Option<String>,
    /// Which of these are among the inputs.
    #[serde(default)]
    bias: bool,
    #[serde(default)]
    states: bool,
    #[serde(default)]
    mask: bool,
}

impl Settings {
    pub(super) fn read(name: &str, attrs: &Attrs, inputs: usize) -> Result<Self> {
        let a: RecurrentAttrs = parse_attrs(name, attrs)?;
        let kind = match (name, a.reset_after, a.activation.as_deref()) {
            ("lstm", None, None) => Kind::Lstm,
            ("gru", reset_after, None) => Kind::Gru {
                reset_after: reset_after.unwrap_or(true),
            },
            ("simple_rnn", None, activation) => Kind::Simple(match activation.unwrap_or("tanh") {
                "linear" => Curve::Linear,
                "relu" => Curve::Relu,
                "sigmoid" => Curve::Sigmoid,
                "tanh" => Curve::Tanh,
                other => {
                    let known = ["linear", "relu", "sigmoid", "tanh"];
                    return Err(Error::unknown(name, "activation", other, &known));
                }
            }),
            _ => {
                return Err(Error::type_error(name)
                    .expected("reset_after for gru, activation for simple_rnn, neither for lstm")
                    .got("another of them"));
            }
        };
        let settings = Self {
            kind,
            options: Options {
                backwards: a.go_backwards,
                sequences: a.return_sequences,
                zero_masked: a.zero_output_for_mask,
            },
            bias: a.bias,
            states: a.states,
            mask: a.mask,
        };
        if inputs != settings.inputs() {
            return Err(Error::type_error(name)
                .expected(format!(
                    "{} inputs: x, kernel, recurrent kernel, then bias, states and mask where the attributes say so",
                    settings.inputs()
                ))
                .got(inputs.to_string()));
        }
        Ok(settings)
    }
}
