//! tensordot: Y[free of a, free of b] = sum of A B over pairs of axes, by one matrix product.

use serde::Deserialize;

use super::op::{OpFn, arity, parse_attrs};
use super::reshape;
use super::{matmul, transpose};
use crate::autograd::Value;
use crate::error::{Error, Result};
use crate::shape::{Dim, axis_index, show};

/// Sums over these axes of a and of b, pair by pair.
pub fn tensordot(a: &Value, b: &Value, axes_a: &[i64], axes_b: &[i64]) -> Result<Value> {
    let (da, db) = (a.dims(), b.dims());
    let index = |axes: &[i64], rank| -> Result<Vec<usize>> {
        axes.iter()
            .map(|&axis| axis_index("tensordot", axis, rank))
            .collect()
    };
    let (ca, cb) = (index(axes_a, da.len())?, index(axes_b, db.len())?);
    let twice = |c: &[usize]| (1..c.len()).any(|i| c[..i].contains(&c[i]));
    let agree = |(&i, &j): (&usize, &usize)| da[i].is_none() || db[j].is_none() || da[i] == db[j];
    if ca.len() != cb.len() || twice(&ca) || twice(&cb) || !ca.iter().zip(&cb).all(agree) {
        return Err(Error::value("tensordot")
            .expected("pairs of different axes of equal sizes")
            .got(format!(
                "axes {axes_a:?} of {} and {axes_b:?} of {}",
                show(&da),
                show(&db)
            )));
    }
    let free = |rank: usize, c: &[usize]| (0..rank).filter(|i| !c.contains(i)).collect::<Vec<_>>();
    let (fa, fb) = (free(da.len(), &ca), free(db.len(), &cb));
    let order = |first: &[usize], second: &[usize]| -> Vec<i64> {
        first.iter().chain(second).map(|&i| i as i64).collect()
    };
    let inner: Dim = ca
        .iter()
        .zip(&cb)
        .try_fold(1, |n, (&i, &j)| Some(usize::saturating_mul(n, da[i].or(db[j])?)));
    let inner = inner.ok_or_else(|| {
        Error::value("tensordot")
            .expected("contracted axes of known sizes")
            .got(format!("{} and {}", show(&da), show(&db)))
    })? as i64;
    let rows = |d: &[Dim], f: &[usize]| {
        f.iter()
            .try_fold(1, |n, &i| Some(i64::saturating_mul(n, d[i]? as i64)))
            .unwrap_or(-1)
    };
    let left = reshape(&transpose(a, Some(&order(&fa, &ca)))?, &[rows(&da, &fa), inner])?;
    let right = reshape(&transpose(b, Some(&order(&cb, &fb)))?, &[inner, rows(&db, &fb)])?;
    let shape: Vec<i64> = fa
        .iter()
        .map(|&i| da[i])
        .chain(fb.iter().map(|&i| db[i]))
        .map(|d| d.map_or(-1, |n| n as i64))
        .collect();
    reshape(&matmul(&left, &right)?, &shape)
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Pairs {
    /// The last n axes of a with the first n of b.
    Count(usize),
    Axes([OneOrMany; 2]),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(i64),
    Many(Vec<i64>),
}

impl OneOrMany {
    fn as_slice(&self) -> &[i64] {
        match self {
            OneOrMany::One(axis) => std::slice::from_ref(axis),
            OneOrMany::Many(axes) => axes,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TensordotAttrs {
    #[serde(default = "two")]
    axes: Pairs,
}

fn two() -> Pairs {
    Pairs::Count(2)
}

pub(super) const OPS: &[(&str, OpFn)] = &[("tensordot", |x, attrs| {
    let [a, b] = arity("tensordot", x)?;
    Ok(vec![
        match parse_attrs::<TensordotAttrs>("tensordot", attrs)?.axes {
            Pairs::Axes([first, second]) => tensordot(&a, &b, first.as_slice(), second.as_slice())?,
            Pairs::Count(n) if n > a.rank().min(b.rank()) => {
                return Err(Error::value("tensordot")
                    .expected(format!("at most {} axes", a.rank().min(b.rank())))
                    .got(n.to_string()));
            }
            Pairs::Count(n) => {
                let n = n as i64;
                let (last, first): (Vec<i64>, Vec<i64>) = ((-n..0).collect(), (0..n).collect());
                tensordot(&a, &b, &last, &first)?
            }
        },
    ])
})];
