//! Values put together along an axis, and cut apart: concatenate, stack, split.

use serde::{Deserialize, Serialize};

use super::op::{Attrs, Op, OpFn, Pass, Run, arity, parse_attrs};
use super::slices::slice_axis;
use super::{expand_dims, zeros_like};
use crate::autograd::{Value, apply};
use crate::error::{Error, Result};
use crate::kernels::memory::strided;
use crate::shape::{Dims, Spec, Specs, axis_index, show, split_at_axis};
use crate::sized;
use crate::tensor::{View, ViewMut};

/// y = inputs one after the other along an axis
#[derive(Debug, Clone, Copy, Serialize)]
struct Concatenate {
    axis: usize,
}

impl Op for Concatenate {
    fn name(&self) -> &'static str {
        "concatenate"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let mut dims: Dims = x[0].dims.clone();
        for (i, s) in x.iter().enumerate().skip(1) {
            let fits = s.dtype == x[0].dtype
                && s.rank() == dims.len()
                && s.dims
                    .iter()
                    .zip(&dims)
                    .enumerate()
                    .all(|(a, (p, q))| a == self.axis || p.is_none() || q.is_none() || p == q);
            if !fits {
                return Err(Error::value(self.name())
                    .expected(format!(
                        "shapes that agree but for axis {}, and one dtype: the first is {}",
                        self.axis,
                        x[0].describe()
                    ))
                    .got(format!("input {i} of {}", s.describe())));
            }
            for (a, (d, n)) in dims.iter_mut().zip(&s.dims).enumerate() {
                *d = if a == self.axis {
                    (*d).zip(*n).map(|(p, q)| p + q)
                } else {
                    (*d).or(*n)
                };
            }
        }
        x[0].with_dims(dims).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (outer, total, inner) = split_at_axis(y[0].shape(), self.axis);
        let mut at = 0;
        for part in x {
            let width = part.shape()[self.axis] * inner;
            sized!(part.dtype().size(), T => {
                // SAFETY: the parts lie side by side in y, whose size is theirs together.
                unsafe {
                    let to = y[0].as_mut_ptr().cast::<T>().add(at);
                    strided::<T>(&[outer, width], part.as_ptr().cast(), &[width as isize, 1], to, &[(total * inner) as isize, 1]);
                }
            });
            at += width;
        }
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        (0..pass.inputs.len())
            .map(|index| {
                if !pass.needs[index] {
                    return Ok(None);
                }
                let inputs: Vec<&Value> = std::iter::once(pass.grad()?).chain(pass.inputs).collect();
                apply(
                    Part {
                        axis: self.axis,
                        index,
                    },
                    &inputs,
                )
                .map(Some)
            })
            .collect()
    }
}

/// Of a concatenation (the first input), the part that came from input `index`; the others give their shapes alone.
#[derive(Debug, Clone, Copy, Serialize)]
struct Part {
    axis: usize,
    index: usize,
}

impl Op for Part {
    fn name(&self) -> &'static str {
        "concatenate_part"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[1 + self.index].with_dtype(x[0].dtype).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (outer, total, inner) = split_at_axis(x[0].shape(), self.axis);
        let before: usize = x[1..=self.index]
            .iter()
            .map(|v| v.shape()[self.axis] * inner)
            .sum();
        let width = y[0].shape()[self.axis] * inner;
        sized!(x[0].dtype().size(), T => {
            // SAFETY: the part lies inside the whole.
            unsafe {
                let from = x[0].as_ptr().cast::<T>().add(before);
                strided::<T>(&[outer, width], from, &[(total * inner) as isize, 1], y[0].as_mut_ptr().cast(), &[width as isize, 1]);
            }
        });
        Ok(())
    }

    // The whole again, with zeros for the other parts.
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let parts: Vec<Value> = pass.inputs[1..]
            .iter()
            .enumerate()
            .map(|(i, x)| {
                if i == self.index {
                    Ok(pass.grad()?.clone())
                } else {
                    zeros_like(x)
                }
            })
            .collect::<Result<_>>()?;
        let mut back = vec![None; pass.inputs.len()];
        back[0] = Some(concatenate(&parts, self.axis as i64)?);
        Ok(back)
    }

    fn shape_only(&self, input: usize) -> bool {
        input > 0
    }
}

pub fn concatenate(parts: &[Value], axis: i64) -> Result<Value> {
    let first = parts.first().ok_or_else(|| {
        Error::value("concatenate")
            .expected("at least one input")
            .got("none")
    })?;
    let axis = axis_index("concatenate", axis, first.rank())?;
    let mut parts = parts.to_vec();
    let dtype = parts.iter().map(Value::dtype).fold(first.dtype(), super::promote);
    for p in &mut parts {
        *p = super::cast(p, dtype)?;
    }
    let refs: Vec<&Value> = parts.iter().collect();
    apply(Concatenate { axis }, &refs)
}

/// The inputs along a new axis.
pub fn stack(parts: &[Value], axis: i64) -> Result<Value> {
    let wide: Vec<Value> = parts
        .iter()
        .map(|p| expand_dims(p, axis))
        .collect::<Result<_>>()?;
    concatenate(&wide, axis)
}

/// x cut at the given indices along an axis of known size.
pub fn split(x: &Value, at: &[i64], axis: i64) -> Result<Vec<Value>> {
    let axis = axis_index("split", axis, x.rank())?;
    let ends = at.iter().copied().map(Some).chain([None]);
    let begins = std::iter::once(0).chain(at.iter().copied());
    begins.zip(ends).map(|(b, e)| slice_axis(x, axis, b, e)).collect()
}

/// x in n equal parts along an axis of known size.
pub fn split_equally(x: &Value, n: usize, axis: i64) -> Result<Vec<Value>> {
    let at = axis_index("split", axis, x.rank())?;
    match x.dims()[at] {
        Some(size) if n > 0 && size % n == 0 => {
            let places: Vec<i64> = (1..n).map(|i| (i * (size / n)) as i64).collect();
            split(x, &places, axis)
        }
        _ => Err(Error::value("split")
            .expected(format!(
                "a number of parts that divides axis {at} of {}",
                show(&x.dims())
            ))
            .got(n.to_string())),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnAxis {
    #[serde(default)]
    axis: i64,
}

/// Into so many equal parts, or at these places.
#[derive(Deserialize)]
#[serde(untagged)]
enum Cuts {
    Parts(usize),
    At(Vec<i64>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SplitAttrs {
    #[serde(alias = "indices")]
    indices_or_sections: Cuts,
    #[serde(default)]
    axis: i64,
}

pub(super) const OPS: &[(&str, OpFn)] = &[
    ("concatenate", |x, attrs: &Attrs| {
        Ok(vec![concatenate(
            x,
            parse_attrs::<OnAxis>("concatenate", attrs)?.axis,
        )?])
    }),
    ("stack", |x, attrs| {
        Ok(vec![stack(x, parse_attrs::<OnAxis>("stack", attrs)?.axis)?])
    }),
    ("split", |x, attrs| {
        let [x] = arity("split", x)?;
        let s: SplitAttrs = parse_attrs("split", attrs)?;
        match s.indices_or_sections {
            Cuts::Parts(n) => split_equally(&x, n, s.axis),
            Cuts::At(places) => split(&x, &places, s.axis),
        }
    }),
];
