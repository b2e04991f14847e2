//! softmax, log_softmax, and the crossentropies that start from logits.

use serde::{Deserialize, Serialize};

use super::op::{Attrs, Op, OpFn, Pass, Run, arity, parse_attrs};
use super::{Axes, cast, exp, expand_dims, multiply, negative, subtract, sum};
use crate::activations::softplus;
use crate::autograd::{Value, apply, apply_many};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::float_dispatch;
use crate::kernels::reduce::Layout;
use crate::kernels::rows::{self, Form};
use crate::shape::{Spec, Specs, axis_index, show, split_at_axis};
use crate::tensor::{View, ViewMut};

fn float_only(who: &str, dtype: DType) -> Error {
    Error::type_error(who)
        .expected("float32 or float64")
        .got(dtype.name())
        .hint("Cast the input first")
}

fn layout(who: &str, shape: &[usize], axis: i64) -> Result<Layout> {
    let (outer, axis, inner) = split_at_axis(shape, axis_index(who, axis, shape.len())?);
    Ok(Layout { outer, axis, inner })
}

// softmax(x) = exp(x - m) / sum of exp(x - m),  m = max x;  log_softmax(x) = ln softmax(x)
#[derive(Debug, Clone, Copy, Serialize)]
struct Softmax {
    form: Form,
    axis: i64,
}

impl Op for Softmax {
    fn name(&self) -> &'static str {
        match self.form {
            // A loss that looks for the logits behind probabilities knows by the name that the axis is the last.
            Form::Softmax if self.axis == -1 => "softmax",
            Form::Softmax => "softmax_over_axis",
            Form::LogSoftmax => "log_softmax",
        }
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        axis_index(self.name(), self.axis, x[0].rank())?;
        if !x[0].dtype.is_float() {
            return Err(float_only(self.name(), x[0].dtype));
        }
        x[0].clone().one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let layout = layout(self.name(), x[0].shape(), self.axis)?;
        float_dispatch!(x[0].dtype(), T => {
            rows::softmax(self.form, layout, x[0].slice::<T>(), y[0].slice_mut::<T>());
            Ok(())
        }, else => Err(float_only(self.name(), x[0].dtype())))
    }

    // softmax: dx = y (g - sum g y);  log_softmax: dx = g - exp(y) sum g
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (y, g) = (&pass.outputs[0], pass.grad()?);
        Ok(vec![Some(match self.form {
            Form::Softmax => apply(SoftmaxGradient { axis: self.axis }, &[y, g])?,
            Form::LogSoftmax => subtract(g, &multiply(&exp(y)?, &sum(g, Axes::One(self.axis), true)?)?)?,
        })])
    }
}

/// dx = y (g - sum of g y)
#[derive(Debug, Clone, Copy, Serialize)]
struct SoftmaxGradient {
    axis: i64,
}

impl Op for SoftmaxGradient {
    fn name(&self) -> &'static str {
        "softmax_gradient"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[0].clone().one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let layout = layout("softmax", x[0].shape(), self.axis)?;
        float_dispatch!(x[0].dtype(), T => {
            rows::softmax_gradient(layout, x[0].slice::<T>(), x[1].slice::<T>(), y[0].slice_mut::<T>());
            Ok(())
        }, else => Err(float_only("softmax", x[0].dtype())))
    }

    // With h the gradient that arrives: dg = y (h - sum h y);  dy = h g - h sum(g y) - g sum(h y)
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (y, g, h) = (&pass.inputs[0], &pass.inputs[1], pass.grad()?);
        let along = |a: &Value| sum(&multiply(a, y)?, Axes::One(self.axis), true);
        let dy = subtract(
            &subtract(&multiply(h, g)?, &multiply(h, &along(g)?)?)?,
            &multiply(g, &along(h)?)?,
        )?;
        Ok(vec![Some(dy), Some(apply(*self, &[y, h])?)])
    }
}

/// softmax along an axis
pub fn softmax(x: &Value, axis: i64) -> Result<Value> {
    let axis = if axis == x.rank() as i64 - 1 { -1 } else { axis };
    apply(
        Softmax {
            form: Form::Softmax,
            axis,
        },
        &[x],
    )
}

/// ln softmax along an axis, without computing the softmax
pub fn log_softmax(x: &Value, axis: i64) -> Result<Value> {
    apply(
        Softmax {
            form: Form::LogSoftmax,
            axis,
        },
        &[x],
    )
}

// Outputs: loss = lse - x[label], lse = ln(sum of exp x), both without the class axis, which is the last.
#[derive(Debug, Clone, Copy, Serialize)]
struct LabelCrossentropy;

/// Labels as class indices, each in [0, classes).
fn checked_labels<'a>(run: &'a mut Run, labels: &View<'_>, classes: usize) -> Result<&'a [i64]> {
    let out = run.scratch::<i64>(labels.len());
    let mut bad = None;
    for (i, to) in out.iter_mut().enumerate() {
        let (label, whole) = match labels.dtype() {
            DType::I32 => (i64::from(labels.slice::<i32>()[i]), true),
            DType::I64 => (labels.slice::<i64>()[i], true),
            DType::U8 | DType::Bool => (i64::from(labels.bytes()[i]), true),
            DType::F32 => {
                let v = labels.slice::<f32>()[i];
                (v as i64, v == v.trunc())
            }
            DType::F64 => {
                let v = labels.slice::<f64>()[i];
                (v as i64, v == v.trunc())
            }
        };
        *to = label;
        if bad.is_none() && (!whole || label < 0 || label >= classes as i64) {
            bad = Some(i);
        }
    }
    match bad {
        None => Ok(out),
        Some(i) => {
            let shown = match labels.dtype() {
                DType::F32 => labels.slice::<f32>()[i].to_string(),
                DType::F64 => labels.slice::<f64>()[i].to_string(),
                _ => out[i].to_string(),
            };
            Err(Error::value("sparse_categorical_crossentropy")
                .expected(format!("labels that are whole numbers in [0, {classes}), one for each of the model's {classes} outputs"))
                .got(format!("{shown} at position {i} of the batch"))
                .hint("Check the labels, or give the last layer as many units as there are classes"))
        }
    }
}

impl Op for LabelCrossentropy {
    fn name(&self) -> &'static str {
        "sparse_softmax_crossentropy"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let (labels, logits) = (&x[0], &x[1]);
        if !logits.dtype.is_float() {
            return Err(float_only(self.name(), logits.dtype));
        }
        let lead = logits.rank().saturating_sub(1);
        let fits = logits.rank() > 0
            && labels.rank() == lead
            && labels
                .dims
                .iter()
                .zip(&logits.dims)
                .all(|(a, b)| a.is_none() || b.is_none() || a == b);
        if !fits {
            return Err(Error::value(self.name())
                .expected(format!(
                    "one label for each row of logits {}: shape {}",
                    show(&logits.dims),
                    show(&logits.dims[..lead])
                ))
                .got(format!("labels {}", show(&labels.dims)))
                .hint("One-hot labels belong to categorical_crossentropy"));
        }
        let row = logits.with_dims(logits.dims[..lead].iter().copied());
        Ok(smallvec::smallvec![row.clone(), row])
    }

    fn forward(&self, run: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let classes = x[1].shape()[x[1].shape().len() - 1];
        let labels = checked_labels(run, &x[0], classes)?;
        let (loss, lse) = y.split_at_mut(1);
        float_dispatch!(x[1].dtype(), T => {
            rows::label_crossentropy(classes, labels, x[1].slice::<T>(), loss[0].slice_mut::<T>(), lse[0].slice_mut::<T>());
            Ok(())
        }, else => Err(float_only(self.name(), x[1].dtype())))
    }

    // d loss / dx = softmax(x) - [label];  d lse / dx = softmax(x)
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (labels, logits, lse) = (&pass.inputs[0], &pass.inputs[1], &pass.outputs[1]);
        if pass.grads[1].is_some() {
            return Err(
                Error::not_implemented(self.name()).hint("Its second output has no gradient; use logsumexp")
            );
        }
        Ok(vec![
            None,
            Some(apply(LabelGradient, &[labels, logits, lse, pass.grad()?])?),
        ])
    }
}

/// dx = (exp(x - lse) - [label]) g
#[derive(Debug, Clone, Copy, Serialize)]
struct LabelGradient;

impl Op for LabelGradient {
    fn name(&self) -> &'static str {
        "sparse_softmax_crossentropy_gradient"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[1].clone().one()
    }

    fn forward(&self, run: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let classes = x[1].shape()[x[1].shape().len() - 1];
        let labels = checked_labels(run, &x[0], classes)?;
        float_dispatch!(x[1].dtype(), T => {
            let (logits, lse, g) = (x[1].slice::<T>(), x[2].slice::<T>(), x[3].slice::<T>());
            rows::label_crossentropy_gradient(classes, labels, logits, lse, g, y[0].slice_mut::<T>());
            Ok(())
        }, else => Err(float_only(self.name(), x[1].dtype())))
    }

    // As a function of x (lse depends on x too) and g, with p = softmax(x) and h the gradient that arrives:
    // dx = g p (h - sum h p);  dg = sum of h (p - [label])
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (labels, logits, lse, g, h) = (
            &pass.inputs[0],
            &pass.inputs[1],
            &pass.inputs[2],
            &pass.inputs[3],
            pass.grad()?,
        );
        let p = softmax(logits, -1)?;
        let dx = multiply(
            &expand_dims(g, -1)?,
            &apply(SoftmaxGradient { axis: -1 }, &[&p, h])?,
        )?;
        let one = super::ones_like(g)?;
        let dg = sum(
            &multiply(h, &apply(LabelGradient, &[labels, logits, lse, &one])?)?,
            Axes::One(-1),
            false,
        )?;
        Ok(vec![None, Some(dx), None, Some(dg)])
    }
}

/// loss = ln(sum of exp x) - x[label] for each row of logits; labels are class indices in [0, classes).
pub fn sparse_softmax_crossentropy(labels: &Value, logits: &Value) -> Result<Value> {
    let mut out = apply_many(std::sync::Arc::new(LabelCrossentropy), &[labels, logits])?;
    out.truncate(1);
    out.pop().ok_or_else(|| {
        Error::runtime("sparse_softmax_crossentropy")
            .expected("a loss")
            .got("nothing")
    })
}

/// loss = - sum of t log_softmax(x) along the axis
pub fn softmax_crossentropy(target: &Value, logits: &Value, axis: i64) -> Result<Value> {
    let target = cast(target, logits.dtype())?;
    negative(&sum(
        &multiply(&target, &log_softmax(logits, axis)?)?,
        Axes::One(axis),
        false,
    )?)
}

/// loss = softplus(x) - x t = -t ln sigmoid(x) - (1 - t) ln(1 - sigmoid(x)), element by element
pub fn sigmoid_crossentropy(target: &Value, logits: &Value) -> Result<Value> {
    let target = cast(target, logits.dtype())?;
    subtract(&softplus(logits)?, &multiply(logits, &target)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Along {
    #[serde(default = "last")]
    axis: i64,
}

fn last() -> i64 {
    -1
}

pub(super) const OPS: &[(&str, OpFn)] = &[
    ("softmax", |x, attrs: &Attrs| {
        let [x] = arity("softmax", x)?;
        Ok(vec![softmax(&x, parse_attrs::<Along>("softmax", attrs)?.axis)?])
    }),
    ("log_softmax", |x, attrs| {
        let [x] = arity("log_softmax", x)?;
        Ok(vec![log_softmax(
            &x,
            parse_attrs::<Along>("log_softmax", attrs)?.axis,
        )?])
    }),
    ("sparse_softmax_crossentropy", |x, _| {
        let [labels, logits] = arity("sparse_softmax_crossentropy", x)?;
        Ok(vec![sparse_softmax_crossentropy(&labels, &logits)?])
    }),
    ("softmax_crossentropy", |x, attrs| {
        let [target, logits] = arity("softmax_crossentropy", x)?;
        Ok(vec![softmax_crossentropy(
            &target,
            &logits,
            parse_attrs::<Along>("softmax_crossentropy", attrs)?.axis,
        )?])
    }),
    ("sigmoid_crossentropy", |x, _| {
        let [target, logits] = arity("sigmoid_crossentropy", x)?;
        Ok(vec![sigmoid_crossentropy(&target, &logits)?])
    }),
];
