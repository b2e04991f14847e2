//! Reductions over axes: sum, mean, prod, max, min, any, all, argmax, argmin, and what is made of them.

use std::sync::Arc;

use serde::Deserialize;
use smallvec::SmallVec;

use super::embedding_bag::MeanOfRows;
use super::op::{Attrs, Fused, Op, OpFn, Pass, Role, Run, Source, arity, parse_attrs};
use super::recurrence::others_gradient;
use super::{
    add, cast, divide, equal, exp, isfinite, log, multiply, reshape_like, reshape_tail, sqrt, square,
    stop_gradient, subtract, transpose, where_, zeros_like,
};
use crate::autograd::{Value, apply};
use crate::dtype::{Bool, DType, Element};
use crate::error::{Error, Result};
use crate::float_dispatch;
use crate::kernels::math::Math;
use crate::kernels::reduce::{Fold, Layout, arg_extreme, fold};
use crate::shape::{Dims, Spec, Specs, axis_index, show, split_at_axis};
use crate::tensor::{View, ViewMut};

/// Which axes: all of them, one, or several; negative ones count from the end.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(untagged)]
pub enum Axes {
    #[default]
    All,
    One(i64),
    Some(Vec<i64>),
}

impl Axes {
    /// A flag for each axis; an axis named twice is an error.
    pub(super) fn flags(&self, who: &str, rank: usize) -> Result<SmallVec<[bool; 6]>> {
        let mut flags = SmallVec::from_elem(matches!(self, Axes::All), rank);
        let named: &[i64] = match self {
            Axes::All => &[],
            Axes::One(a) => std::slice::from_ref(a),
            Axes::Some(list) => list,
        };
        for &a in named {
            let i = axis_index(who, a, rank)?;
            if std::mem::replace(&mut flags[i], true) {
                return Err(Error::value(who)
                    .expected("each axis once")
                    .got(format!("axes {named:?} for a tensor of rank {rank}")));
            }
        }
        Ok(flags)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sum,
    Mean,
    Prod,
    Max,
    Min,
    Any,
    All,
}

#[derive(Debug, Clone)]
struct Reduce {
    kind: Kind,
    axes: Axes,
    keepdims: bool,
}

/// Dimensions after reducing the flagged axes.
fn reduced(dims: &[Option<usize>], flags: &[bool], keepdims: bool) -> Dims {
    let mut out = Dims::new();
    for (d, &gone) in dims.iter().zip(flags) {
        match (gone, keepdims) {
            (false, _) => out.push(*d),
            (true, true) => out.push(Some(1)),
            (true, false) => {}
        }
    }
    out
}

/// The shape as alternating kept and reduced stretches; the layouts to fold one after the other, the last axes first.
fn passes(shape: &[usize], flags: &[bool]) -> SmallVec<[Layout; 2]> {
    let mut groups: SmallVec<[(bool, usize); 6]> = SmallVec::new();
    for (&n, &gone) in shape.iter().zip(flags) {
        match groups.last_mut() {
            Some((g, size)) if *g == gone || n == 1 => *size *= n,
            _ => groups.push((gone, n)),
        }
    }
    let mut out = SmallVec::new();
    for i in (0..groups.len()).rev().filter(|&i| groups[i].0) {
        out.push(Layout {
            outer: groups[..i].iter().map(|g| g.1).product(),
            axis: groups[i].1,
            inner: groups[i + 1..].iter().filter(|g| !g.0).map(|g| g.1).product(),
        });
    }
    out
}

fn fold_axes<T: Math + Element>(kind: Fold, run: &mut Run, passes: &[Layout], x: &[T], out: &mut [T]) {
    match passes {
        [] => out.copy_from_slice(x),
        [only] => fold(kind, *only, x, out, run.scratch(only.scratch())),
        [first, rest @ ..] => {
            let size = first.outer * first.inner;
            let partial = rest
                .iter()
                .map(Layout::scratch)
                .max()
                .unwrap_or(0)
                .max(first.scratch());
            let scratch = run.scratch::<T>(2 * size + partial);
            let (mut from, scratch) = scratch.split_at_mut(size);
            let (mut to, scratch) = scratch.split_at_mut(size);
            fold(kind, *first, x, from, scratch);
            for (i, layout) in rest.iter().enumerate() {
                let n = layout.outer * layout.inner;
                if i + 1 == rest.len() {
                    fold(
                        kind,
                        *layout,
                        &from[..layout.outer * layout.axis * layout.inner],
                        out,
                        scratch,
                    );
                } else {
                    fold(
                        kind,
                        *layout,
                        &from[..layout.outer * layout.axis * layout.inner],
                        &mut to[..n],
                        scratch,
                    );
                    std::mem::swap(&mut from, &mut to);
                }
            }
        }
    }
}

/// Integers and booleans, an element at a time.
fn fold_simple<T: Copy>(passes: &[Layout], x: &[T], out: &mut [T], start: T, f: impl Fn(T, T) -> T) {
    let mut data = x.to_vec();
    for l in passes {
        let mut next = vec![start; l.outer * l.inner];
        for o in 0..l.outer {
            for a in 0..l.axis {
                for i in 0..l.inner {
                    let y = &mut next[o * l.inner + i];
                    *y = f(*y, data[(o * l.axis + a) * l.inner + i]);
                }
            }
        }
        data = next;
    }
    out.copy_from_slice(&data);
}

impl Reduce {
    /// Whether axis 1 goes, and nothing else.
    fn over_sequence(&self) -> bool {
        let named = match &self.axes {
            Axes::All => None,
            Axes::One(axis) => Some(*axis),
            Axes::Some(axes) => axes.first().copied().filter(|_| axes.len() == 1),
        };
        named == Some(1) && !self.keepdims
    }

    fn fold_kind(&self) -> Fold {
        match self.kind {
            Kind::Sum | Kind::Mean | Kind::Any | Kind::All => Fold::Sum,
            Kind::Prod => Fold::Prod,
            Kind::Max => Fold::Max,
            Kind::Min => Fold::Min,
        }
    }

    fn integers<T: Element + Ord + From<u8> + std::ops::Add<Output = T>>(
        &self,
        passes: &[Layout],
        x: &[T],
        out: &mut [T],
        extremes: (T, T),
        multiply: fn(T, T) -> T,
    ) {
        match self.kind {
            Kind::Prod => fold_simple(passes, x, out, T::from(1), multiply),
            Kind::Max => fold_simple(passes, x, out, extremes.0, Ord::max),
            Kind::Min => fold_simple(passes, x, out, extremes.1, Ord::min),
            _ => fold_simple(passes, x, out, T::from(0), |a, b| a + b),
        }
    }
}

impl Op for Reduce {
    fn name(&self) -> &'static str {
        match self.kind {
            Kind::Sum => "sum",
            Kind::Mean => "mean",
            Kind::Prod => "prod",
            Kind::Max => "max",
            Kind::Min => "min",
            Kind::Any => "any",
            Kind::All => "all",
        }
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let flags = self.axes.flags(self.name(), x[0].rank())?;
        if matches!(self.kind, Kind::Max | Kind::Min)
            && x[0].dims.iter().zip(&flags).any(|(d, f)| *f && *d == Some(0))
        {
            return Err(Error::value(self.name())
                .expected("at least one element along the reduced axes")
                .got(show(&x[0].dims))
                .hint("The largest of nothing does not exist"));
        }
        x[0].with_dims(reduced(&x[0].dims, &flags, self.keepdims)).one()
    }

    fn forward(&self, run: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let flags = self.axes.flags(self.name(), x[0].shape().len())?;
        let passes = passes(x[0].shape(), &flags);
        match x[0].dtype() {
            DType::I32 => self.integers(
                &passes,
                int_slice::<i32>(&x[0]),
                y[0].slice_mut(),
                (i32::MIN, i32::MAX),
                i32::wrapping_mul,
            ),
            DType::I64 => self.integers(
                &passes,
                int_slice::<i64>(&x[0]),
                y[0].slice_mut(),
                (i64::MIN, i64::MAX),
                i64::wrapping_mul,
            ),
            DType::U8 => self.integers(
                &passes,
                int_slice::<u8>(&x[0]),
                y[0].slice_mut(),
                (u8::MIN, u8::MAX),
                u8::wrapping_mul,
            ),
            DType::Bool => {
                let any = matches!(self.kind, Kind::Any | Kind::Max);
                let f = |a: Bool, b: Bool| {
                    Bool::from(if any {
                        a.get() || b.get()
                    } else {
                        a.get() && b.get()
                    })
                };
                fold_simple(
                    &passes,
                    x[0].slice::<Bool>(),
                    y[0].slice_mut(),
                    Bool::from(!any),
                    f,
                );
            }
            _ => float_dispatch!(x[0].dtype(), T => {
                let (x, n) = (x[0].slice::<T>(), x[0].len());
                let out = y[0].slice_mut::<T>();
                fold_axes(self.fold_kind(), run, &passes, x, out);
                if self.kind == Kind::Mean {
                    let count = n as T / out.len().max(1) as T;
                    out.iter_mut().for_each(|v| *v /= count);
                }
            }, else => {}),
        }
        Ok(())
    }

    fn absorbs(&self) -> bool {
        self.kind == Kind::Mean && self.over_sequence()
    }

    fn fed_by(&self, input: usize, maker: &Role, own: &[Spec]) -> Option<Fused> {
        let inputs = [Source::Other(0), Source::Other(1)];
        (input == 0 && *maker == Role::Rows && own[0].rank() == 3).then(|| Fused {
            op: Arc::new(MeanOfRows),
            inputs: inputs.into_iter().collect(),
        })
    }

    // sum: dx = g everywhere;  mean: g / n;  max, min: g shared by the elements that are extreme;  prod: g times the others
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (x, y, g) = (&pass.inputs[0], &pass.outputs[0], pass.grad()?);
        let spread = |v: &Value, mean: bool| {
            apply(
                Spread {
                    of: self.clone(),
                    mean,
                },
                &[v, x],
            )
        };
        Ok(vec![match self.kind {
            Kind::Sum => Some(spread(g, false)?),
            Kind::Mean => Some(spread(g, true)?),
            Kind::Max | Kind::Min => {
                let hit = cast(&equal(x, &spread(y, false)?)?, x.dtype())?;
                let ties = apply(
                    Reduce {
                        kind: Kind::Sum,
                        ..self.clone()
                    },
                    &[&hit],
                )?;
                Some(multiply(&hit, &spread(&divide(g, &ties)?, false)?)?)
            }
            Kind::Prod => Some(multiply(&apply(Others(self.clone()), &[x])?, &spread(g, false)?)?),
            Kind::Any | Kind::All => None,
        }])
    }
}

/// A slice of the integer type behind the view.
fn int_slice<'a, T: Element>(x: &View<'a>) -> &'a [T] {
    x.slice::<T>()
}

/// Spread(g, x): g repeated along the axes that were reduced in x, divided by their count for a mean. Looks at the
/// shape of x alone. The adjoint of sum and mean, as they are of it.
#[derive(Debug, Clone)]
struct Spread {
    of: Reduce,
    mean: bool,
}

impl Op for Spread {
    fn name(&self) -> &'static str {
        "spread"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[1].with_dtype(x[0].dtype).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let shape = y[0].shape();
        let flags = self.of.axes.flags("spread", shape.len())?;
        let count: usize = shape
            .iter()
            .zip(&flags)
            .filter(|(_, f)| **f)
            .map(|(n, _)| n)
            .product();
        float_dispatch!(x[0].dtype(), T => {
            let scale = if self.mean { 1.0 / count.max(1) as T } else { 1.0 };
            repeat(x[0].slice::<T>(), shape, &flags, scale, y[0].slice_mut::<T>());
            Ok(())
        }, else => Err(Error::type_error("spread").expected("floats").got(x[0].dtype().name())))
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let kind = if self.mean { Kind::Mean } else { Kind::Sum };
        Ok(vec![
            Some(apply(
                Reduce {
                    kind,
                    ..self.of.clone()
                },
                &[pass.grad()?],
            )?),
            None,
        ])
    }

    fn role(&self) -> Role {
        if self.of.over_sequence() {
            Role::Repeat { mean: self.mean }
        } else {
            Role::Other
        }
    }

    fn shape_only(&self, input: usize) -> bool {
        input == 1
    }
}

/// out[.., r, ..] = x[..] * scale for every index r along the flagged axes.
fn repeat<T: Math>(x: &[T], shape: &[usize], flags: &[bool], scale: T, out: &mut [T]) {
    if out.is_empty() {
        return;
    }
    // The trailing stretch, kept or repeated, goes in one piece.
    let tail_gone = flags.last().copied().unwrap_or(false);
    let mut cut = shape.len();
    while cut > 0 && flags[cut - 1] == tail_gone {
        cut -= 1;
    }
    let piece: usize = shape[cut..].iter().product();
    let mut index: SmallVec<[usize; 6]> = SmallVec::from_elem(0, cut);
    let mut strides: SmallVec<[usize; 6]> = SmallVec::from_elem(0, cut);
    let mut stride = if tail_gone { 1 } else { piece };
    for a in (0..cut).rev() {
        if !flags[a] {
            strides[a] = stride;
            stride *= shape[a];
        }
    }
    let mut from = 0;
    for piece_out in out.chunks_exact_mut(piece) {
        if tail_gone {
            piece_out.fill(x[from] * scale);
        } else {
            piece_out
                .iter_mut()
                .zip(&x[from..from + piece])
                .for_each(|(o, v)| *o = *v * scale);
        }
        for a in (0..cut).rev() {
            index[a] += 1;
            from += strides[a];
            if index[a] < shape[a] {
                break;
            }
            from -= strides[a] * shape[a];
            index[a] = 0;
        }
    }
}

/// The product of all other elements along the reduced axes: d prod / dx, right also where elements are 0.
#[derive(Debug, Clone)]
struct Others(Reduce);

impl Op for Others {
    fn name(&self) -> &'static str {
        "prod_gradient"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[0].clone().one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let shape = x[0].shape();
        let flags = self.0.axes.flags("prod", shape.len())?;
        float_dispatch!(x[0].dtype(), T => {
            let (x, n) = (x[0].slice::<T>(), x[0].len());
            // The group of an element: its index along the kept axes.
            let group = |i: usize| {
                let (mut rest, mut at, mut stride) = (i, 0, 1);
                for a in (0..shape.len()).rev() {
                    let k = rest % shape[a];
                    rest /= shape[a];
                    if !flags[a] {
                        at += k * stride;
                        stride *= shape[a];
                    }
                }
                at
            };
            let groups: usize = shape.iter().zip(&flags).filter(|(_, f)| !**f).map(|(n, _)| n).product();
            // (product of the elements that are not 0, how many are)
            let mut products: Vec<(T, usize)> = vec![(1.0, 0); groups];
            for i in 0..n {
                let p = &mut products[group(i)];
                if x[i] == 0.0 { p.1 += 1 } else { p.0 *= x[i] }
            }
            for (i, out) in y[0].slice_mut::<T>().iter_mut().enumerate() {
                let (product, zeros) = products[group(i)];
                *out = match (zeros, x[i] == 0.0) {
                    (0, _) => product / x[i],
                    (1, true) => product,
                    _ => 0.0,
                };
            }
            Ok(())
        }, else => Err(Error::type_error("prod").expected("floats").got(x[0].dtype().name())))
    }

    // The same numbers as products of running products, whose derivatives are right to any order, also at zeros.
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (x, h) = (&pass.inputs[0], pass.grad()?);
        let flags = self.0.axes.flags("prod", x.rank())?;
        let kept = (0..x.rank()).filter(|&a| !flags[a]);
        let order: Vec<i64> = kept
            .chain((0..x.rank()).filter(|&a| flags[a]))
            .map(|a| a as i64)
            .collect();
        let keep = flags.iter().filter(|f| !**f).count();
        let flat = |v: &Value| reshape_tail(&transpose(v, Some(&order))?, keep, &[-1]);
        let g = others_gradient(&flat(x)?, &flat(h)?)?;
        let mut back: Vec<i64> = vec![0; order.len()];
        for (to, &from) in order.iter().enumerate() {
            back[from as usize] = to as i64;
        }
        let moved = transpose(x, Some(&order))?;
        Ok(vec![Some(transpose(&reshape_like(&g, &moved)?, Some(&back))?)])
    }
}

/// Integer sums of small integers are int32, as in Keras.
fn widened(x: &Value) -> Result<Value> {
    match x.dtype() {
        DType::Bool | DType::U8 => cast(x, DType::I32),
        _ => Ok(x.clone()),
    }
}

fn floating(x: &Value) -> Result<Value> {
    if x.dtype().is_float() {
        Ok(x.clone())
    } else {
        cast(x, DType::F32)
    }
}

fn reduce(kind: Kind, x: &Value, axes: Axes, keepdims: bool) -> Result<Value> {
    apply(Reduce { kind, axes, keepdims }, &[x])
}

/// y = sum of x over the axes
pub fn sum(x: &Value, axes: Axes, keepdims: bool) -> Result<Value> {
    reduce(Kind::Sum, &widened(x)?, axes, keepdims)
}

/// y = sum of x over the axes / number of elements
pub fn mean(x: &Value, axes: Axes, keepdims: bool) -> Result<Value> {
    reduce(Kind::Mean, &floating(x)?, axes, keepdims)
}

/// y = product of x over the axes
pub fn prod(x: &Value, axes: Axes, keepdims: bool) -> Result<Value> {
    reduce(Kind::Prod, &widened(x)?, axes, keepdims)
}

/// y = largest x over the axes
pub fn max(x: &Value, axes: Axes, keepdims: bool) -> Result<Value> {
    reduce(Kind::Max, x, axes, keepdims)
}

/// y = smallest x over the axes
pub fn min(x: &Value, axes: Axes, keepdims: bool) -> Result<Value> {
    reduce(Kind::Min, x, axes, keepdims)
}

/// y = whether any x is true (not 0)
pub fn any(x: &Value, axes: Axes, keepdims: bool) -> Result<Value> {
    reduce(Kind::Any, &cast(x, DType::Bool)?, axes, keepdims)
}

/// y = whether every x is true (not 0)
pub fn all(x: &Value, axes: Axes, keepdims: bool) -> Result<Value> {
    reduce(Kind::All, &cast(x, DType::Bool)?, axes, keepdims)
}

/// y = mean of (x - mean x)^2
pub fn var(x: &Value, axes: Axes, keepdims: bool) -> Result<Value> {
    let x = floating(x)?;
    let centered = subtract(&x, &mean(&x, axes.clone(), true)?)?;
    mean(&square(&centered)?, axes, keepdims)
}

/// y = sqrt(var x)
pub fn std(x: &Value, axes: Axes, keepdims: bool) -> Result<Value> {
    sqrt(&var(x, axes, keepdims)?)
}

/// y = ln(sum of exp x) = m + ln(sum of exp(x - m)), m = max x
pub fn logsumexp(x: &Value, axes: Axes, keepdims: bool) -> Result<Value> {
    let x = floating(x)?;
    let top = max(&x, axes.clone(), true)?;
    let top = stop_gradient(&where_(&isfinite(&top)?, &top, &zeros_like(&top)?)?)?;
    let total = sum(&exp(&subtract(&x, &top)?)?, axes.clone(), true)?;
    let y = add(&log(&total)?, &top)?;
    // The kept axes have size 1: summing over them drops them.
    if keepdims { Ok(y) } else { sum(&y, axes, false) }
}

#[derive(Debug, Clone, Copy)]
struct ArgExtreme {
    largest: bool,
    axis: Option<i64>,
    keepdims: bool,
}

impl Op for ArgExtreme {
    fn name(&self) -> &'static str {
        if self.largest { "argmax" } else { "argmin" }
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let rank = x[0].rank();
        let axes = self.axis.map_or(Axes::All, Axes::One);
        let flags = axes.flags(self.name(), rank)?;
        if x[0].dims.iter().zip(&flags).any(|(d, f)| *f && *d == Some(0)) {
            return Err(Error::value(self.name())
                .expected("at least one element along the axis")
                .got(show(&x[0].dims)));
        }
        Spec::new(DType::I32, reduced(&x[0].dims, &flags, self.keepdims)).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let layout = match self.axis {
            None => Layout {
                outer: 1,
                axis: x[0].len(),
                inner: 1,
            },
            Some(a) => {
                let (outer, axis, inner) =
                    split_at_axis(x[0].shape(), axis_index(self.name(), a, x[0].shape().len())?);
                Layout { outer, axis, inner }
            }
        };
        let out = y[0].slice_mut::<i32>();
        match x[0].dtype() {
            DType::F32 => arg_extreme(self.largest, layout, x[0].slice::<f32>(), out),
            DType::F64 => arg_extreme(self.largest, layout, x[0].slice::<f64>(), out),
            DType::I32 => arg_extreme(self.largest, layout, x[0].slice::<i32>(), out),
            DType::I64 => arg_extreme(self.largest, layout, x[0].slice::<i64>(), out),
            DType::U8 | DType::Bool => arg_extreme(self.largest, layout, x[0].bytes(), out),
        }
        Ok(())
    }

    fn backward(&self, _: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![None])
    }
}

/// y = index of the first largest x along the axis (of the flattened x without one)
pub fn argmax(x: &Value, axis: Option<i64>, keepdims: bool) -> Result<Value> {
    apply(
        ArgExtreme {
            largest: true,
            axis,
            keepdims,
        },
        &[x],
    )
}

/// y = index of the first smallest x
pub fn argmin(x: &Value, axis: Option<i64>, keepdims: bool) -> Result<Value> {
    apply(
        ArgExtreme {
            largest: false,
            axis,
            keepdims,
        },
        &[x],
    )
}

/// Sums a gradient over the axes along which `like` was broadcast to its shape. Looks at the shape of `like` alone.
#[derive(Debug)]
struct SumToLike;

/// The axes of `shape` that `to`, aligned right, does not have or has as 1.
fn broadcast_flags(shape: &[usize], to: &[usize]) -> SmallVec<[bool; 6]> {
    let lead = shape.len() - to.len();
    (0..shape.len())
        .map(|a| a < lead || (to[a - lead] == 1 && shape[a] != 1))
        .collect()
}

impl Op for SumToLike {
    fn name(&self) -> &'static str {
        "sum_to_like"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[1].with_dtype(x[0].dtype).one()
    }

    fn forward(&self, run: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let passes = passes(x[0].shape(), &broadcast_flags(x[0].shape(), y[0].shape()));
        float_dispatch!(x[0].dtype(), T => {
            fold_axes(Fold::Sum, run, &passes, x[0].slice::<T>(), y[0].slice_mut::<T>());
            Ok(())
        }, else => Err(Error::type_error("sum_to_like").expected("floats").got(x[0].dtype().name())))
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        // x + 0 g of x's shape: broadcasting is addition's own.
        Ok(vec![
            Some(add(pass.grad()?, &zeros_like(&pass.inputs[0])?)?),
            None,
        ])
    }

    fn shape_only(&self, input: usize) -> bool {
        input == 1
    }
}

pub fn sum_to_like(x: &Value, like: &Value) -> Result<Value> {
    apply(SumToLike, &[x, like])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Over {
    #[serde(default)]
    axis: Axes,
    #[serde(default)]
    keepdims: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Along {
    #[serde(default)]
    axis: Option<i64>,
    #[serde(default)]
    keepdims: bool,
}

macro_rules! over {
    ($($name:ident),*) => {
        [$((stringify!($name), |x: &[Value], attrs: &Attrs| {
            let [x] = arity(stringify!($name), x)?;
            let o: Over = parse_attrs(stringify!($name), attrs)?;
            Ok(vec![$name(&x, o.axis, o.keepdims)?])
        }),)*
        ("argmax", |x, attrs| {
            let [x] = arity("argmax", x)?;
            let o: Along = parse_attrs("argmax", attrs)?;
            Ok(vec![argmax(&x, o.axis, o.keepdims)?])
        }),
        ("argmin", |x, attrs| {
            let [x] = arity("argmin", x)?;
            let o: Along = parse_attrs("argmin", attrs)?;
            Ok(vec![argmin(&x, o.axis, o.keepdims)?])
        }),
        ]
    };
}

pub(super) const OPS: &[(&str, OpFn)] = &over!(sum, mean, prod, max, min, any, all, var, std, logsumexp);
