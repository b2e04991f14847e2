//! Matrix products.
//!
//! `matmul`: Y[.., i, j] = sum over p of A[.., i, p] B[.., p, j], leading axes broadcast as in NumPy.
//! `contract_rows`: Y[p, j] = sum over all leading axes r of X[r, p] G[r, j], the gradient of a shared matrix.

use serde::Serialize;

use super::op::{Attrs, Op, OpFn, Pass, Run, arity, parse_attrs};
use super::{Axes, expand_dims, squeeze};
use crate::autograd::{Value, apply};
use crate::dtype::Element;
use crate::error::{Error, Result};
use crate::float_dispatch;
use crate::kernels::gemm::{Epilogue, Mat, Size, gemm};
use crate::kernels::parallel::{self, Disjoint};
use crate::kernels::real::Real;
use crate::shape::{Dim, Dims, Spec, Specs, broadcast, show};
use crate::tensor::{View, ViewMut};

/// Both inputs of one float dtype, or an error that names them.
pub(super) fn same_float(who: &str, inputs: &[Spec]) -> Result<()> {
    if inputs.iter().all(|s| s.dtype == inputs[0].dtype) && inputs[0].dtype.is_float() {
        return Ok(());
    }
    let got: Vec<&str> = inputs.iter().map(|s| s.dtype.name()).collect();
    Err(Error::type_error(who)
        .expected("inputs of one floating-point dtype")
        .got(got.join(" and "))
        .hint("Cast them to one dtype"))
}

pub(super) fn float_only(who: &str, dtype: crate::dtype::DType) -> Error {
    Error::type_error(who)
        .expected("float32 or float64")
        .got(dtype.name())
        .hint("Cast the input")
}

/// Two sizes that must agree; an unknown one agrees with any.
pub(super) fn agree(a: Dim, b: Dim) -> bool {
    a.is_none() || b.is_none() || a == b
}

/// op(A) op(B), where op transposes the last two axes or not.
#[derive(Debug, Clone, Copy, Serialize)]
struct MatMul {
    transpose_a: bool,
    transpose_b: bool,
}

fn last_two<T: Copy>(dims: &[T], transposed: bool) -> (T, T) {
    let (a, b) = (dims[dims.len() - 2], dims[dims.len() - 1]);
    if transposed { (b, a) } else { (a, b) }
}

impl Op for MatMul {
    fn name(&self) -> &'static str {
        "matmul"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        same_float("matmul", x)?;
        let (a, b) = (&x[0].dims, &x[1].dims);
        if a.len() < 2 || b.len() < 2 {
            return Err(Error::value("matmul")
                .expected("inputs of rank 2 or more")
                .got(format!("{} and {}", show(a), show(b))));
        }
        let ((m, k), (k2, n)) = (last_two(a, self.transpose_a), last_two(b, self.transpose_b));
        if !agree(k, k2) {
            let axis = |rank: usize, transposed: bool| if transposed { rank - 2 } else { rank - 1 };
            return Err(Error::value("matmul")
                .expected(format!(
                    "axis {} of the first input and axis {} of the second to have one size",
                    axis(a.len(), self.transpose_a),
                    axis(b.len(), !self.transpose_b)
                ))
                .got(format!("shapes {} and {}", show(a), show(b)))
                .hint("Transpose or reshape one of them"));
        }
        let mut dims: Dims = broadcast("matmul", &a[..a.len() - 2], &b[..b.len() - 2])?;
        dims.extend([m, n]);
        x[0].with_dims(dims).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        float_dispatch!(x[0].dtype(), T => {
            self.product::<T>(&x[0], &x[1], &mut y[0]);
            Ok(())
        }, else => Err(float_only("matmul", x[0].dtype())))
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (a, b, g) = (&pass.inputs[0], &pass.inputs[1], pass.grad()?);
        let Self {
            transpose_a,
            transpose_b,
        } = *self;
        let mut grads = vec![None, None];
        if pass.needs[0] {
            // dop(A) = G op(B)^T
            grads[0] = Some(if transpose_a {
                matmul_of(b, g, transpose_b, true)?
            } else {
                matmul_of(g, b, false, !transpose_b)?
            });
        }
        if pass.needs[1] {
            // dop(B) = op(A)^T G
            let shared = b.rank() == 2 && a.rank() > 2 && !transpose_a;
            grads[1] = Some(match (shared, transpose_b) {
                (true, false) => contract_rows(a, g)?,
                (true, true) => contract_rows(g, a)?,
                (false, false) => matmul_of(a, g, !transpose_a, false)?,
                (false, true) => matmul_of(g, a, true, transpose_a)?,
            });
        }
        Ok(grads)
    }

    fn cost(&self, inputs: &[Spec], outputs: &[Spec]) -> usize {
        let k = last_two(&inputs[0].dims, self.transpose_a).1.unwrap_or(1);
        multiply_adds(outputs[0].len(), k)
    }
}

/// Multiply-adds on one thread take about as long as a sixteenth as many elements take to move.
pub(super) fn multiply_adds(outputs: Option<usize>, terms: usize) -> usize {
    outputs.unwrap_or(0).saturating_mul(terms) / 16
}

/// The matrix of `rows` x `columns` in a slice that holds it, or its transpose, in row-major order.
fn mat<T>(data: &[T], transposed: bool, rows: usize, columns: usize) -> Mat<'_, T> {
    if transposed {
        Mat::transposed(data, rows)
    } else {
        Mat::row_major(data, columns)
    }
}

impl MatMul {
    fn product<T: Real + Element>(self, a: &View<'_>, b: &View<'_>, y: &mut ViewMut<'_>) {
        let ((m, k), (_, n)) = (
            last_two(a.shape(), self.transpose_a),
            last_two(b.shape(), self.transpose_b),
        );
        let (rank, out) = (y.shape().len(), y.shape());
        let (sa, sb, to) = (a.slice::<T>(), b.slice::<T>(), y.slice_mut::<T>());
        if to.is_empty() {
            return;
        }
        let one = |size: Size, a: &[T], b: &[T], c: &mut [T]| {
            let (a, b) = (
                mat(a, self.transpose_a, size.m, k),
                mat(b, self.transpose_b, k, n),
            );
            gemm(size, T::ONE, a, b, T::ZERO, c, Epilogue::NONE);
        };
        if b.shape().len() == 2 && !self.transpose_a {
            // A shared right-hand side: all leading axes are rows.
            return one(
                Size {
                    m: to.len() / n,
                    n,
                    k,
                },
                sa,
                sb,
                to,
            );
        }
        let lead = &out[..rank - 2];
        let (lead_a, lead_b) = (
            &a.shape()[..a.shape().len() - 2],
            &b.shape()[..b.shape().len() - 2],
        );
        let products = lead.iter().product::<usize>();
        let shared = Disjoint::new(to);
        let grain = (1 << 18) / (m * n * k).clamp(1, 1 << 18);
        parallel::for_ranges(products, grain, |range| {
            for i in range {
                let (at_a, at_b) = (source(i, lead, lead_a) * m * k, source(i, lead, lead_b) * k * n);
                // SAFETY: each product has its own part of the output.
                let c = unsafe { shared.slice(i * m * n..(i + 1) * m * n) };
                one(
                    Size { m, n, k },
                    &sa[at_a..at_a + m * k],
                    &sb[at_b..at_b + k * n],
                    c,
                );
            }
        });
    }
}

/// The flat index, in axes of sizes `shape` (aligned right, size 1 repeated), of flat index `i` in axes of sizes `out`.
pub(super) fn source(mut i: usize, out: &[usize], shape: &[usize]) -> usize {
    let (mut at, mut stride) = (0, 1);
    for (axis, &size) in out.iter().enumerate().rev() {
        let x = i % size;
        i /= size;
        if let Some(k) = (axis + shape.len()).checked_sub(out.len()) {
            at += stride * if shape[k] == 1 { 0 } else { x };
            stride *= shape[k];
        }
    }
    at
}

/// op(a) op(b) for inputs of rank 2 or more, the last two axes of either transposed on request without a copy.
pub fn matmul_of(a: &Value, b: &Value, transpose_a: bool, transpose_b: bool) -> Result<Value> {
    apply(
        MatMul {
            transpose_a,
            transpose_b,
        },
        &[a, b],
    )
}

/// a b as NumPy's `matmul`: a vector on the left is a row, a vector on the right is a column.
pub fn matmul(a: &Value, b: &Value) -> Result<Value> {
    if a.rank() == 0 || b.rank() == 0 {
        return Err(Error::value("matmul")
            .expected("inputs of rank 1 or more")
            .got(format!("shapes {} and {}", show(&a.dims()), show(&b.dims())))
            .hint("Use multiply for scalars"));
    }
    match (a.rank(), b.rank()) {
        (1, 1) => squeeze(
            &squeeze(
                &matmul_of(&expand_dims(a, 0)?, &expand_dims(b, 1)?, false, false)?,
                Axes::One(-1),
            )?,
            Axes::One(-1),
        ),
        (1, _) => squeeze(&matmul_of(&expand_dims(a, 0)?, b, false, false)?, Axes::One(-2)),
        (_, 1) => squeeze(&matmul_of(a, &expand_dims(b, 1)?, false, false)?, Axes::One(-1)),
        _ => matmul_of(a, b, false, false),
    }
}

/// Y[p, j] = sum over rows r of X[r, p] G[r, j], rows being all leading axes.
#[derive(Debug, Clone, Copy, Serialize)]
struct ContractRows;

impl Op for ContractRows {
    fn name(&self) -> &'static str {
        "contract_rows"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        same_float("contract_rows", x)?;
        let (a, b) = (&x[0].dims, &x[1].dims);
        let leading = |d: &Dims| d.split_last().map(|(_, lead)| Dims::from(lead));
        let same = match (leading(a), leading(b)) {
            (Some(la), Some(lb)) => la.len() == lb.len() && la.iter().zip(&lb).all(|(&x, &y)| agree(x, y)),
            _ => false,
        };
        if !same {
            return Err(Error::value("contract_rows")
                .expected("two inputs with the same sizes but for the last axis")
                .got(format!("{} and {}", show(a), show(b))));
        }
        x[0].with_dims([a[a.len() - 1], b[b.len() - 1]]).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (m, n) = (y[0].shape()[0], y[0].shape()[1]);
        let k = x[0].shape()[..x[0].shape().len() - 1].iter().product();
        float_dispatch!(x[0].dtype(), T => {
            let (a, b) = (Mat::transposed(x[0].slice::<T>(), m), Mat::row_major(x[1].slice::<T>(), n));
            gemm(Size { m, n, k }, 1.0, a, b, 0.0, y[0].slice_mut::<T>(), Epilogue::NONE);
            Ok(())
        }, else => Err(float_only("contract_rows", x[0].dtype())))
    }

    // dX[r, p] = sum over j of G[r, j] dY[p, j];  dG[r, j] = sum over p of X[r, p] dY[p, j]
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (x, g, dy) = (&pass.inputs[0], &pass.inputs[1], pass.grad()?);
        let dx = if pass.needs[0] {
            Some(matmul_of(g, dy, false, true)?)
        } else {
            None
        };
        let dg = if pass.needs[1] {
            Some(matmul_of(x, dy, false, false)?)
        } else {
            None
        };
        Ok(vec![dx, dg])
    }

    fn cost(&self, inputs: &[Spec], outputs: &[Spec]) -> usize {
        let columns = inputs[0].dims.last().copied().flatten().unwrap_or(1).max(1);
        multiply_adds(outputs[0].len(), inputs[0].len().unwrap_or(0) / columns)
    }
}

pub fn contract_rows(x: &Value, g: &Value) -> Result<Value> {
    apply(ContractRows, &[x, g])
}

pub(super) const OPS: &[(&str, OpFn)] = &[("matmul", |x, attrs: &Attrs| {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct None {}
    let _: None = parse_attrs("matmul", attrs)?;
    let [a, b] = arity("matmul", x)?;
    Ok(vec![matmul(&a, &b)?])
})];

#[cfg(test)]
mod tests {
    use super::super::gradient_check::{check_twice, numbers};
    use super::*;
    use crate::dtype::DType;

    #[test]
    fn gradients_agree_with_central_differences() {
        let shapes: [(&[usize], &[usize]); 8] = [
            (&[3, 4], &[4, 2]),
            (&[2, 3, 4], &[4, 2]),
            (&[2, 3, 4], &[2, 4, 2]),
            (&[3, 4], &[2, 4, 2]),
            (&[2, 1, 2, 3], &[3, 3, 2]),
            (&[4], &[4]),
            (&[4], &[2, 4, 3]),
            (&[2, 3, 4], &[4]),
        ];
        for (a, b) in shapes {
            check_twice(&[numbers(a, 1), numbers(b, 2)], |x| matmul(&x[0], &x[1]));
        }
        for (ta, tb) in [(true, false), (false, true), (true, true)] {
            let a: &[usize] = if ta { &[2, 4, 3] } else { &[2, 3, 4] };
            let b: &[usize] = if tb { &[5, 4] } else { &[4, 5] };
            check_twice(&[numbers(a, 1), numbers(b, 2)], |x| {
                matmul_of(&x[0], &x[1], ta, tb)
            });
        }
    }

    #[test]
    fn contraction_of_rows() {
        check_twice(&[numbers(&[2, 3, 4], 1), numbers(&[2, 3, 2], 2)], |x| {
            contract_rows(&x[0], &x[1])
        });
    }

    #[test]
    fn unknown_sizes_pass_and_wrong_ones_are_named() {
        let op = MatMul {
            transpose_a: false,
            transpose_b: false,
        };
        let spec = |dims: &[Dim]| Spec::new(DType::F32, dims.iter().copied());
        let out = op
            .infer(&[spec(&[None, Some(3)]), spec(&[Some(3), Some(2)])])
            .unwrap();
        assert_eq!(out[0].dims.as_slice(), &[None, Some(2)]);
        let e = op
            .infer(&[spec(&[None, Some(3)]), spec(&[Some(4), Some(2)])])
            .unwrap_err()
            .to_string();
        assert!(
            e.contains("axis 1 of the first") && e.contains("(None, 3) and (4, 2)"),
            "{e}"
        );
        let e = op
            .infer(&[
                spec(&[None, Some(3)]),
                spec(&[Some(3), Some(2)]).with_dtype(DType::F64),
            ])
            .unwrap_err();
        assert!(e.to_string().contains("float32 and float64"), "{e}");
    }

    #[test]
    fn empty_sizes_give_zeros() {
        let y = matmul(&numbers(&[2, 0], 1).into(), &numbers(&[0, 3], 2).into()).unwrap();
        assert_eq!(y.tensor().unwrap().slice::<f64>(), &[0.0; 6]);
        let y = matmul(&numbers(&[0, 2], 1).into(), &numbers(&[2, 3], 2).into()).unwrap();
        assert_eq!(y.tensor().unwrap().shape(), &[0, 3]);
    }
}
