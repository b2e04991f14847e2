//! y = x w + b: x (.., k), w (k, n), b (n).

use serde::Serialize;

use super::after::After;
use super::matmul::{agree, contract_rows, float_only, matmul_of, multiply_adds, same_float};
use super::op::{Attrs, Fused, Op, OpFn, Pass, Role, Run, parse_attrs};
use crate::autograd::{Value, apply};
use crate::error::{Error, Result};
use crate::float_dispatch;
use crate::kernels::gemm::{Mat, Size, gemm};
use crate::shape::{Spec, Specs, show};
use crate::tensor::{View, ViewMut};

/// With what may follow in the same pass.
#[derive(Debug, Clone, Copy, Default, Serialize)]
struct Dense {
    after: After,
}

impl Op for Dense {
    fn name(&self) -> &'static str {
        "dense"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        same_float("dense", x)?;
        let (input, kernel) = (&x[0].dims, &x[1].dims);
        let got = || format!("input {} and kernel {}", show(input), show(kernel));
        if input.len() < 2 || kernel.len() != 2 {
            return Err(Error::value("dense")
                .expected("an input of rank 2 or more and a kernel of rank 2")
                .got(got()));
        }
        if !agree(input[input.len() - 1], kernel[0]) {
            return Err(Error::value("dense")
                .expected(format!(
                    "the last axis of the input (axis {}) and axis 0 of the kernel to have one size",
                    input.len() - 1
                ))
                .got(got())
                .hint("Give the layer inputs with as many features as it was built for"));
        }
        if let Some(bias) = x.get(2)
            && self.after.bias(x.len())
            && (bias.rank() != 1 || !agree(bias.dims[0], kernel[1]))
        {
            return Err(Error::value("dense")
                .expected(format!(
                    "a bias with one number for each of the kernel's columns, kernel {}",
                    show(kernel)
                ))
                .got(show(&bias.dims)));
        }
        let lead = &input[..input.len() - 1];
        x[0].with_dims(lead.iter().copied().chain([kernel[1]])).one()
    }

    fn forward(&self, run: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (k, n) = (x[1].shape()[0], x[1].shape()[1]);
        let m = x[0].shape()[..x[0].shape().len() - 1].iter().product();
        float_dispatch!(x[0].dtype(), T => {
            let (a, b) = (Mat::row_major(x[0].slice::<T>(), k), Mat::row_major(x[1].slice::<T>(), n));
            let (c, memory) = (y[0].slice_mut::<T>(), run.scratch::<T>(2 * n));
            self.after.with(x, memory, |epilogue| gemm(Size { m, n, k }, 1.0, a, b, 0.0, c, epilogue));
            Ok(())
        }, else => Err(float_only("dense", x[0].dtype())))
    }

    // dx = g w^T;  dw = x^T g over all rows;  db = sum of g over all rows (the engine sums, as for any broadcast input)
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (x, w, g) = (&pass.inputs[0], &pass.inputs[1], pass.grad()?);
        let dx = if pass.needs[0] {
            Some(matmul_of(g, w, false, true)?)
        } else {
            None
        };
        let dw = if pass.needs[1] {
            Some(contract_rows(x, g)?)
        } else {
            None
        };
        Ok([dx, dw, Some(g.clone())]
            .into_iter()
            .take(pass.inputs.len())
            .collect())
    }

    fn absorbs(&self) -> bool {
        self.after.absorbs()
    }

    fn then(&self, next: &Role, _: usize, own: &[Spec]) -> Option<Fused> {
        let (after, others) = self.after.then(next, own)?;
        Some(Fused::after(Self { after }, own.len(), &others))
    }

    fn cost(&self, inputs: &[Spec], outputs: &[Spec]) -> usize {
        multiply_adds(outputs[0].len(), inputs[1].dims[0].unwrap_or(1))
    }
}

/// x w + b, the last axis of x contracted.
pub fn dense(x: &Value, kernel: &Value, bias: Option<&Value>) -> Result<Value> {
    match bias {
        Some(bias) => apply(Dense::default(), &[x, kernel, bias]),
        None => apply(Dense::default(), &[x, kernel]),
    }
}

pub(super) const OPS: &[(&str, OpFn)] = &[("dense", |x, attrs: &Attrs| {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct None {}
    let _: None = parse_attrs("dense", attrs)?;
    match x {
        [x, w] => Ok(vec![dense(x, w, Option::None)?]),
        [x, w, b] => Ok(vec![dense(x, w, Some(b))?]),
        _ => Err(Error::type_error("dense")
            .expected("2 or 3 inputs: x, kernel, bias")
            .got(x.len().to_string())),
    }
})];

#[cfg(test)]
mod tests {
    use super::super::gradient_check::{check_twice, numbers};
    use super::*;
    use crate::dtype::DType;

    #[test]
    fn gradients_agree_with_central_differences() {
        for input in [&[3, 4][..], &[2, 3, 4]] {
            let inputs = [numbers(input, 1), numbers(&[4, 2], 2), numbers(&[2], 3)];
            check_twice(&inputs, |x| dense(&x[0], &x[1], Some(&x[2])));
            check_twice(&inputs[..2], |x| dense(&x[0], &x[1], None));
        }
    }

    #[test]
    fn errors_name_the_shapes() {
        let spec = |dims: &[usize]| Spec::known(DType::F32, dims);
        let e = Dense::default()
            .infer(&[spec(&[2, 3]), spec(&[4, 5])])
            .unwrap_err()
            .to_string();
        assert!(
            e.contains("(2, 3) and kernel (4, 5)") && e.contains("axis 1"),
            "{e}"
        );
        let e = Dense::default()
            .infer(&[spec(&[2, 4]), spec(&[4, 5]), spec(&[4])])
            .unwrap_err()
            .to_string();
        assert!(e.contains("got (4,)"), "{e}");
    }
}
