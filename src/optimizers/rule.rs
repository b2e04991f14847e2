//! What an optimizer must say about itself: its slots and the update of one tensor.

use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::kernels::real::Real;
use crate::kernels::simd::{Kernel, Lanes, dispatch};

/// A tensor the optimizer keeps beside each variable, of the same shape and type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slot {
    pub name: &'static str,
    pub initial: f64,
}

impl Slot {
    pub const fn zeros(name: &'static str) -> Self {
        Self { name, initial: 0.0 }
    }
}

/// What an update knows besides the tensors.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    pub learning_rate: f64,
    /// 1 for the first update.
    pub number: u64,
    /// This variable's, for rules with `OWN_DECAY`.
    pub weight_decay: f64,
}

/// An update rule, read by serde from the optimizer's configuration.
///
/// `update` sees the same stretch of the weights, of the gradient and of every slot. It is called for stretches of
/// one tensor in any order, so it may not look at more than one element at a time.
pub trait UpdateRule: DeserializeOwned + std::fmt::Debug + Send + Sync + 'static {
    const NAME: &'static str;

    /// Whether the rule has a place of its own for weight decay, instead of the usual one before the update.
    const OWN_DECAY: bool = false;

    /// Whether rows (along the first axis) whose gradient is 0 throughout are left alone.
    const LAZY_ROWS: bool = false;

    /// A number kept once for all variables, for the sake of saved files: it is a function of the number of updates.
    const SHARED: Option<Slot> = None;

    /// Slots in groups: the slots of a group are made variable by variable, one group after the other.
    fn slots(&self) -> Vec<Vec<Slot>>;

    /// Refuses hyperparameters outside their range.
    fn check(&self) -> Result<()>;

    /// What the shared number is after so many updates.
    fn shared(&self, _number: u64) -> f64 {
        0.0
    }

    fn update<T: Real>(&self, step: &Step, weights: &mut [T], gradient: &[T], slots: &mut [&mut [T]]);
}

/// `UpdateRule` for use behind a pointer: one method for each float type.
pub trait Rule: std::fmt::Debug + Send + Sync {
    fn slots(&self) -> Vec<Vec<Slot>>;
    fn own_decay(&self) -> bool;
    fn lazy_rows(&self) -> bool;
    fn shared_slot(&self) -> Option<Slot>;
    fn shared(&self, number: u64) -> f64;
    fn update_f32(&self, step: &Step, weights: &mut [f32], gradient: &[f32], slots: &mut [&mut [f32]]);
    fn update_f64(&self, step: &Step, weights: &mut [f64], gradient: &[f64], slots: &mut [&mut [f64]]);
}

impl<R: UpdateRule> Rule for R {
    fn slots(&self) -> Vec<Vec<Slot>> {
        UpdateRule::slots(self)
    }

    fn own_decay(&self) -> bool {
        R::OWN_DECAY
    }

    fn lazy_rows(&self) -> bool {
        R::LAZY_ROWS
    }

    fn shared_slot(&self) -> Option<Slot> {
        R::SHARED
    }

    fn shared(&self, number: u64) -> f64 {
        UpdateRule::shared(self, number)
    }

    fn update_f32(&self, step: &Step, weights: &mut [f32], gradient: &[f32], slots: &mut [&mut [f32]]) {
        dispatch(Update {
            rule: self,
            step,
            weights,
            gradient,
            slots,
        });
    }

    fn update_f64(&self, step: &Step, weights: &mut [f64], gradient: &[f64], slots: &mut [&mut [f64]]) {
        dispatch(Update {
            rule: self,
            step,
            weights,
            gradient,
            slots,
        });
    }
}

/// Compiles a rule's plain loops once for each instruction set.
struct Update<'a, 'b, R, T> {
    rule: &'a R,
    step: &'a Step,
    weights: &'a mut [T],
    gradient: &'a [T],
    slots: &'a mut [&'b mut [T]],
}

impl<R: UpdateRule, T: Real> Kernel<T> for Update<'_, '_, R, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        self.rule
            .update(self.step, self.weights, self.gradient, self.slots);
    }
}

/// Reads a rule from its configuration.
pub type Make = fn(&str) -> Result<Box<dyn Rule>>;

/// A line of the table of optimizers.
pub const fn entry<R: UpdateRule>() -> (&'static str, Make) {
    (R::NAME, |config| Ok(Box::new(read::<R>(config)?)))
}

fn read<R: UpdateRule>(config: &str) -> Result<R> {
    let rule: R = parse_config(R::NAME, config)?;
    rule.check()?;
    Ok(rule)
}

/// Reads one part of an optimizer's configuration; keys of other parts are left to those.
pub fn parse_config<C: DeserializeOwned>(who: &str, config: &str) -> Result<C> {
    serde_json::from_str(config).map_err(|e| {
        Error::value(who)
            .expected("a configuration with the right types")
            .got(e.to_string())
    })
}

/// A hyperparameter that must lie in `low..=high`.
pub fn check_range(who: &str, name: &str, value: f64, low: f64, high: f64) -> Result<()> {
    if value.is_finite() && (low..=high).contains(&value) {
        return Ok(());
    }
    let expected = if low == f64::MIN {
        format!("{name} to be a finite number <= {high}")
    } else if high.is_finite() {
        format!("{name} in [{low}, {high}]")
    } else {
        format!("{name} to be a finite number >= {low}")
    };
    Err(Error::value(who)
        .expected(expected)
        .got(format!("{name}={value}")))
}

/// How slowly a running mean forgets: in `[0, 1)`, since with 1 it would never begin.
pub fn check_beta(who: &str, name: &str, value: f64) -> Result<()> {
    if (0.0..1.0).contains(&value) {
        return Ok(());
    }
    Err(Error::value(who)
        .expected(format!("{name} in [0, 1), that is at least 0 and below 1"))
        .got(format!("{name}={value}")))
}

/// Runs a rule of either float type on slices of it, in tests.
#[cfg(test)]
pub(crate) fn run<R: UpdateRule>(
    rule: &R,
    steps: &[Vec<f64>],
    weights: &mut [f64],
    lr: f64,
) -> Vec<Vec<f64>> {
    let mut slots: Vec<Vec<f64>> = rule
        .slots()
        .iter()
        .flatten()
        .map(|s| vec![s.initial; weights.len()])
        .collect();
    for (i, gradient) in steps.iter().enumerate() {
        let mut views: Vec<&mut [f64]> = slots.iter_mut().map(Vec::as_mut_slice).collect();
        let step = Step {
            learning_rate: lr,
            number: i as u64 + 1,
            weight_decay: 0.0,
        };
        rule.update(&step, weights, gradient, &mut views);
    }
    slots
}
