//! What a layer is, and how one is made from a class name and a config.

use std::fmt::Debug;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::LAYERS;
use crate::autograd::{Value, Variable};
use crate::config::parse;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::ops;
use crate::shape::{Dim, Shape, Spec, count, show};

/// A weight that a layer asks for; Python owns it: its name, initializer, regularizer and constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeightSpec {
    pub name: &'static str,
    pub shape: Shape,
    pub trainable: bool,
    /// The config key of its initializer.
    pub initializer: &'static str,
}

impl WeightSpec {
    pub fn trained(name: &'static str, initializer: &'static str, shape: &[usize]) -> Self {
        Self {
            name,
            shape: shape.into(),
            trainable: true,
            initializer,
        }
    }

    pub fn kept(name: &'static str, initializer: &'static str, shape: &[usize]) -> Self {
        Self {
            trainable: false,
            ..Self::trained(name, initializer, shape)
        }
    }
}

/// What a call is given besides inputs and weights.
#[derive(Debug, Clone, Default)]
pub struct Call {
    pub training: bool,
    /// The stream of random numbers of this call, for layers that draw some.
    pub key: Option<Value>,
    /// One for each input, or none at all.
    pub masks: Vec<Option<Value>>,
}

impl Call {
    pub fn mask(&self, input: usize) -> Option<&Value> {
        self.masks.get(input)?.as_ref()
    }
}

/// The mathematics of a layer.
pub trait Layer: Debug + Send + Sync {
    /// The weights it needs for inputs of these specs, in Keras's order.
    fn weights(&self, inputs: &[Spec]) -> Result<Vec<WeightSpec>> {
        let _ = inputs;
        Ok(Vec::new())
    }

    /// Emits the layer's ops.
    fn call(&self, call: &Call, inputs: &[Value], weights: &[Variable]) -> Result<Vec<Value>>;
}

/// From a config to a layer.
pub type Make = fn(&str, &str) -> Result<Box<dyn Layer>>;

pub fn make<L: Layer + DeserializeOwned + 'static>(who: &str, config: &str) -> Result<Box<dyn Layer>> {
    Ok(Box::new(parse::<L>(who, config)?))
}

/// Class names of all layers.
pub fn names() -> Vec<&'static str> {
    LAYERS.iter().map(|(name, _)| *name).collect()
}

/// A layer with its name, which its errors carry.
#[derive(Debug)]
pub struct Built {
    who: String,
    layer: Box<dyn Layer>,
}

#[derive(Debug, Deserialize)]
struct Named {
    #[serde(default)]
    name: Option<String>,
}

impl Built {
    pub fn new(class_name: &str, config: &str) -> Result<Self> {
        let Some((class, make)) = LAYERS.iter().find(|(name, _)| *name == class_name) else {
            return Err(Error::unknown("LayerCore", "a layer", class_name, &names()));
        };
        let who = match parse::<Named>(class, config)?.name {
            Some(name) => format!("{class} layer '{name}'"),
            None => format!("{class} layer"),
        };
        let layer = make(&who, config)?;
        Ok(Self { who, layer })
    }

    pub fn weights(&self, inputs: &[Spec]) -> Result<Vec<WeightSpec>> {
        let weights = self.layer.weights(inputs).map_err(|e| e.inside(&self.who))?;
        for weight in &weights {
            count(weight.name, &weight.shape, DType::F64).map_err(|e| e.inside(&self.who))?;
        }
        Ok(weights)
    }

    pub fn call(&self, call: &Call, inputs: &[Value], weights: &[Variable]) -> Result<Vec<Value>> {
        self.layer
            .call(call, inputs, weights)
            .map_err(|e| e.inside(&self.who))
    }
}

/// The result of a layer with one output.
#[allow(clippy::unnecessary_wraps)] // every `call` ends in it
pub fn one(value: Value) -> Result<Vec<Value>> {
    Ok(vec![value])
}

/// The only input of a layer that takes one.
pub fn single<T>(inputs: &[T]) -> Result<&T> {
    match inputs {
        [x] => Ok(x),
        _ => Err(Error::value("inputs")
            .expected("one tensor")
            .got(format!("a list of {}", inputs.len()))
            .hint("Call the layer on each of them")),
    }
}

/// The weights, as many as the layer asked for.
pub fn exactly<const N: usize>(weights: &[Variable]) -> Result<&[Variable; N]> {
    weights.try_into().map_err(|_| {
        Error::runtime("weights")
            .expected(format!("{N}"))
            .got(weights.len().to_string())
            .hint("Build the layer first")
    })
}

/// Refuses inputs of another rank than the layer works on.
pub fn check_rank(dims: &[Dim], rank: usize, form: &str) -> Result<()> {
    if dims.len() == rank {
        return Ok(());
    }
    Err(Error::value("input")
        .expected(format!("{rank} axes, {form}"))
        .got(format!("shape {} of {} axes", show(dims), dims.len()))
        .hint("Reshape the data, or put another layer before this one"))
}

/// A size that must be known when a layer is built.
pub fn known(dims: &[Dim], axis: usize) -> Result<usize> {
    dims.get(axis).copied().flatten().ok_or_else(|| {
        Error::value("input")
            .expected(format!("a known size along axis {axis}"))
            .got(format!("shape {}", show(dims)))
            .hint("Give the size in Input(shape=...)")
    })
}

/// The input as floats: what is none takes the dtype of `like`.
pub fn floats(x: &Value, like: &Variable) -> Result<Value> {
    if x.dtype().is_float() {
        Ok(x.clone())
    } else {
        ops::cast(x, like.dtype())
    }
}
