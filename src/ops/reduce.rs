//! Reductions over axes: sum, mean, prod, max, min, any, all, and what is made of them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::embedding_bag::MeanOfRows;
use super::op::{Attrs, Fused, Op, OpFn, Pass, Role, Run, Source, arity, parse_attrs};
use super::reduce_gradient::{Others, Spread};
use super::{
    add, cast, divide, equal, exp, isfinite, log, multiply, sqrt, square, stop_gradient, subtract, where_,
    zeros_like,
};
use crate::autograd::{Value, apply};
use crate::dtype::{Bool, DType, Element};
use crate::error::{Error, Result};
use crate::float_dispatch;
use crate::kernels::math::Math;
use crate::kernels::reduce::{Fold, Layout, fold};
use crate::shape::{Dims, Spec, Specs, axis_index, show};
use crate::tensor::{View, ViewMut};

/// Which axes: all of them, one, or several; negative ones count from the end.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) enum Kind {
    Sum,
    Mean,
    Prod,
    Max,
    Min,
    Any,
    All,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Reduce {
    pub(super) kind: Kind,
    pub(super) axes: Axes,
    pub(super) keepdims: bool,
}

/// Dimensions after reducing the flagged axes.
pub(super) fn reduced(dims: &[Option<usize>], flags: &[bool], keepdims: bool) -> Dims {
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
pub(super) fn passes(shape: &[usize], flags: &[bool]) -> SmallVec<[Layout; 2]> {
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

pub(super) fn fold_axes<T: Math + Element>(
    kind: Fold,
    run: &mut Run,
    passes: &[Layout],
    x: &[T],
    out: &mut [T],
) {
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
    pub(super) fn over_sequence(&self) -> bool {
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Over {
    #[serde(default)]
    axis: Axes,
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
        ]
    };
}

pub(super) const OPS: &[(&str, OpFn)] = &over!(sum, mean, prod, max, min, any, all, var, std, logsumexp);
