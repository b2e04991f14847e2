//! Pooling over windows and its gradients.
//!
//! max_pool: y[o] = max of x over the window of o; its gradient goes to the first place where x = y.
//! average_pool: y[o] = mean of x over the pixels of the window that lie inside the input.

use serde::{Deserialize, Serialize};

use super::matmul::{agree, float_only, same_float};
use super::op::{Attrs, Fused, Op, OpFn, Pass, Role, Run, arity, parse_attrs};
use super::window::{DataFormat, Padding, Sizes, Window};
use crate::autograd::{Value, apply};
use crate::error::{Error, Result};
use crate::float_dispatch;
use crate::kernels::activate::{Activate, gradient};
use crate::kernels::pool::{Pool, at_max, max, max_gradient, mean, mean_gradient};
use crate::shape::{Dims, Spec, Specs, show};
use crate::tensor::{View, ViewMut};

/// How a pool slides.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolOptions {
    pub pool_size: Sizes,
    /// None means the pool size: windows side by side.
    #[serde(default)]
    pub strides: Option<Sizes>,
    #[serde(default)]
    pub padding: Padding,
    #[serde(default)]
    pub data_format: DataFormat,
}

/// What is linear in what: `Max` in nothing, `MaxGradient` and `AtMax` in their last input, the means in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
enum Job {
    /// x -> y
    Max,
    /// x, y, dy -> dx
    MaxGradient,
    /// x, y, g -> g at the maxima
    AtMax,
    /// x -> y
    Average,
    /// dy, x (for its shape) -> dx
    AverageGradient,
}

#[derive(Debug, Clone, Serialize)]
struct Pooling {
    job: Job,
    window: Window,
    /// Of a gradient of max pooling: it goes on through this function, whose output was pooled. Where a window has its
    /// maximum, f' of the output is f' of the maximum: so it is taken of the smaller array.
    through: Option<Activate>,
}

impl Pooling {
    fn with(&self, job: Job) -> Self {
        Self {
            job,
            window: self.window.clone(),
            through: None,
        }
    }

    fn output(&self, x: &Spec) -> Result<Dims> {
        let mut dims: Dims = smallvec::smallvec![x.dims.first().copied().flatten()];
        dims.extend(self.window.outputs(&x.dims)?);
        dims.push(x.dims[x.rank() - 1]);
        Ok(dims)
    }

    /// The input of the pooling among the inputs of the op.
    fn pooled(&self) -> usize {
        usize::from(self.job == Job::AverageGradient)
    }

    fn geometry(&self, x: &[usize]) -> Result<Pool> {
        let at = self.window.settle(x)?;
        Ok(Pool {
            batch: x[0],
            input: at.input,
            output: at.output,
            window: self.window.size,
            stride: at.stride,
            before: at.before,
            channels: x[x.len() - 1],
        })
    }
}

impl Op for Pooling {
    fn name(&self) -> &'static str {
        match self.job {
            Job::Max => "max_pool",
            Job::MaxGradient => "max_pool_gradient",
            Job::AtMax => "max_pool_at_maximum",
            Job::Average => "average_pool",
            Job::AverageGradient => "average_pool_gradient",
        }
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        same_float(self.name(), x)?;
        let input = &x[self.pooled()];
        let output = self.output(input)?;
        let is = |spec: &Spec, dims: &Dims| {
            spec.rank() == dims.len() && spec.dims.iter().zip(dims).all(|(&a, &b)| agree(a, b))
        };
        let fits = match self.job {
            Job::Max | Job::Average => true,
            Job::MaxGradient => is(&x[1], &output) && is(&x[2], &output),
            Job::AtMax => is(&x[1], &output) && is(&x[2], &input.dims),
            Job::AverageGradient => is(&x[0], &output),
        };
        if !fits {
            return Err(Error::value(self.name())
                .expected(format!(
                    "arrays that belong to input {} and output {}",
                    show(&input.dims),
                    show(&output)
                ))
                .got(x.iter().map(|s| show(&s.dims)).collect::<Vec<_>>().join(", ")));
        }
        let dims = if matches!(self.job, Job::MaxGradient | Job::AverageGradient) {
            input.dims.clone()
        } else {
            output
        };
        input.with_dims(dims).one()
    }

    fn forward(&self, run: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let pool = self.geometry(x[self.pooled()].shape())?;
        float_dispatch!(x[0].dtype(), T => {
            match self.job {
                Job::Max => max(&pool, x[0].slice(), y[0].slice_mut::<T>()),
                Job::MaxGradient => {
                    let (maxima, mut dy) = (x[1].slice::<T>(), x[2].slice::<T>());
                    if let Some(f) = self.through {
                        let slope = run.scratch::<T>(dy.len());
                        // SAFETY: three arrays of one length, the last apart from the others.
                        unsafe { gradient(f, maxima.as_ptr(), dy.as_ptr(), slope.as_mut_ptr(), dy.len()) };
                        dy = slope;
                    }
                    let (x, dx) = (x[0].as_ptr().cast::<T>(), y[0].as_mut_ptr().cast::<T>());
                    // SAFETY: arrays of the input's size; the same memory only if `inplace` allows it.
                    unsafe { max_gradient(&pool, x, maxima, dy, dx) };
                }
                Job::AtMax => at_max(&pool, x[0].slice(), x[1].slice(), x[2].slice(), y[0].slice_mut::<T>()),
                Job::Average => mean(&pool, x[0].slice(), y[0].slice_mut::<T>()),
                Job::AverageGradient => mean_gradient(&pool, x[0].slice(), y[0].slice_mut::<T>()),
            }
            Ok(())
        }, else => Err(float_only(self.name(), x[0].dtype())))
    }

    // Where the maximum lies does not move for small changes of x: the gradients of the gradients by x and y are 0.
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (x, g) = (&pass.inputs[0], pass.grad()?);
        Ok(match self.job {
            Job::Max => vec![Some(apply(
                self.with(Job::MaxGradient),
                &[x, &pass.outputs[0], g],
            )?)],
            Job::MaxGradient => vec![
                None,
                None,
                Some(apply(self.with(Job::AtMax), &[x, &pass.inputs[1], g])?),
            ],
            Job::AtMax => vec![
                None,
                None,
                Some(apply(self.with(Job::MaxGradient), &[x, &pass.inputs[1], g])?),
            ],
            Job::Average => vec![Some(apply(self.with(Job::AverageGradient), &[g, x])?)],
            Job::AverageGradient => vec![Some(apply(self.with(Job::Average), &[g])?), None],
        })
    }

    /// Windows that share no pixel are read and written one after the other.
    fn inplace(&self, input: usize) -> bool {
        let (window, stride) = (self.window.size, self.window.stride);
        self.job == Job::MaxGradient && input == 0 && (0..3).all(|a| stride[a] >= window[a])
    }

    fn absorbs(&self) -> bool {
        self.job == Job::MaxGradient && self.through.is_none()
    }

    fn then(&self, next: &Role, at: usize, own: &[Spec]) -> Option<Fused> {
        match *next {
            Role::Slope(f) if f.from_output() && at == 1 => {
                let through = Some(f);
                Some(Fused::after(
                    Self {
                        through,
                        ..self.clone()
                    },
                    own.len(),
                    &[],
                ))
            }
            _ => None,
        }
    }

    fn shape_only(&self, input: usize) -> bool {
        self.job == Job::AverageGradient && input == 1
    }

    fn cost(&self, _: &[Spec], outputs: &[Spec]) -> usize {
        outputs[0]
            .len()
            .unwrap_or(0)
            .saturating_mul(self.window.size.iter().fold(1, |n, k| n.saturating_mul(*k)))
    }
}

fn pool(job: Job, who: &'static str, x: &Value, options: &PoolOptions) -> Result<Value> {
    let rank = x.rank().saturating_sub(2);
    let strides = options.strides.as_ref().unwrap_or(&options.pool_size);
    let window = Window::new(
        who,
        "pool",
        rank,
        &options.pool_size,
        strides,
        &Sizes::all(1),
        &options.padding,
    )?;
    let x = options.data_format.to_last(x)?;
    options.data_format.restore(&apply(
        Pooling {
            job,
            window,
            through: None,
        },
        &[&x],
    )?)
}

/// The maximum over each window of x (batch, spatial.., channels).
pub fn max_pool(x: &Value, options: &PoolOptions) -> Result<Value> {
    pool(Job::Max, "max_pool", x, options)
}

/// The mean over each window of x (batch, spatial.., channels), padding left out.
pub fn average_pool(x: &Value, options: &PoolOptions) -> Result<Value> {
    pool(Job::Average, "average_pool", x, options)
}

pub const OPS: &[(&str, OpFn)] = &[
    ("max_pool", |x, attrs: &Attrs| {
        let [x] = arity("max_pool", x)?;
        Ok(vec![max_pool(&x, &parse_attrs("max_pool", attrs)?)?])
    }),
    ("average_pool", |x, attrs| {
        let [x] = arity("average_pool", x)?;
        Ok(vec![average_pool(&x, &parse_attrs("average_pool", attrs)?)?])
    }),
];

#[cfg(test)]
mod tests {
    use super::super::gradient_check::{check, check_twice, numbers};
    use super::*;

    fn options(size: &[usize], strides: Option<usize>, padding: Padding) -> PoolOptions {
        PoolOptions {
            pool_size: Sizes::of(size),
            strides: strides.map(Sizes::all),
            padding,
            data_format: DataFormat::ChannelsLast,
        }
    }

    #[test]
    fn gradients_agree_with_central_differences() {
        let cases: [(&[usize], PoolOptions); 4] = [
            (&[2, 7, 2], options(&[2], None, Padding::Valid)),
            (&[1, 4, 6, 3], options(&[2, 2], None, Padding::Valid)),
            (&[1, 5, 5, 2], options(&[3, 2], Some(1), Padding::Same)),
            (&[1, 3, 4, 3, 1], options(&[2], Some(1), Padding::Valid)),
        ];
        for (shape, options) in cases {
            let x = [numbers(shape, 1)];
            check(&x, |x| max_pool(&x[0], &options));
            check_twice(&x, |x| average_pool(&x[0], &options));
        }
    }

    #[test]
    fn the_gradient_of_max_pool_can_be_differentiated() {
        let options = options(&[2], None, Padding::Valid);
        let x: Value = numbers(&[1, 6, 2], 1).into();
        let y = max_pool(&x, &options).unwrap();
        let window = Window::new(
            "max_pool",
            "pool",
            1,
            &options.pool_size,
            &options.pool_size,
            &Sizes::all(1),
            &Padding::Valid,
        )
        .unwrap();
        let pooling = Pooling {
            job: Job::MaxGradient,
            window,
            through: None,
        };
        let (x, y) = (&x, &y);
        check_twice(&[numbers(&[1, 3, 2], 5)], move |dy| {
            apply(pooling.clone(), &[x, y, &dy[0]])
        });
    }

    #[test]
    fn errors_say_what_does_not_fit() {
        let x: Value = numbers(&[1, 2, 2, 1], 1).into();
        let e = max_pool(&x, &options(&[3], None, Padding::Valid))
            .unwrap_err()
            .to_string();
        assert!(
            e.contains("max_pool") && e.contains("pool size 3") && e.contains("(1, 2, 2, 1)"),
            "{e}"
        );
        let e = average_pool(&x, &options(&[0], None, Padding::Valid))
            .unwrap_err()
            .to_string();
        assert!(e.contains("pool sizes of 1 or more; got [0]"), "{e}");
        let e = max_pool(&numbers(&[2, 2], 1).into(), &options(&[2], None, Padding::Valid))
            .unwrap_err()
            .to_string();
        assert!(e.contains("spatial axes"), "{e}");
    }
}
