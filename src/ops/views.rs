//! The same memory under another shape: reshape, flatten, expand_dims, squeeze.

use serde::{Deserialize, Serialize};

use super::Axes;
use super::op::{Attrs, Op, OpFn, Pass, Run, arity, parse_attrs};
use crate::autograd::{Value, apply};
use crate::error::{Error, Result};
use crate::shape::{Dims, Spec, Specs, axis_index, elements, show};
use crate::tensor::{View, ViewMut};

/// What every view does besides its shape rule: nothing to compute, and its gradient takes the input's shape.
macro_rules! view_op {
    () => {
        fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
            y[0].bytes_mut().copy_from_slice(x[0].bytes());
            Ok(())
        }

        fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
            let dx = reshape_like(pass.grad()?, &pass.inputs[0])?;
            Ok([Some(dx), None]
                .into_iter()
                .take(pass.inputs.len())
                .collect())
        }

        fn is_view(&self) -> bool {
            true
        }
    };
}

/// The first `keep` axes stay; the others become `target`, where one size may be -1: whatever is left.
#[derive(Debug, Clone, Serialize)]
struct Reshape {
    keep: usize,
    target: Vec<i64>,
}

impl Reshape {
    fn mismatch(&self, x: &Spec) -> Error {
        let kept: Dims = x.dims[..self.keep].into();
        let target: Vec<String> = kept
            .iter()
            .map(|d| d.map_or("None".into(), |n| n.to_string()))
            .chain(self.target.iter().map(i64::to_string))
            .collect();
        Error::value("reshape")
            .expected(format!("a shape with as many elements as {}", show(&x.dims)))
            .got(format!("({})", target.join(", ")))
            .hint("The product of the sizes must stay the same; -1 stands for what is left")
    }
}

impl Op for Reshape {
    fn name(&self) -> &'static str {
        "reshape"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let x = &x[0];
        if self.keep > x.rank() {
            return Err(Error::value("reshape")
                .expected(format!("a tensor with at least the {} axes that stay", self.keep))
                .got(show(&x.dims)));
        }
        let open = self.target.iter().filter(|&&n| n == -1).count();
        if open > 1 || self.target.iter().any(|&n| n < -1) {
            return Err(Error::value("reshape")
                .expected("sizes of at least 0, at most one of them -1")
                .got(format!("{:?}", self.target)));
        }
        let known = self.target.iter().filter(|&&n| n >= 0);
        let known = known.map(|&n| Some(n as usize)).collect::<Vec<_>>();
        let known = elements("reshape", &known)?.unwrap_or(0);
        let rest = elements("reshape", &x.dims[self.keep..])?;
        let left = match (open, rest) {
            (1, Some(rest)) if known == 0 || !rest.is_multiple_of(known) => return Err(self.mismatch(x)),
            (1, Some(rest)) => Some(rest / known),
            (0, Some(rest)) if rest != known => return Err(self.mismatch(x)),
            _ => None,
        };
        let tail = self
            .target
            .iter()
            .map(|&n| if n == -1 { left } else { Some(n as usize) });
        x.with_dims(x.dims[..self.keep].iter().copied().chain(tail)).one()
    }

    view_op!();
}

/// x under the shape `target`; one size may be -1.
pub fn reshape(x: &Value, target: &[i64]) -> Result<Value> {
    reshape_tail(x, 0, target)
}

/// x as a line.
pub fn ravel(x: &Value) -> Result<Value> {
    reshape(x, &[-1])
}

/// The first `keep` axes (the batch) as they are, the others under the shape `target`.
pub fn reshape_tail(x: &Value, keep: usize, target: &[i64]) -> Result<Value> {
    apply(
        Reshape {
            keep,
            target: target.to_vec(),
        },
        &[x],
    )
}

/// x under the shape of the second input, of which only the shape is looked at.
#[derive(Debug, Clone, Copy, Serialize)]
struct ReshapeLike;

impl Op for ReshapeLike {
    fn name(&self) -> &'static str {
        "reshape_like"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        if let (Some(a), Some(b)) = (x[0].len(), x[1].len())
            && a != b
        {
            return Err(Error::value(self.name())
                .expected(format!("as many elements as {}", show(&x[1].dims)))
                .got(show(&x[0].dims)));
        }
        x[1].with_dtype(x[0].dtype).one()
    }

    view_op!();

    fn shape_only(&self, input: usize) -> bool {
        input == 1
    }
}

pub fn reshape_like(x: &Value, like: &Value) -> Result<Value> {
    if x.dims() == like.dims() {
        Ok(x.clone())
    } else {
        apply(ReshapeLike, &[x, like])
    }
}

/// An axis of size 1 put in at `axis` of the result.
#[derive(Debug, Clone, Copy, Serialize)]
struct ExpandDims {
    axis: i64,
}

impl Op for ExpandDims {
    fn name(&self) -> &'static str {
        "expand_dims"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let at = axis_index(self.name(), self.axis, x[0].rank() + 1)?;
        let mut dims = x[0].dims.clone();
        dims.insert(at, Some(1));
        x[0].with_dims(dims).one()
    }

    view_op!();
}

pub fn expand_dims(x: &Value, axis: i64) -> Result<Value> {
    apply(ExpandDims { axis }, &[x])
}

/// Axes of size 1 taken out: those named, or all.
#[derive(Debug, Clone, Serialize)]
struct Squeeze {
    axes: Axes,
}

impl Op for Squeeze {
    fn name(&self) -> &'static str {
        "squeeze"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let x = &x[0];
        let flags = self.axes.flags(self.name(), x.rank())?;
        let all = self.axes == Axes::All;
        let mut dims = Dims::new();
        for (axis, (d, named)) in x.dims.iter().zip(flags).enumerate() {
            match d {
                Some(1) if named => {}
                // An open axis that is named is taken to be 1; without names it stays.
                None if named && !all => {}
                d if named && !all => {
                    return Err(Error::value(self.name())
                        .expected(format!("size 1 at axis {axis}"))
                        .got(
                            show(&[*d]).trim_matches(['(', ')', ',']).to_string()
                                + &format!(" in shape {}", show(&x.dims)),
                        ));
                }
                d => dims.push(*d),
            }
        }
        x.with_dims(dims).one()
    }

    view_op!();
}

pub fn squeeze(x: &Value, axes: Axes) -> Result<Value> {
    apply(Squeeze { axes }, &[x])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReshapeAttrs {
    newshape: Vec<i64>,
    #[serde(default)]
    keep: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct At {
    axis: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Of {
    #[serde(default)]
    axis: Axes,
}

pub(super) const OPS: &[(&str, OpFn)] = &[
    ("reshape", |x, attrs: &Attrs| {
        let [x] = arity("reshape", x)?;
        let r: ReshapeAttrs = parse_attrs("reshape", attrs)?;
        Ok(vec![reshape_tail(&x, r.keep, &r.newshape)?])
    }),
    ("reshape_like", |x, _| {
        let [x, like] = arity("reshape_like", x)?;
        Ok(vec![reshape_like(&x, &like)?])
    }),
    ("ravel", |x, _| {
        let [x] = arity("ravel", x)?;
        Ok(vec![ravel(&x)?])
    }),
    ("expand_dims", |x, attrs| {
        let [x] = arity("expand_dims", x)?;
        Ok(vec![expand_dims(
            &x,
            parse_attrs::<At>("expand_dims", attrs)?.axis,
        )?])
    }),
    ("squeeze", |x, attrs| {
        let [x] = arity("squeeze", x)?;
        Ok(vec![squeeze(&x, parse_attrs::<Of>("squeeze", attrs)?.axis)?])
    }),
];
