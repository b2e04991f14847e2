//! Whether the right class is among the k best.

use serde::Deserialize;

use crate::autograd::{Value, apply};
use crate::dtype::{Bool, DType, Element};
use crate::error::{Error, Result};
use crate::float_dispatch;
use crate::kernels::real::Real;
use crate::ops::{Op, OpFn, Pass, Run, arity, cast, parse_attrs};
use crate::shape::{Spec, Specs, show};
use crate::tensor::{View, ViewMut};

const NAME: &str = "in_top_k";

// y = [fewer than k classes of the row score higher than the label]; NaN as score of the label is the lowest.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct InTopK {
    k: usize,
}

impl InTopK {
    fn run<T: Real + Element>(
        &self,
        labels: &[i64],
        scores: &[T],
        classes: usize,
        out: &mut [Bool],
    ) -> Result<()> {
        for (i, (out, &label)) in out.iter_mut().zip(labels).enumerate() {
            let row = &scores[i * classes..][..classes];
            let Some(&own) = usize::try_from(label).ok().and_then(|label| row.get(label)) else {
                return Err(Error::value("top_k_categorical_accuracy")
                    .expected(format!("labels in [0, {classes})"))
                    .got(format!("{label} at position {i} of the batch")));
            };
            let own = if own.is_nan() { T::NEG_INFINITY } else { own };
            *out = (row.iter().filter(|&&s| s > own).count() < self.k).into();
        }
        Ok(())
    }
}

impl Op for InTopK {
    fn name(&self) -> &'static str {
        NAME
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let (labels, scores) = (&x[0].dims, &x[1].dims);
        let fits = labels.len() + 1 == scores.len()
            && labels
                .iter()
                .zip(scores)
                .all(|(a, b)| a.is_none() || b.is_none() || a == b);
        if !fits || !x[1].dtype.is_float() {
            return Err(Error::value(NAME)
                .expected("class numbers of shape (N, ...) and float scores of shape (N, ..., classes)")
                .got(format!("{} and {}", show(labels), x[1].describe())));
        }
        Spec::new(DType::Bool, labels.iter().copied()).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let classes = x[1].shape()[x[1].shape().len() - 1];
        let (labels, out) = (x[0].slice::<i64>(), y[0].slice_mut::<Bool>());
        float_dispatch!(x[1].dtype(), T => self.run::<T>(labels, x[1].slice(), classes, out),
            else => Err(Error::type_error(NAME).expected("float scores").got(x[1].dtype().name())))
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![None; pass.inputs.len()])
    }
}

/// Whether each label is among the k best of its row.
pub const OP: (&str, OpFn) = (NAME, |x, attrs| {
    let op: InTopK = parse_attrs(NAME, attrs)?;
    let [labels, scores] = arity(NAME, x)?;
    Ok(vec![apply(op, &[&cast(&labels, DType::I64)?, &scores])?])
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::Attrs;
    use crate::tensor::Tensor;

    fn run(labels: &[i64], scores: &[f32], k: usize) -> Result<Vec<bool>> {
        let attrs: Attrs = serde_json::from_str(&format!(r#"{{"k": {k}}}"#)).unwrap();
        let x: [Value; 2] = [
            Tensor::from_slice(&[labels.len()], labels)?.into(),
            Tensor::from_slice(&[labels.len(), scores.len() / labels.len()], scores)?.into(),
        ];
        Ok((OP.1)(&x, &attrs)?[0]
            .tensor()?
            .slice::<Bool>()
            .iter()
            .map(|b| b.get())
            .collect())
    }

    #[test]
    fn ties_count_as_in() {
        assert_eq!(
            run(&[0, 1], &[0.3, 0.3, 0.4, 0.1, 0.5, 0.4], 2).unwrap(),
            [true, true]
        );
        assert_eq!(
            run(&[0, 2], &[0.3, 0.3, 0.4, 0.1, 0.5, 0.4], 1).unwrap(),
            [false, false]
        );
        assert_eq!(run(&[0], &[f32::NAN, 0.3], 1).unwrap(), [false]);
    }

    #[test]
    fn labels_out_of_range_are_named() {
        let text = run(&[0, 5], &[0.3, 0.3, 0.4, 0.1], 1).unwrap_err().to_string();
        assert!(
            text.contains("[0, 2)") && text.contains("5 at position 1"),
            "{text}"
        );
    }
}
