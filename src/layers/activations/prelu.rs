//! y = x for x >= 0, alpha x below, with alpha learned

use serde::Deserialize;

use crate::activations::relu;
use crate::autograd::{Value, Variable};
use crate::error::{Error, Result};
use crate::layers::layer::{Call, Layer, WeightSpec, exactly, known, one, single};
use crate::ops;
use crate::shape::{Shape, Spec, show};

#[derive(Debug, Deserialize)]
pub struct PRelu {
    /// Counted with the batch as axis 0.
    #[serde(default)]
    shared_axes: Option<Vec<i64>>,
}

impl PRelu {
    /// The shared axes as indices from 1 to rank - 1.
    fn shared(&self, x: &Spec) -> Result<Vec<usize>> {
        let rank = x.rank() as i64;
        self.shared_axes
            .iter()
            .flatten()
            .map(|&axis| {
                let index = if axis < 0 { axis + rank } else { axis };
                if (1..rank).contains(&index) {
                    return Ok(index as usize);
                }
                Err(Error::value("shared_axes")
                    .expected(format!("axes in [1, {rank}) (0 is the batch)"))
                    .got(format!("{axis} for an input of shape {}", show(&x.dims)))
                    .hint("Leave out axes that the input has not"))
            })
            .collect()
    }
}

impl Layer for PRelu {
    fn weights(&self, inputs: &[Spec]) -> Result<Vec<WeightSpec>> {
        let x = single(inputs)?;
        let shared = self.shared(x)?;
        let shape: Shape = (1..x.rank())
            .map(|axis| {
                if shared.contains(&axis) {
                    Ok(1)
                } else {
                    known(&x.dims, axis)
                }
            })
            .collect::<Result<_>>()?;
        Ok(vec![WeightSpec::trained("alpha", "alpha_initializer", &shape)])
    }

    fn call(&self, _: &Call, inputs: &[Value], weights: &[Variable]) -> Result<Vec<Value>> {
        let [alpha] = exactly(weights)?;
        let x = single(inputs)?;
        // relu(x) - alpha relu(-x)
        let below = ops::multiply(&alpha.value(), &relu(&ops::negative(x)?)?)?;
        one(ops::subtract(&relu(x)?, &below)?)
    }
}
