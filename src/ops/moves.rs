//! Elements moved about: transpose, slices, concatenation, padding, repetition.

use serde::Deserialize;
use smallvec::SmallVec;

use super::op::{Attrs, Op, OpFn, Pass, Run, arity, parse_attrs};
use super::{Axes, expand_dims, reshape, sum, zeros_like};
use crate::autograd::{Value, apply};
use crate::dispatch;
use crate::dtype::Element;
use crate::error::{Error, Result};
use crate::kernels::memory::{Steps, fill, row_major, strided};
use crate::shape::{Dim, Dims, Spec, Specs, axis_index, show, split_at_axis};
use crate::sized;
use crate::tensor::{Tensor, View, ViewMut};

/// y[i_p0, i_p1, ...] = x[i_0, i_1, ...]
#[derive(Debug, Clone)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cut {
    begin: Option<i64>,
    end: Option<i64>,
    stride: i64,
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
#[derive(Debug, Clone)]
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
#[derive(Debug, Clone)]
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

fn slice(x: &Value, cuts: Vec<Cut>) -> Result<Value> {
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

/// y = inputs one after the other along an axis
#[derive(Debug, Clone, Copy)]
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
#[derive(Debug, Clone, Copy)]
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

/// Elements beyond the border: a constant, or elements from inside.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PadMode {
    Constant,
    Reflect,
    Symmetric,
    Edge,
}

#[derive(Debug, Clone)]
struct Pad {
    /// (before, after) for each axis.
    width: Vec<(usize, usize)>,
    mode: PadMode,
    value: f64,
}

impl Pad {
    /// The index inside that stands at index i (counted from the first padded one) of an axis of size n.
    fn source(&self, i: usize, before: usize, n: usize) -> usize {
        let (i, n) = (i as i64 - before as i64, n as i64);
        (match self.mode {
            PadMode::Edge => i.clamp(0, n - 1),
            PadMode::Reflect if n == 1 => 0,
            PadMode::Reflect => {
                let k = i.rem_euclid(2 * (n - 1));
                if k < n { k } else { 2 * (n - 1) - k }
            }
            _ => {
                let k = i.rem_euclid(2 * n);
                if k < n { k } else { 2 * n - 1 - k }
            }
        }) as usize
    }

    /// Calls f(index in y, index in x) for all of y.
    fn each(&self, from: &[usize], to: &[usize], mut f: impl FnMut(usize, usize)) {
        let steps = row_major(from);
        let maps: Vec<Vec<usize>> = (0..to.len())
            .map(|a| {
                (0..to[a])
                    .map(|i| self.source(i, self.width[a].0, from[a]) * steps[a] as usize)
                    .collect()
            })
            .collect();
        for flat in 0..to.iter().product() {
            let (mut rest, mut at) = (flat, 0);
            for a in (0..to.len()).rev() {
                at += maps[a][rest % to[a]];
                rest /= to[a];
            }
            f(flat, at);
        }
    }
}

impl Op for Pad {
    fn name(&self) -> &'static str {
        "pad"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        if self.width.len() != x[0].rank() {
            return Err(Error::value("pad")
                .expected(format!(
                    "(before, after) for each of the {} axes of {}",
                    x[0].rank(),
                    show(&x[0].dims)
                ))
                .got(format!("{} pairs", self.width.len())));
        }
        if self.mode != PadMode::Constant && x[0].dims.contains(&Some(0)) {
            return Err(Error::value("pad")
                .expected("at least one element to pad from")
                .got(show(&x[0].dims)));
        }
        x[0].with_dims(
            x[0].dims
                .iter()
                .zip(&self.width)
                .map(|(d, (b, a))| d.map(|n| n + b + a)),
        )
        .one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (from, to) = (x[0].shape(), y[0].shape());
        if self.mode == PadMode::Constant {
            let one = Tensor::scalar_of(x[0].dtype(), self.value)?;
            let steps = row_major(to);
            let start: isize = steps
                .iter()
                .zip(&self.width)
                .map(|(s, (b, _))| s * *b as isize)
                .sum();
            let n = y[0].len();
            sized!(x[0].dtype().size(), T => {
                // SAFETY: n elements; then x laid inside the border.
                unsafe {
                    fill::<T>(y[0].as_mut_ptr().cast(), n, *one.view().as_ptr().cast::<T>());
                    if !x[0].is_empty() {
                        strided::<T>(from, x[0].as_ptr().cast(), &row_major(from), y[0].as_mut_ptr().cast::<T>().offset(start), &steps);
                    }
                }
            });
        } else {
            dispatch!(x[0].dtype(), T => {
                let (x, y) = (x[0].slice::<T>(), y[0].slice_mut::<T>());
                self.each(from, to, |i, k| y[i] = x[k]);
            });
        }
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let g = pass.grad()?;
        if self.mode != PadMode::Constant {
            return Ok(vec![Some(apply(
                PadGradient(self.clone()),
                &[g, &pass.inputs[0]],
            )?)]);
        }
        let cut = |&(before, after): &(usize, usize)| Cut {
            begin: (before > 0).then_some(before as i64),
            end: (after > 0).then_some(-(after as i64)),
            stride: 1,
        };
        Ok(vec![Some(slice(g, self.width.iter().map(cut).collect())?)])
    }
}

/// The adjoint of a pad that repeats elements: each adds up what its copies receive.
#[derive(Debug, Clone)]
struct PadGradient(Pad);

impl Op for PadGradient {
    fn name(&self) -> &'static str {
        "pad_gradient"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[1].with_dtype(x[0].dtype).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (from, to) = (y[0].shape(), x[0].shape());
        crate::float_dispatch!(x[0].dtype(), T => {
            let (g, dx) = (x[0].slice::<T>(), y[0].slice_mut::<T>());
            dx.fill(0.0);
            self.0.each(from, to, |i, k| dx[k] += g[i]);
            Ok(())
        }, else => Err(Error::type_error("pad").expected("floats").got(x[0].dtype().name())))
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![Some(apply(self.0.clone(), &[pass.grad()?])?), None])
    }

    fn shape_only(&self, input: usize) -> bool {
        input == 1
    }
}

pub fn pad(x: &Value, width: &[(usize, usize)], mode: PadMode, value: f64) -> Result<Value> {
    apply(
        Pad {
            width: width.to_vec(),
            mode,
            value,
        },
        &[x],
    )
}

/// Each element (repeat), or the whole axis (tile), `times` times along an axis.
#[derive(Debug, Clone, Copy)]
struct Repeat {
    axis: usize,
    times: usize,
    whole: bool,
}

impl Repeat {
    fn copy<T: Element>(&self, x: &View<'_>, y: &mut ViewMut<'_>) {
        let (_, n, inner) = split_at_axis(x.shape(), self.axis);
        let block = if self.whole { n * inner } else { inner };
        if block * self.times == 0 {
            return;
        }
        let from = x.slice::<T>().chunks_exact(block);
        for (x, y) in from.zip(y.slice_mut::<T>().chunks_exact_mut(block * self.times)) {
            y.chunks_exact_mut(block).for_each(|y| y.copy_from_slice(x));
        }
    }
}

impl Op for Repeat {
    fn name(&self) -> &'static str {
        if self.whole { "tile" } else { "repeat" }
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let mut dims = x[0].dims.clone();
        dims[self.axis] = dims[self.axis].map(|n| n * self.times);
        x[0].with_dims(dims).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        dispatch!(x[0].dtype(), T => self.copy::<T>(&x[0], &mut y[0]));
        Ok(())
    }

    // The copies as an axis of their own, summed.
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let dims = pass.inputs[0].dims();
        let mut target: Vec<i64> = dims.iter().map(|d| d.map_or(-1, |n| n as i64)).collect();
        if target.iter().filter(|&&n| n == -1).count() > 1 {
            return Err(Error::not_implemented(self.name()).hint(format!(
                "The gradient for shape {} with more than one open axis does not exist yet",
                show(&dims)
            )));
        }
        let at = if self.whole { self.axis } else { self.axis + 1 };
        target.insert(at, self.times as i64);
        Ok(vec![Some(sum(
            &reshape(pass.grad()?, &target)?,
            Axes::One(at as i64),
            false,
        )?)])
    }
}

/// Each element `times` times along the axis.
pub fn repeat(x: &Value, times: usize, axis: i64) -> Result<Value> {
    apply(
        Repeat {
            axis: axis_index("repeat", axis, x.rank())?,
            times,
            whole: false,
        },
        &[x],
    )
}

/// The whole of x, `times[a]` times along each axis a; fewer numbers than axes count from the last axis.
pub fn tile(x: &Value, times: &[usize]) -> Result<Value> {
    let mut x = x.clone();
    while x.rank() < times.len() {
        x = expand_dims(&x, 0)?;
    }
    let lead = x.rank() - times.len();
    for (i, &t) in times.iter().enumerate().filter(|(_, t)| **t != 1) {
        x = apply(
            Repeat {
                axis: lead + i,
                times: t,
                whole: true,
            },
            &[&x],
        )?;
    }
    Ok(x)
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
struct OnAxis {
    #[serde(default)]
    axis: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnAxes {
    #[serde(default)]
    axis: Axes,
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PadAttrs {
    pad_width: Vec<(usize, usize)>,
    #[serde(default = "constant")]
    mode: PadMode,
    #[serde(default)]
    constant_values: f64,
}

fn constant() -> PadMode {
    PadMode::Constant
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RepeatAttrs {
    repeats: usize,
    axis: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TileAttrs {
    repeats: Vec<usize>,
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
    ("concatenate", |x, attrs| {
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
    ("pad", |x, attrs| {
        let [x] = arity("pad", x)?;
        let p: PadAttrs = parse_attrs("pad", attrs)?;
        Ok(vec![pad(&x, &p.pad_width, p.mode, p.constant_values)?])
    }),
    ("repeat", |x, attrs| {
        let [x] = arity("repeat", x)?;
        let r: RepeatAttrs = parse_attrs("repeat", attrs)?;
        Ok(vec![repeat(&x, r.repeats, r.axis)?])
    }),
    ("tile", |x, attrs| {
        let [x] = arity("tile", x)?;
        Ok(vec![tile(&x, &parse_attrs::<TileAttrs>("tile", attrs)?.repeats)?])
    }),
];
