//! Windows that slide along the last axis, and their transpose.
//!
//! `extract_sequences`: y[.., i, j] = x[.., i * stride + j], zero where x has ended.
//! `overlap_add`: y[.., t] = sum over i, j with i * stride + j = t of x[.., i, j].

use serde::{Deserialize, Serialize};

use super::op::{Attrs, Op, OpFn, Pass, Run, arity, parse_attrs};
use crate::autograd::{Value, apply};
use crate::dispatch;
use crate::dtype::Element;
use crate::error::{Error, Result};
use crate::float_dispatch;
use crate::kernels::parallel::for_chunks_mut;
use crate::kernels::real::Real;
use crate::shape::{Spec, Specs, show, times};
use crate::tensor::{View, ViewMut};

/// As many sequences as lie inside x, or as many as the second input has.
#[derive(Debug, Clone, Copy, Serialize)]
struct ExtractSequences {
    length: usize,
    stride: usize,
}

impl Op for ExtractSequences {
    fn name(&self) -> &'static str {
        "extract_sequences"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let Some((&n, lead)) = x[0].dims.split_last() else {
            return Err(Error::value(self.name())
                .expected("a rank of at least 1")
                .got("a scalar"));
        };
        if x.len() == 1 && n.is_some_and(|n| n < self.length) {
            return Err(Error::value(self.name())
                .expected(format!("at least {} numbers along the last axis", self.length))
                .got(format!("shape {}", show(&x[0].dims)))
                .hint("Use shorter sequences, or pad the input"));
        }
        let mut dims: crate::shape::Dims = lead.into();
        let number = match x.get(1) {
            Some(like) => like.dims[like.rank() - 2],
            None => n.map(|n| 1 + (n - self.length) / self.stride),
        };
        dims.extend([number, Some(self.length)]);
        x[0].with_dims(dims).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (shape, n) = (y[0].shape(), x[0].shape()[x[0].shape().len() - 1]);
        let (frames, length, stride) = (shape[shape.len() - 2], self.length, self.stride);
        dispatch!(x[0].dtype(), T => {
            let from = x[0].slice::<T>();
            for_chunks_mut(y[0].slice_mut::<T>(), frames * length, |at, to| {
                let start = at / (frames * length) * n;
                for (i, frame) in to.chunks_exact_mut(length).enumerate() {
                    let first = i.saturating_mul(stride).min(n);
                    let (there, beyond) = frame.split_at_mut(length.min(n - first));
                    there.copy_from_slice(&from[start + first..][..there.len()]);
                    beyond.fill(T::default());
                }
            });
        });
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let transposed = OverlapAdd {
            stride: self.stride,
            size: None,
        };
        let dx = apply(transposed, &[pass.grad()?, &pass.inputs[0]])?;
        Ok([Some(dx), None].into_iter().take(pass.inputs.len()).collect())
    }

    fn shape_only(&self, input: usize) -> bool {
        input == 1
    }
}

/// The result has `size` numbers, or as many as the second input has, or as the sequences cover.
#[derive(Debug, Clone, Copy, Serialize)]
struct OverlapAdd {
    stride: usize,
    size: Option<usize>,
}

impl Op for OverlapAdd {
    fn name(&self) -> &'static str {
        "overlap_add"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let [lead @ .., frames, Some(length)] = x[0].dims.as_slice() else {
            return Err(Error::value(self.name())
                .expected("sequences of a known length, shape (..., number, length)")
                .got(format!("shape {}", show(&x[0].dims))));
        };
        if *frames == Some(0) || *length == 0 || !x[0].dtype.is_float() {
            return Err(Error::value(self.name())
                .expected("one sequence or more, of float32 or float64")
                .got(x[0].describe()));
        }
        let size = match x.get(1) {
            Some(like) => like.dims.last().copied().flatten(),
            None => match (self.size, *frames) {
                (None, Some(f)) => times(self.name(), Some(self.stride), f - 1)?.map(|last| last + length),
                (size, _) => size,
            },
        };
        let mut dims: crate::shape::Dims = lead.into();
        dims.push(size);
        x[0].with_dims(dims).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        fn run<T: Real + Element>(x: &View<'_>, stride: usize, y: &mut ViewMut<'_>) {
            let (shape, n) = (x.shape(), y.shape()[y.shape().len() - 1]);
            let (frames, length) = (shape[shape.len() - 2], shape[shape.len() - 1]);
            let from = x.slice::<T>();
            for_chunks_mut(y.slice_mut::<T>(), n, |at, to| {
                to.fill(T::ZERO);
                let own = &from[at / n * frames * length..][..frames * length];
                for (i, frame) in own.chunks_exact(length).enumerate() {
                    for (to, &v) in to.iter_mut().skip(i.saturating_mul(stride)).zip(frame) {
                        *to += v;
                    }
                }
            });
        }
        float_dispatch!(x[0].dtype(), T => run::<T>(&x[0], self.stride, &mut y[0]), else => ());
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let dims = pass.inputs[0].dims();
        let transposed = ExtractSequences {
            length: dims[dims.len() - 1].unwrap_or(1),
            stride: self.stride,
        };
        let dx = apply(transposed, &[pass.grad()?, &pass.inputs[0]])?;
        Ok([Some(dx), None].into_iter().take(pass.inputs.len()).collect())
    }

    fn shape_only(&self, input: usize) -> bool {
        input == 1
    }
}

/// Sequences of `length` numbers, `stride` apart, of the last axis.
pub fn extract_sequences(x: &Value, length: usize, stride: usize) -> Result<Value> {
    apply(ExtractSequences { length, stride }, &[x])
}

/// The sum of sequences laid out `stride` apart, cut or padded with zeros to `size`.
pub fn overlap_add(x: &Value, stride: usize, size: Option<usize>) -> Result<Value> {
    apply(OverlapAdd { stride, size }, &[x])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Windows {
    sequence_length: i64,
    sequence_stride: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Overlap {
    sequence_stride: i64,
    #[serde(default)]
    size: Option<i64>,
}

fn positive(who: &str, name: &str, n: i64) -> Result<usize> {
    if n > 0 {
        return Ok(n as usize);
    }
    Err(Error::value(who)
        .expected(format!("`{name}` of 1 or more"))
        .got(n.to_string()))
}

pub(super) const OPS: &[(&str, OpFn)] = &[
    ("extract_sequences", |x, attrs: &Attrs| {
        let who = "extract_sequences";
        let [x] = arity(who, x)?;
        let w: Windows = parse_attrs(who, attrs)?;
        Ok(vec![extract_sequences(
            &x,
            positive(who, "sequence_length", w.sequence_length)?,
            positive(who, "sequence_stride", w.sequence_stride)?,
        )?])
    }),
    ("overlap_add", |x, attrs| {
        let [x] = arity("overlap_add", x)?;
        let who = "overlap_add";
        let attrs = parse_attrs::<Overlap>(who, attrs)?;
        let size = attrs.size.map(|n| positive(who, "size", n)).transpose()?;
        Ok(vec![overlap_add(
            &x,
            positive(who, "sequence_stride", attrs.sequence_stride)?,
            size,
        )?])
    }),
];
