//! Elements moved about: transpose, slices, flip.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::Axes;
use super::op::{Attrs, Op, OpFn, Pass, Run, arity, parse_attrs};
use crate::autograd::{Value, apply};
use crate::error::{Error, Result};
use crate::kernels::memory::{Steps, fill, row_major, strided};
use crate::shape::{Dim, Spec, Specs, axis_index, show};
use crate::sized;
use crate::tensor::{View, ViewMut};

/// y[i_p0, i_p1, ...] = x[i_0, i_1, ...]
#[derive(Debug, Clone, Serialize)]
struct Transpose {
    /// Axis of x for each axis of y.
    axes: SmallVec<[usize; 6]>,
}

impl Op for Transpose {
    fn name(&self) -> &'static str {
        "transpose"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[0].with_dims(self.axes.iter().map(|&a| x[0].dims[a])).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let own = row_major(x[0].shape());
        let from: Steps = self.axes.iter().map(|&a| own[a]).collect();
        let shape = y[0].shape();
        sized!(x[0].dtype().size(), T => {
            // SAFETY: a permutation of the steps of x covers x once; so do those of y.
            unsafe { strided::<T>(shape, x[0].as_ptr().cast(), &from, y[0].as_mut_ptr().cast(), &row_major(shape)) }
        });
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let mut back: SmallVec<[usize; 6]> = SmallVec::from_elem(0, self.axes.len());
        for (to, &from) in self.axes.iter().enumerate() {
            back[from] = to;
        }
        Ok(vec![Some(apply(Transpose { axes: back }, &[pass.grad()?])?)])
    }
}

/// Axes in the given order; reversed without one.
pub fn transpose(x: &Value, axes: Option<&[i64]>) -> Result<Value> {
    let rank = x.rank();
    let axes: SmallVec<[usize; 6]> = match axes {
        None => (0..rank).rev().collect(),
        Some(list) => list
            .iter()
            .map(|&a| axis_index("transpose", a, rank))
            .collect::<Result<_>>()?,
    };
    let mut seen: SmallVec<[bool; 6]> = SmallVec::from_elem(false, rank);
    axes.iter().for_each(|&a| seen[a] = true);
    if axes.len() != rank || seen.contains(&false) {
        return Err(Error::value("transpose")
            .expected(format!(
                "each of the {rank} axes of shape {} once",
                show(&x.dims())
            ))
            .got(format!("{axes:?}")));
    }
    apply(Transpose { axes }, &[x])
}

/// One axis of a slice, as Python writes it: `begin:end:stride`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Cut {
    pub begin: Option<i64>,
    pub end: Option<i64>,
    pub stride: i64,
}

impl Cut {
    /// First index and number of elements along an axis of size n, by Python's rules.
    fn resolve(self, n: usize) -> (isize, usize) {
        let n = n as i64;
        let clamp = |i: i64, low: i64, high: i64| (if i < 0 { i + n } else { i }).clamp(low, high);
        let (first, last) = if self.stride > 0 {
            (
                self.begin.map_or(0, |b| clamp(b, 0, n)),
                self.end.map_or(n, |e| clamp(e, 0, n)),
            )
        } else {
            (
                self.begin.map_or(n - 1, |b| clamp(b, -1, n - 1)),
                self.end.map_or(-1, |e| clamp(e, -1, n - 1)),
            )
        };
        let span = if self.stride > 0 {
            last - first
        } else {
            first - last
        };
        (
            first as isize,
            (span.max(0) as u64).div_ceil(self.stride.unsigned_abs()) as usize,
        )
    }

    fn is_all(self) -> bool {
        self.begin.is_none() && self.end.is_none() && self.stride.abs() == 1
    }
}

/// y = x[begin:end:stride, ...]
#[derive(Debug, Clone, Serialize)]
struct Slice {
    cuts: Vec<Cut>,
}

impl Slice {
    /// Where the slice starts in an array of this shape, and its steps.
    fn place(&self, shape: &[usize]) -> (isize, Steps) {
        let own = row_major(shape);
        let mut start = 0;
        let mut steps = Steps::new();
        for ((cut, &n), &step) in self.cuts.iter().zip(shape).zip(&own) {
            let (first, count) = cut.resolve(n);
            // An empty cut may start outside; it is never read.
            start += if count == 0 { 0 } else { first * step };
            steps.push(step * cut.stride as isize);
        }
        (start, steps)
    }
}

impl Op for Slice {
    fn name(&self) -> &'static str {
        "strided_slice"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        if self.cuts.len() != x[0].rank() || self.cuts.iter().any(|c| c.stride == 0) {
            return Err(Error::value(self.name())
                .expected(format!(
                    "a cut with a stride other than 0 for each axis of {}",
                    show(&x[0].dims)
                ))
                .got(format!("{} cuts", self.cuts.len())));
        }
        let size = |(d, cut): (&Dim, &Cut)| match d {
            Some(n) => Some(cut.resolve(*n).1),
            // One element of an open axis is one element.
            None if cut.begin.is_some_and(|b| {
                cut.stride == 1 && (cut.end == Some(b + 1) || (b == -1 && cut.end.is_none()))
            }) =>
            {
                Some(1)
            }
            None => None,
        };
        x[0].with_dims(x[0].dims.iter().zip(&self.cuts).map(size)).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (start, from) = self.place(x[0].shape());
        let shape = y[0].shape();
        if self
            .cuts
            .iter()
            .zip(x[0].shape())
            .zip(shape)
            .any(|((c, &n), &m)| c.resolve(n).1 != m)
        {
            return Err(Error::index("slice")
                .expected("an index inside the axis")
                .got(format!("{:?} of {:?}", self.cuts, x[0].shape())));
        }
        sized!(x[0].dtype().size(), T => {
            // SAFETY: `resolve` keeps every place inside x.
            unsafe { strided::<T>(shape, x[0].as_ptr().cast::<T>().offset(start), &from, y[0].as_mut_ptr().cast(), &row_major(shape)) }
        });
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![Some(apply(
            SliceGradient(self.clone()),
            &[pass.grad()?, &pass.inputs[0]],
        )?)])
    }
}

/// Zeros in the shape of the second input, with the first laid where the slice was.
#[derive(Debug, Clone, Serialize)]
struct SliceGradient(Slice);

impl Op for SliceGradient {
    fn name(&self) -> &'static str {
        "strided_slice_gradient"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[1].with_dtype(x[0].dtype).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (start, to) = self.0.place(y[0].shape());
        let n = y[0].len();
        sized!(x[0].dtype().size(), T => {
            // SAFETY: n elements; then places inside y, each once.
            unsafe {
                fill::<T>(y[0].as_mut_ptr().cast(), n, 0);
                strided::<T>(x[0].shape(), x[0].as_ptr().cast(), &row_major(x[0].shape()), y[0].as_mut_ptr().cast::<T>().offset(start), &to);
            }
        });
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![Some(apply(self.0.clone(), &[pass.grad()?])?), None])
    }

    fn shape_only(&self, input: usize) -> bool {
        input == 1
    }
}

pub(super) fn slice(x: &Value, cuts: Vec<Cut>) -> Result<Value> {
    if cuts.len() == x.rank() && cuts.iter().all(|c| c.is_all() && c.stride == 1) {
        return Ok(x.clone());
    }
    apply(Slice { cuts }, &[x])
}

const WHOLE: Cut = Cut {
    begin: None,
    end: None,
    stride: 1,
};

/// x[begin:end] along one axis.
pub fn slice_axis(x: &Value, axis: usize, begin: i64, end: Option<i64>) -> Result<Value> {
    let mut cuts = vec![WHOLE; x.rank()];
    cuts[axis] = Cut {
        begin: Some(begin),
        end,
        stride: 1,
    };
    slice(x, cuts)
}

/// x backwards along the axes
pub fn flip(x: &Value, axes: &Axes) -> Result<Value> {
    let flags = axes.flags("flip", x.rank())?;
    slice(
        x,
        flags
            .iter()
            .map(|&f| if f { Cut { stride: -1, ..WHOLE } } else { WHOLE })
            .collect(),
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TransposeAttrs {
    #[serde(default)]
    axes: Option<Vec<i64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SliceAttrs {
    begin: Vec<Option<i64>>,
    end: Vec<Option<i64>>,
    strides: Vec<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnAxes {
    #[serde(default)]
    axis: Axes,
}

pub(super) const OPS: &[(&str, OpFn)] = &[
    ("transpose", |x, attrs: &Attrs| {
        let [x] = arity("transpose", x)?;
        Ok(vec![transpose(
            &x,
            parse_attrs::<TransposeAttrs>("transpose", attrs)?.axes.as_deref(),
        )?])
    }),
    ("strided_slice", |x, attrs| {
        let [x] = arity("strided_slice", x)?;
        let s: SliceAttrs = parse_attrs("strided_slice", attrs)?;
        let cuts = s
            .begin
            .into_iter()
            .zip(s.end)
            .zip(s.strides)
            .map(|((begin, end), stride)| Cut { begin, end, stride })
            .collect();
        Ok(vec![slice(&x, cuts)?])
    }),
    ("flip", |x, attrs| {
        let [x] = arity("flip", x)?;
        Ok(vec![flip(&x, &parse_attrs::<OnAxes>("flip", attrs)?.axis)?])
    }),
];
