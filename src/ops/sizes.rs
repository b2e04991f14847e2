//! Shapes that are put together from the sizes of other values, where these are open while a model is traced.
//!
//! size = (times n + plus) / over, with n the size of an axis of an input, rounded down.

use serde::{Deserialize, Serialize};

use super::op::{Attrs, Op, OpFn, Pass, Run, parse_attrs};
use crate::autograd::{Value, apply};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::shape::{Dim, Spec, Specs, show};
use crate::tensor::{View, ViewMut};

fn one() -> i64 {
    1
}

/// One size of a shape.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "a number, or {input, axis, times, plus, over} in whole numbers"
)]
#[derive(Serialize)]
pub enum Size {
    /// A number; -1 for what is left of the elements of the last input.
    Known(i64),
    /// A function of the size of an axis.
    Of {
        input: usize,
        axis: usize,
        #[serde(default = "one")]
        times: i64,
        #[serde(default)]
        plus: i64,
        #[serde(default = "one")]
        over: i64,
    },
}

impl Size {
    /// The size, if what it follows from is known; -1 stays.
    fn of(self, who: &str, x: &[Spec]) -> Result<Option<i64>> {
        match self {
            Size::Known(n) if n >= -1 => Ok(Some(n)),
            Size::Known(n) => Err(Error::value(who)
                .expected("sizes of at least 0, or -1 for what is left")
                .got(n.to_string())),
            Size::Of {
                input,
                axis,
                times,
                plus,
                over,
            } => {
                let dims = x.get(input).map(|s| &s.dims[..]).unwrap_or_default();
                let dim: &Dim = dims.get(axis).ok_or_else(|| {
                    Error::value(who)
                        .expected(format!("an axis of input {input}, {}", show(dims)))
                        .got(format!("axis {axis}"))
                })?;
                let Some(n) = *dim else { return Ok(None) };
                let size = (n as i64)
                    .checked_mul(times)
                    .and_then(|n| n.checked_add(plus))
                    .and_then(|n| n.checked_div_euclid(over));
                match size {
                    Some(size) if size >= 0 => Ok(Some(size)),
                    _ => Err(Error::value(who)
                        .expected("a size of at least 0")
                        .got(format!("({times} * {n} + {plus}) // {over}"))),
                }
            }
        }
    }
}

/// Zeros (uint8) of a shape made of sizes: something for other ops to take their shape from.
#[derive(Debug, Clone, Serialize)]
struct Shaped {
    sizes: Vec<Size>,
}

impl Op for Shaped {
    fn name(&self) -> &'static str {
        "shaped"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let sizes: Vec<Option<i64>> = self
            .sizes
            .iter()
            .map(|s| s.of(self.name(), x))
            .collect::<Result<_>>()?;
        let open = sizes.iter().filter(|s| **s == Some(-1)).count();
        let total = x.last().and_then(Spec::len);
        let mut others = Some(1_i64);
        for size in sizes.iter().filter(|s| **s != Some(-1)) {
            others = match (others, *size) {
                (Some(n), Some(size)) => Some(n.checked_mul(size).ok_or_else(|| {
                    Error::value("reshape")
                        .expected("sizes whose product is below 2^63")
                        .got(format!("{sizes:?}"))
                })?),
                _ => None,
            };
        }
        let left = match (open, total, others) {
            (1, Some(total), Some(others)) if others > 0 && total as i64 % others == 0 => {
                Some(total as i64 / others)
            }
            (1, Some(total), Some(others)) => {
                return Err(Error::value("reshape")
                    .expected(format!("sizes whose product divides the {total} elements"))
                    .got(format!("a product of {others}")));
            }
            (0 | 1, ..) => None,
            _ => {
                return Err(Error::value("reshape")
                    .expected("at most one size of -1")
                    .got(open.to_string()));
            }
        };
        let dims = sizes
            .iter()
            .map(|s| if *s == Some(-1) { left } else { *s }.map(|n| n as usize));
        Spec::new(DType::U8, dims).one()
    }

    fn forward(&self, _: &mut Run, _: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        y[0].bytes_mut().fill(0);
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![None; pass.inputs.len()])
    }

    fn shape_only(&self, _: usize) -> bool {
        true
    }
}

/// The size of an axis, times and plus something, as a number (int32).
#[derive(Debug, Clone, Copy, Serialize)]
struct AxisSize(Size);

impl Op for AxisSize {
    fn name(&self) -> &'static str {
        "axis_size"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        self.0.of(self.name(), x)?;
        Spec::known(DType::I32, &[]).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let specs: Vec<Spec> = x.iter().map(|v| Spec::known(v.dtype(), v.shape())).collect();
        let size = self.0.of(self.name(), &specs)?.unwrap_or_default();
        y[0].slice_mut::<i32>()[0] = i32::try_from(size).map_err(|_| {
            Error::value(self.name())
                .expected("a size below 2^31")
                .got(size.to_string())
        })?;
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![None; pass.inputs.len()])
    }

    fn shape_only(&self, _: usize) -> bool {
        true
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sizes {
    sizes: Vec<Size>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OneSize {
    size: Size,
}

fn shaped_op(x: &[Value], attrs: &Attrs) -> Result<Vec<Value>> {
    let Sizes { sizes } = parse_attrs("shaped", attrs)?;
    let inputs: Vec<&Value> = x.iter().collect();
    Ok(vec![apply(Shaped { sizes }, &inputs)?])
}

fn axis_size_op(x: &[Value], attrs: &Attrs) -> Result<Vec<Value>> {
    let OneSize { size } = parse_attrs("axis_size", attrs)?;
    let inputs: Vec<&Value> = x.iter().collect();
    Ok(vec![apply(AxisSize(size), &inputs)?])
}

pub const OPS: &[(&str, OpFn)] = &[("shaped", shaped_op), ("axis_size", axis_size_op)];

#[cfg(test)]
mod tests {
    use super::*;

    fn of(axis: usize, times: i64, plus: i64, over: i64) -> Size {
        Size::Of {
            input: 0,
            axis,
            times,
            plus,
            over,
        }
    }

    #[test]
    fn sizes_follow_from_those_of_the_inputs() {
        let x = [Spec::new(DType::F32, [Some(6), None, Some(4)])];
        let dims = |sizes: &[Size]| {
            Shaped {
                sizes: sizes.to_vec(),
            }
            .infer(&x)
            .unwrap()[0]
                .dims
                .to_vec()
        };
        assert_eq!(dims(&[of(0, 2, 1, 1), Size::Known(5)]), [Some(13), Some(5)]);
        assert_eq!(dims(&[of(0, 1, 0, 4), of(1, 1, 0, 1)]), [Some(1), None]);
        let known = [Spec::known(DType::F32, &[6, 2, 4])];
        let spec = Shaped {
            sizes: vec![of(0, 1, 0, 1), Size::Known(-1), Size::Known(2)],
        }
        .infer(&known)
        .unwrap();
        assert_eq!(spec[0].dims.to_vec(), [Some(6), Some(4), Some(2)]);
    }

    #[test]
    fn errors_show_the_numbers() {
        let x = [Spec::known(DType::F32, &[6, 2])];
        let error = |sizes: &[Size]| {
            Shaped {
                sizes: sizes.to_vec(),
            }
            .infer(&x)
            .unwrap_err()
            .to_string()
        };
        assert!(error(&[of(0, 1, -7, 1)]).contains("(1 * 6 + -7) // 1"));
        assert!(error(&[of(2, 1, 0, 1)]).contains("axis 2"));
        assert!(error(&[Size::Known(-1), Size::Known(5)]).contains("12 elements"));
        assert!(error(&[Size::Known(-1), Size::Known(-1)]).contains("at most one"));
        assert!(error(&[of(0, 1, 0, 0)]).contains("// 0"));
    }
}
