//! The loss of connectionist temporal classification (Graves et al. 2006): -ln of the probability that a sequence of
//! scores is read as a sequence of labels, over all ways to place blanks and repetitions.

use serde::{Deserialize, Serialize};

use super::cast;
use super::op::{Op, OpFn, Pass, Run, arity, parse_attrs};
use crate::autograd::{Value, apply, apply_many};
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::float_dispatch;
use crate::kernels::ctc::{Sample, scratch_len};
use crate::kernels::ctc_beam::Search;
use crate::kernels::parallel::{Disjoint, for_ranges};
use crate::kernels::real::Real;
use crate::shape::{Spec, Specs, show};
use crate::tensor::{View, ViewMut};

const NAME: &str = "ctc_loss";

/// Inputs: labels (batch, L), logits (batch, steps, classes), the numbers of labels and of steps that count (batch).
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct CtcLoss {
    #[serde(default)]
    mask_index: usize,
}

/// The sizes (batch, labels, steps, classes) of inputs of known shapes.
fn sizes(x: &[View<'_>]) -> [usize; 4] {
    let (labels, logits) = (x[0].shape(), x[1].shape());
    [labels[0], labels[1], logits[1], logits[2]]
}

/// Calls `f(place in the batch, sample, its scratch memory)` for each sample.
fn each<T: Real + Element>(
    op: CtcLoss,
    run: &mut Run,
    x: &[View<'_>],
    f: impl Fn(usize, Sample<'_, T>, &mut [f64]) + Sync,
) {
    let [batch, most, steps, classes] = sizes(x);
    let need = scratch_len(most, steps);
    let shared = Disjoint::new(run.scratch::<f64>(batch * need));
    let (labels, logits) = (x[0].slice::<i64>(), x[1].slice::<T>());
    let (counts, lengths) = (x[2].slice::<i64>(), x[3].slice::<i64>());
    for_ranges(batch, 1, |range| {
        for i in range {
            // SAFETY: each sample has a part of its own.
            let scratch = unsafe { shared.slice(i * need..(i + 1) * need) };
            let sample = Sample {
                labels: &labels[i * most..][..counts[i] as usize],
                logits: &logits[i * steps * classes..][..lengths[i] as usize * classes],
                classes,
                blank: op.mask_index,
            };
            f(i, sample, scratch);
        }
    });
}

impl CtcLoss {
    fn check(self, x: &[Spec]) -> Result<()> {
        let (labels, logits) = (&x[0].dims, &x[1].dims);
        let batches = [
            labels.first(),
            logits.first(),
            x[2].dims.first(),
            x[3].dims.first(),
        ];
        let known: Vec<_> = batches.iter().filter_map(|b| b.copied().flatten()).collect();
        let ranks = [x[0].rank(), x[1].rank(), x[2].rank(), x[3].rank()] == [2, 3, 1, 1];
        if !ranks || known.windows(2).any(|w| w[0] != w[1]) {
            return Err(Error::value(NAME)
                .expected(
                    "target (batch, labels), output (batch, steps, classes), and target_length and output_length \
                     (batch,), all with the same first dimension",
                )
                .got(format!(
                    "target {}, output {}, target_length {}, output_length {}",
                    show(labels),
                    show(logits),
                    show(&x[2].dims),
                    show(&x[3].dims)
                )));
        }
        if !x[1].dtype.is_float() {
            return Err(Error::type_error(NAME)
                .expected("logits of floats")
                .got(x[1].dtype.name()));
        }
        match logits[2] {
            Some(classes) if self.mask_index >= classes => Err(Error::value(NAME)
                .expected(format!("mask_index to be one of the {classes} classes of output"))
                .got(format!("mask_index={}", self.mask_index))),
            _ => Ok(()),
        }
    }

    /// Refuses lengths beyond the sizes, and labels that are no classes.
    fn check_values(x: &[View<'_>]) -> Result<()> {
        let [_, most, steps, classes] = sizes(x);
        let bad = |what: &str, size: usize, got: i64, place: usize| {
            Err(Error::value(NAME)
                .expected(format!("{what} in [0, {size}]"))
                .got(format!("{got} at position {place} of the batch")))
        };
        let labels = x[0].slice::<i64>();
        for (i, (&n, &t)) in x[2].slice::<i64>().iter().zip(x[3].slice::<i64>()).enumerate() {
            if n < 0 || n > most as i64 {
                return bad("target_length", most, n, i);
            }
            if t < 0 || t > steps as i64 {
                return bad("output_length", steps, t, i);
            }
            if let Some(&label) = labels[i * most..][..n as usize]
                .iter()
                .find(|&&label| label < 0 || label >= classes as i64)
            {
                return Err(Error::value(NAME)
                    .expected(format!("labels in [0, {classes}), one for each class of output"))
                    .got(format!("{label} at position {i} of the batch"))
                    .hint("Labels after target_length do not count"));
            }
        }
        Ok(())
    }

    fn work(x: &[Spec]) -> usize {
        let size = |spec: &Spec, axis: usize| spec.dims.get(axis).copied().flatten().unwrap_or(0);
        x[1].len().unwrap_or(0) * 8 + size(&x[1], 0) * size(&x[1], 1) * (2 * size(&x[0], 1) + 1) * 16
    }
}

impl Op for CtcLoss {
    fn name(&self) -> &'static str {
        NAME
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        self.check(x)?;
        x[1].with_dims([x[1].dims[0]]).one()
    }

    fn forward(&self, run: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        Self::check_values(x)?;
        float_dispatch!(x[1].dtype(), T => {
            let out = Disjoint::new(y[0].slice_mut::<T>());
            each::<T>(*self, run, x, |i, sample, scratch| {
                // SAFETY: each sample writes its own loss.
                unsafe { out.slice(i..i + 1)[0] = T::from_f64(sample.loss(scratch)) };
            });
            Ok(())
        }, else => Err(Error::type_error(NAME).expected("logits of floats").got(x[1].dtype().name())))
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let x = pass.inputs;
        let dx = apply(CtcGradient(*self), &[&x[0], &x[1], &x[2], &x[3], pass.grad()?])?;
        Ok(vec![None, Some(dx), None, None])
    }

    fn cost(&self, x: &[Spec], _: &[Spec]) -> usize {
        Self::work(x)
    }
}

/// d loss / d logits, times the gradient of each sample's loss; 0 at steps that do not count.
#[derive(Debug, Clone, Copy, Serialize)]
struct CtcGradient(CtcLoss);

impl Op for CtcGradient {
    fn name(&self) -> &'static str {
        "ctc_loss_gradient"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[1].clone().one()
    }

    fn forward(&self, run: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        CtcLoss::check_values(&x[..4])?;
        let [_, _, steps, classes] = sizes(x);
        float_dispatch!(x[1].dtype(), T => {
            let g = x[4].slice::<T>();
            let out = Disjoint::new(y[0].slice_mut::<T>());
            each::<T>(self.0, run, x, |i, sample, scratch| {
                // SAFETY: each sample writes its own rows.
                let out = unsafe { out.slice(i * steps * classes..(i + 1) * steps * classes) };
                let (used, rest) = out.split_at_mut(sample.logits.len());
                sample.gradient(g[i].to_f64(), scratch, used);
                rest.fill(T::ZERO);
            });
            Ok(())
        }, else => Err(Error::type_error(NAME).expected("logits of floats").got(x[1].dtype().name())))
    }

    fn backward(&self, _: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Err(Error::not_implemented(NAME)
            .expected("first derivatives only")
            .got("a gradient of its gradient"))
    }

    fn cost(&self, x: &[Spec], _: &[Spec]) -> usize {
        2 * CtcLoss::work(x)
    }
}

/// The best label sequences of each sample, (paths, batch, steps) filled up with -1, and the logarithms of their
/// probabilities, (batch, paths). Inputs: logits (batch, steps, classes), the numbers of steps that count (batch).
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct BeamSearch {
    beam_width: usize,
    top_paths: usize,
    mask_index: usize,
}

const SEARCH: &str = "ctc_beam_search";

impl Op for BeamSearch {
    fn name(&self) -> &'static str {
        SEARCH
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let fits = x[0].rank() == 3
            && x[1].rank() == 1
            && (x[0].dims[0].is_none() || x[1].dims[0].is_none() || x[0].dims[0] == x[1].dims[0]);
        if !fits || !x[0].dtype.is_float() {
            return Err(Error::value(SEARCH)
                .expected("float logits (batch, steps, classes) and sequence_lengths (batch,)")
                .got(format!("{} and {}", x[0].describe(), show(&x[1].dims))));
        }
        if self.top_paths == 0 || self.beam_width < self.top_paths {
            return Err(Error::value(SEARCH)
                .expected(format!("top_paths in [1, {}], the beam_width", self.beam_width))
                .got(self.top_paths.to_string()));
        }
        if let Some(classes) = x[0].dims[2]
            && self.mask_index >= classes
        {
            return Err(Error::value(SEARCH)
                .expected(format!("mask_index to be one of the {classes} classes"))
                .got(format!("mask_index={}", self.mask_index)));
        }
        let (batch, steps) = (x[0].dims[0], x[0].dims[1]);
        Ok(smallvec::smallvec![
            Spec::new(DType::I32, [Some(self.top_paths), batch, steps]),
            x[0].with_dims([batch, Some(self.top_paths)]),
        ])
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let shape = x[0].shape();
        let (batch, steps, classes) = (shape[0], shape[1], shape[2]);
        let lengths = x[1].slice::<i64>();
        if let Some(i) = lengths.iter().position(|&n| n < 0 || n > steps as i64) {
            return Err(Error::value(SEARCH)
                .expected(format!("sequence_lengths in [0, {steps}]"))
                .got(format!("{} at position {i} of the batch", lengths[i])));
        }
        let search = Search {
            beam_width: self.beam_width,
            top_paths: self.top_paths,
            classes,
            blank: self.mask_index,
        };
        let (paths, scores) = y.split_at_mut(1);
        let paths = paths[0].slice_mut::<i32>();
        paths.fill(-1);
        let paths = Disjoint::new(paths);
        float_dispatch!(x[0].dtype(), T => {
            let logits = x[0].slice::<T>();
            let scores = scores[0].slice_mut::<T>();
            scores.fill(T::NEG_INFINITY);
            let scores = Disjoint::new(scores);
            for_ranges(batch, 1, |range| {
                for i in range {
                    let found = search.run(&logits[i * steps * classes..][..lengths[i] as usize * classes]);
                    for (k, (labels, score)) in found.into_iter().enumerate() {
                        // SAFETY: each sample writes its own places.
                        unsafe {
                            scores.slice(i * self.top_paths + k..i * self.top_paths + k + 1)[0] = T::from_f64(score);
                            let at = (k * batch + i) * steps;
                            for (to, label) in paths.slice(at..at + steps).iter_mut().zip(labels) {
                                *to = label as i32;
                            }
                        }
                    }
                }
            });
            Ok(())
        }, else => Err(Error::type_error(SEARCH).expected("float logits").got(x[0].dtype().name())))
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![None; pass.inputs.len()])
    }

    fn cost(&self, x: &[Spec], _: &[Spec]) -> usize {
        x[0].len().unwrap_or(0) * self.beam_width * 64
    }
}

pub(super) const OPS: &[(&str, OpFn)] = &[
    (NAME, |x, attrs| {
        let op: CtcLoss = parse_attrs(NAME, attrs)?;
        let [labels, logits, counts, lengths] = arity(NAME, x)?;
        let whole = |x: &Value| cast(x, DType::I64);
        Ok(vec![apply(
            op,
            &[&whole(&labels)?, &logits, &whole(&counts)?, &whole(&lengths)?],
        )?])
    }),
    (SEARCH, |x, attrs| {
        let op: BeamSearch = parse_attrs(SEARCH, attrs)?;
        let [logits, lengths] = arity(SEARCH, x)?;
        Ok(apply_many(std::sync::Arc::new(op), &[&logits, &cast(&lengths, DType::I64)?])?.into_vec())
    }),
];
