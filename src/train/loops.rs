//! The loop of steps: gather, forward, loss, backward, clip, update, metrics. Loss and metrics are assignments inside
//! the traced program; clipping belongs to the optimizer's update.

use std::time::{Duration, Instant};

use smallvec::SmallVec;

use super::batches::{Batches, Stage};
use crate::autograd::profile::timed;
use crate::autograd::{Execution, Program, Variable};
use crate::error::{Error, Result};
use crate::tensor::{View, ViewMut};

/// When to hand control back to the caller.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    pub steps: usize,
    pub time: Duration,
}

/// What was done: rows consumed, steps taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    pub rows: usize,
    pub steps: usize,
}

/// Runs `step` over the batches until they or the budget are used up.
fn each_batch(
    stage: &mut Stage,
    batches: &Batches<'_>,
    budget: Budget,
    mut step: impl FnMut(&[View<'_>], usize, usize) -> Result<()>,
) -> Result<Report> {
    batches.check()?;
    let began = Instant::now();
    let mut report = Report { rows: 0, steps: 0 };
    while batches.start + report.rows < batches.stop && report.steps < budget.steps {
        let at = batches.start + report.rows;
        let rows = batches.size.min(batches.stop - at);
        let number = report.steps;
        stage.with(batches, at, rows, |views| step(views, at, number))?;
        report.rows += rows;
        report.steps += 1;
        if began.elapsed() >= budget.time {
            break;
        }
    }
    Ok(report)
}

/// Trains. The program's outputs are one gradient for each variable. `rates` gives the learning rate of each step if
/// a schedule decides it; otherwise the variable holds it.
pub fn train(
    program: &Program,
    update: Update<'_>,
    variables: &[Variable],
    iterations: &Variable,
    rate: Rate<'_>,
    stage: &mut Stage,
    batches: &Batches<'_>,
    budget: Budget,
    poll: &dyn Fn() -> Result<()>,
) -> Result<Report> {
    each_batch(stage, batches, budget, |views, _, number| {
        let plan = program.plan(views)?;
        let learning_rate = match rate {
            Rate::Variable(v) => v.tensor().view().item(),
            Rate::Schedule(rates) => *rates.get(number).ok_or_else(|| {
                Error::value("train")
                    .expected(format!("a learning rate for each of {} steps", budget.steps))
                    .got(rates.len().to_string())
            })?,
        };
        program.run(&plan, views, poll, |done| {
            let iteration = counter(iterations)?;
            let gradients = gradients(done, variables.len());
            timed(
                || "update of the variables".to_owned(),
                || update(&gradients, variables, learning_rate, iteration),
            )?;
            bump(iterations)
        })
    })
}

/// Where the learning rate comes from.
#[derive(Debug, Clone, Copy)]
pub enum Rate<'a> {
    Variable(&'a Variable),
    Schedule(&'a [f64]),
}

fn gradients<'a>(done: &'a Execution<'_>, n: usize) -> SmallVec<[Option<View<'a>>; 32]> {
    (0..n.min(done.len())).map(|i| Some(done.output(i))).collect()
}

/// Applies gradients to variables, with the learning rate and the number of updates before: an optimizer's `apply`.
pub type Update<'a> = &'a dyn Fn(&[Option<View<'_>>], &[Variable], f64, u64) -> Result<()>;

fn counter(iterations: &Variable) -> Result<u64> {
    let tensor = iterations.tensor();
    Ok(tensor.view().item() as u64)
}

fn bump(iterations: &Variable) -> Result<()> {
    iterations.update(|mut v| {
        match v.dtype() {
            crate::dtype::DType::I32 => v.slice_mut::<i32>()[0] += 1,
            _ => v.slice_mut::<i64>()[0] += 1,
        }
        Ok(())
    })
}

/// Runs a program over batches; its outputs, if wanted, go to the rows of `out` that belong to the batch.
pub fn evaluate(
    program: &Program,
    stage: &mut Stage,
    batches: &Batches<'_>,
    budget: Budget,
    out: &mut [ViewMut<'_>],
    poll: &dyn Fn() -> Result<()>,
) -> Result<Report> {
    each_batch(stage, batches, budget, |views, at, _| {
        let plan = program.plan(views)?;
        let rows = views.first().map_or(0, |v| v.shape()[0]);
        program.run(&plan, views, poll, |done| {
            for (i, out) in out.iter_mut().enumerate() {
                place(&done.output(i), out, at, rows, i)?;
            }
            Ok(())
        })
    })
}

/// Copies the rows of a result to their place.
fn place(result: &View<'_>, out: &mut ViewMut<'_>, at: usize, rows: usize, i: usize) -> Result<()> {
    let fits = result.dtype() == out.dtype()
        && result.shape().first() == Some(&rows)
        && result.shape()[1..] == out.shape()[1..]
        && at + rows <= out.shape()[0];
    if !fits {
        return Err(Error::value(format!("output {i}"))
            .expected(format!(
                "{rows} rows of {} {}",
                out.dtype(),
                crate::shape::show_shape(out.shape())
            ))
            .got(format!(
                "{} {}",
                result.dtype(),
                crate::shape::show_shape(result.shape())
            ))
            .hint("Every sample must give one row of the same shape"));
    }
    let row = result.bytes().len() / rows.max(1);
    out.bytes_mut()[at * row..(at + rows) * row].copy_from_slice(result.bytes());
    Ok(())
}
