//! einsum: sums of products over named axes, put together from transposes, sums and batched matrix products.
//!
//! Y[output] = sum over all other labels of the product of the operands. Two operands meet in one matrix product:
//! labels that both have and that stay are batch axes, labels that both have and that go are contracted.

use serde::Deserialize;
use smallvec::SmallVec;

use super::einsum_diagonal::Diagonal;
use super::op::{Attrs, OpFn, parse_attrs};
use super::{Axes, cast, expand_dims, matmul, multiply, promote, reshape_tail, squeeze, sum, transpose};
use crate::autograd::{Value, apply};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::shape::{Dim, show};

/// A named axis: a letter, or the n-th axis from the right that an ellipsis stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Label {
    /// Counted from the right, so that ellipses of several lengths are aligned as in broadcasting; the sign puts the
    /// leftmost first in order.
    Ellipsis(isize),
    Letter(char),
}

type Labels = SmallVec<[Label; 6]>;

/// An operand with the labels of its axes.
struct Term {
    value: Value,
    labels: Labels,
}

fn wrong(subscripts: &str, expected: impl Into<String>, got: impl Into<String>) -> Error {
    Error::value("einsum")
        .expected(expected)
        .got(format!("{} in subscripts '{subscripts}'", got.into()))
}

/// Labels of one part of the subscripts; its ellipsis stands for `open` axes.
fn labels_of(subscripts: &str, part: &str, open: usize) -> Result<Labels> {
    let mut labels = Labels::new();
    let mut rest = part;
    let mut seen = false;
    while let Some(c) = rest.chars().next() {
        if let Some(tail) = rest.strip_prefix("...") {
            if std::mem::replace(&mut seen, true) {
                return Err(wrong(subscripts, "at most one ellipsis for each operand", part));
            }
            labels.extend((0..open as isize).map(|i| Label::Ellipsis(i - open as isize)));
            rest = tail;
        } else if c.is_ascii_alphabetic() {
            labels.push(Label::Letter(c));
            rest = &rest[1..];
        } else {
            return Err(wrong(subscripts, "letters and '...'", format!("'{c}'")));
        }
    }
    Ok(labels)
}

/// The operands with their labels, and the labels of the result.
fn parse(subscripts: &str, operands: &[Value]) -> Result<(Vec<Term>, Labels)> {
    let text: String = subscripts.chars().filter(|c| !c.is_whitespace()).collect();
    let (inputs, output) = match text.split_once("->") {
        Some((inputs, output)) => (inputs.to_string(), Some(output.to_string())),
        None => (text, None),
    };
    let parts: Vec<&str> = inputs.split(',').collect();
    if parts.len() != operands.len() {
        return Err(wrong(
            subscripts,
            format!(
                "one part for each of {} operands, separated by commas",
                operands.len()
            ),
            format!("{} parts", parts.len()),
        ));
    }
    let mut terms = Vec::with_capacity(parts.len());
    let mut longest = 0;
    for (part, value) in parts.iter().zip(operands) {
        let letters = part.chars().filter(|&c| c != '.').count();
        let open = if part.contains("...") {
            value.rank().checked_sub(letters)
        } else {
            (value.rank() == letters).then_some(0)
        };
        let open = open.ok_or_else(|| {
            wrong(
                subscripts,
                format!(
                    "as many labels as axes for an operand of shape {}",
                    show(&value.dims())
                ),
                format!("'{part}'"),
            )
        })?;
        longest = longest.max(open);
        terms.push(Term {
            value: value.clone(),
            labels: labels_of(subscripts, part, open)?,
        });
    }
    let all = || terms.iter().flat_map(|t| t.labels.iter().copied());
    let output = if let Some(output) = output {
        labels_of(subscripts, &output, longest)?
    } else {
        // As NumPy has it: what the ellipsis stands for, then the labels that occur once, in alphabetical order.
        let mut once: Labels = all()
            .filter(|&l| matches!(l, Label::Ellipsis(_)) || all().filter(|&m| m == l).count() == 1)
            .collect();
        once.sort_unstable();
        once.dedup();
        once
    };
    let twice = (1..output.len()).any(|i| output[..i].contains(&output[i]));
    if twice || output.iter().any(|l| !all().any(|m| m == *l)) {
        return Err(wrong(
            subscripts,
            "each label of the result once, and in some operand",
            "another result",
        ));
    }
    Ok((terms, output))
}

impl Term {
    fn place(&self, label: Label) -> Option<usize> {
        self.labels.iter().position(|&l| l == label)
    }

    fn dim(&self, label: Label) -> Option<Dim> {
        self.place(label).map(|at| self.value.dims()[at])
    }

    /// Labels that occur twice become one: the diagonal of their axes.
    fn with_diagonals(mut self) -> Result<Self> {
        let mut at = 1;
        while at < self.labels.len() {
            if let Some(first) = self.labels[..at].iter().position(|l| *l == self.labels[at]) {
                self.value = apply(Diagonal { first, second: at }, &[&self.value])?;
                self.labels.remove(at);
            } else {
                at += 1;
            }
        }
        Ok(self)
    }

    /// Summed over every label that nobody needs any more.
    fn reduced(mut self, needed: impl Fn(Label) -> bool) -> Result<Self> {
        let gone: Vec<i64> = (0..self.labels.len())
            .filter(|&i| !needed(self.labels[i]))
            .map(|i| i as i64)
            .collect();
        if !gone.is_empty() {
            self.value = sum(&self.value, Axes::Some(gone), false)?;
            self.labels.retain(|l| needed(*l));
        }
        Ok(self)
    }

    /// The axes in this order of labels, all of them.
    fn in_order(&self, order: &[Label]) -> Result<Value> {
        if self.labels.as_slice() == order {
            return Ok(self.value.clone());
        }
        let axes: Vec<i64> = order
            .iter()
            .filter_map(|&l| self.place(l))
            .map(|at| at as i64)
            .collect();
        transpose(&self.value, Some(&axes))
    }

    /// The axes in this order, with axes of size 1 for labels that it lacks.
    fn spread(&self, order: &[Label]) -> Result<Value> {
        let own: Labels = order
            .iter()
            .copied()
            .filter(|l| self.place(*l).is_some())
            .collect();
        let mut value = self.in_order(&own)?;
        for (at, label) in order.iter().enumerate() {
            if self.place(*label).is_none() {
                value = expand_dims(&value, at as i64)?;
            }
        }
        Ok(value)
    }
}

/// Axes of an ellipsis that are 1 in one operand and larger in another are dropped from the former.
fn broadcast(terms: &mut [Term]) -> Result<()> {
    let open: Labels = terms
        .iter()
        .flat_map(|t| t.labels.iter().copied())
        .filter(|l| matches!(l, Label::Ellipsis(_)))
        .collect();
    for label in open {
        let larger = |t: &Term| t.dim(label).is_some_and(|d| d != Some(1));
        if !terms.iter().any(larger) {
            continue;
        }
        for term in terms.iter_mut().filter(|t| t.dim(label) == Some(Some(1))) {
            if let Some(at) = term.place(label) {
                term.value = squeeze(&term.value, Axes::One(at as i64))?;
                term.labels.remove(at);
            }
        }
    }
    Ok(())
}

/// Every label has one size, where sizes are known.
fn check_sizes(subscripts: &str, terms: &[Term]) -> Result<()> {
    for (i, term) in terms.iter().enumerate() {
        for (at, &label) in term.labels.iter().enumerate() {
            let size = term.value.dims()[at];
            for other in &terms[..i] {
                if let (Some(n), Some(Some(m))) = (size, other.dim(label))
                    && n != m
                {
                    let name = match label {
                        Label::Letter(c) => format!("label '{c}'"),
                        Label::Ellipsis(at) => format!("axis {at} of the ellipsis"),
                    };
                    return Err(wrong(
                        subscripts,
                        format!("one size for {name}"),
                        format!(
                            "{m} and {n} (shapes {} and {})",
                            show(&other.value.dims()),
                            show(&term.value.dims())
                        ),
                    ));
                }
            }
        }
    }
    Ok(())
}

/// The product of sizes for a reshape: -1 where one is open, `None` where it cannot be said in one number.
fn merged(dims: &[Dim]) -> i64 {
    dims.iter()
        .try_fold(1, |n, d| Some(i64::saturating_mul(n, (*d)? as i64)))
        .unwrap_or(-1)
}

/// a and b as one term: a product of matrices where labels are contracted, of elements where none is.
fn pair(a: &Term, b: &Term, needed: impl Fn(Label) -> bool) -> Result<Term> {
    let both = |l: &Label| b.place(*l).is_some();
    let batch: Labels = a
        .labels
        .iter()
        .copied()
        .filter(|l| both(l) && needed(*l))
        .collect();
    let inner: Labels = a
        .labels
        .iter()
        .copied()
        .filter(|l| both(l) && !needed(*l))
        .collect();
    let left: Labels = a.labels.iter().copied().filter(|l| !both(l)).collect();
    let right: Labels = b
        .labels
        .iter()
        .copied()
        .filter(|l| a.place(*l).is_none())
        .collect();
    let chain =
        |parts: &[&Labels]| -> Labels { parts.iter().flat_map(|p| p.iter().copied()).collect::<Labels>() };
    let labels = chain(&[&batch, &left, &right]);
    let size = |l: &Label| a.dim(*l).flatten().or(b.dim(*l).flatten());
    let sizes = |group: &Labels| -> Vec<Dim> { group.iter().map(size).collect() };
    let (l, r, k) = (sizes(&left), sizes(&right), sizes(&inner));
    let open = |dims: &[Dim]| dims.iter().filter(|d| d.is_none()).count();
    let matrices = a.value.dtype().is_float() && !inner.is_empty() && !(left.is_empty() && right.is_empty());

    // Without batch axes the rows need not be merged: a shared matrix on the right takes any leading axes.
    if matrices && batch.is_empty() && open(&k) + open(&r) <= 1 {
        let x = a.in_order(&chain(&[&left, &inner]))?;
        let y = b.in_order(&chain(&[&inner, &right]))?;
        let x = if k.len() == 1 {
            x
        } else {
            reshape_tail(&x, left.len(), &[merged(&k)])?
        };
        let y = if k.len() == 1 && r.len() == 1 {
            y
        } else {
            reshape_tail(&y, 0, &[merged(&k), merged(&r)])?
        };
        let x = if left.is_empty() { expand_dims(&x, 0)? } else { x };
        let lead = left.len().max(1);
        let z = matmul(&x, &y)?;
        let z = if r.len() == 1 {
            z
        } else {
            reshape_tail(&z, lead, &r.iter().map(|d| merged(&[*d])).collect::<Vec<_>>())?
        };
        let value = if left.is_empty() {
            squeeze(&z, Axes::One(0))?
        } else {
            z
        };
        return Ok(Term { value, labels });
    }
    let single = l.len() == 1 && r.len() == 1 && k.len() == 1;
    if matrices
        && (single || (open(&l) + open(&k) <= 1 && open(&r) + open(&k) <= 1 && open(&l) + open(&r) <= 1))
    {
        let x = a.in_order(&chain(&[&batch, &left, &inner]))?;
        let y = b.in_order(&chain(&[&batch, &inner, &right]))?;
        if single {
            return Ok(Term {
                value: matmul(&x, &y)?,
                labels,
            });
        }
        let x = reshape_tail(&x, batch.len(), &[merged(&l), merged(&k)])?;
        let y = reshape_tail(&y, batch.len(), &[merged(&k), merged(&r)])?;
        let tail: Vec<i64> = l.iter().chain(&r).map(|d| merged(&[*d])).collect();
        let value = reshape_tail(&matmul(&x, &y)?, batch.len(), &tail)?;
        return Ok(Term { value, labels });
    }
    let order = chain(&[&labels, &inner]);
    let mut value = multiply(&a.spread(&order)?, &b.spread(&order)?)?;
    if !inner.is_empty() {
        value = sum(
            &value,
            Axes::Some((labels.len()..order.len()).map(|i| i as i64).collect()),
            false,
        )?;
    }
    Ok(Term { value, labels })
}

/// Elements of what `pair` would make; open sizes count as a thousand.
fn size_of_pair(a: &Term, b: &Term, needed: impl Fn(Label) -> bool) -> f64 {
    let size = |t: &Term, l: Label| t.dim(l).flatten().unwrap_or(1000) as f64;
    let own: f64 = a
        .labels
        .iter()
        .filter(|l| needed(**l))
        .map(|&l| size(a, l))
        .product();
    let others = b.labels.iter().filter(|l| needed(**l) && a.place(**l).is_none());
    own * others.map(|&l| size(b, l)).product::<f64>()
}

/// The sum of products that the subscripts describe, as NumPy's `einsum`.
pub fn einsum(subscripts: &str, operands: &[Value]) -> Result<Value> {
    let dtype = operands.iter().map(Value::dtype).reduce(promote).ok_or_else(|| {
        Error::value("einsum")
            .expected("at least one operand")
            .got("none")
    })?;
    let dtype = if dtype == DType::Bool { DType::I32 } else { dtype };
    let operands: Vec<Value> = operands.iter().map(|x| cast(x, dtype)).collect::<Result<_>>()?;
    let (terms, output) = parse(subscripts, &operands)?;
    let mut terms: Vec<Term> = terms
        .into_iter()
        .map(Term::with_diagonals)
        .collect::<Result<_>>()?;
    broadcast(&mut terms)?;
    check_sizes(subscripts, &terms)?;
    while terms.len() > 1 {
        // The pair with the smallest result comes first; of equal ones the leftmost.
        let wanted = |i: usize, j: usize| {
            let (terms, output) = (&terms, &output);
            move |l: Label| {
                let elsewhere = terms
                    .iter()
                    .enumerate()
                    .any(|(k, t)| k != i && k != j && t.labels.contains(&l));
                output.contains(&l) || elsewhere
            }
        };
        let (mut best, mut smallest) = ((0, 1), f64::INFINITY);
        for i in 0..terms.len() {
            for j in i + 1..terms.len() {
                let size = size_of_pair(&terms[i], &terms[j], wanted(i, j));
                if size < smallest {
                    (best, smallest) = ((i, j), size);
                }
            }
        }
        let (i, j) = best;
        let needed: Labels = terms[i]
            .labels
            .iter()
            .chain(&terms[j].labels)
            .copied()
            .filter(|l| wanted(i, j)(*l))
            .collect();
        let b = terms.remove(j);
        let a = terms.remove(i);
        let keep = |own: &Term, other: &Term| -> Labels {
            own.labels
                .iter()
                .copied()
                .filter(|l| needed.contains(l) || other.place(*l).is_some())
                .collect()
        };
        let (ka, kb) = (keep(&a, &b), keep(&b, &a));
        let a = a.reduced(|l| ka.contains(&l))?;
        let b = b.reduced(|l| kb.contains(&l))?;
        terms.insert(i, pair(&a, &b, |l| needed.contains(&l))?);
    }
    let last = terms
        .pop()
        .ok_or_else(|| Error::value("einsum").expected("an operand").got("none"))?;
    last.reduced(|l| output.contains(&l))?.in_order(&output)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EinsumAttrs {
    subscripts: String,
}

pub(super) const OPS: &[(&str, OpFn)] = &[("einsum", |x, attrs: &Attrs| {
    let a: EinsumAttrs = parse_attrs("einsum", attrs)?;
    Ok(vec![einsum(&a.subscripts, x)?])
})];

#[cfg(test)]
mod tests {
    use super::super::gradient_check::{check_twice, numbers};
    use super::*;

    #[test]
    fn gradients_agree_with_central_differences() {
        let cases: [(&str, &[&[usize]]); 9] = [
            ("ij,jk->ik", &[&[2, 3], &[3, 2]]),
            ("bqhd,bkhd->bhqk", &[&[2, 2, 2, 3], &[2, 3, 2, 3]]),
            ("abcd,cde->abe", &[&[2, 1, 2, 2], &[2, 2, 3]]),
            ("ii->i", &[&[3, 3]]),
            ("iij->j", &[&[2, 2, 3]]),
            ("...i,...i", &[&[2, 1, 3], &[2, 3]]),
            ("ij,ij,j->i", &[&[2, 3], &[2, 3], &[3]]),
            ("i,j", &[&[2], &[3]]),
            ("abij,abjkl->ablik", &[&[1, 2, 2, 2], &[1, 2, 2, 2, 2]]),
        ];
        for (subscripts, shapes) in cases {
            let inputs: Vec<_> = shapes
                .iter()
                .enumerate()
                .map(|(i, s)| numbers(s, i + 1))
                .collect();
            check_twice(&inputs, |x| einsum(subscripts, x));
        }
    }

    #[test]
    fn wrong_subscripts_are_named() {
        let (a, b): (Value, Value) = (numbers(&[2, 3], 1).into(), numbers(&[4, 2], 2).into());
        for (text, part) in [
            ("ij,jk->ik", "one size for label 'j'"),
            ("ijk,jk->ik", "as many labels as axes"),
            ("ij->i", "one part for each of 2 operands"),
            ("ij,ki->iz", "in some operand"),
            ("i1,ki->i", "letters"),
        ] {
            let e = einsum(text, &[a.clone(), b.clone()]).unwrap_err().to_string();
            assert!(e.contains(part) && e.contains(text), "{e}");
        }
    }
}
