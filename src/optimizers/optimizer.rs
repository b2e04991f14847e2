//! An optimizer at work: its rule, and what it keeps for each variable.

use std::sync::{PoisonError, RwLock};

use smallvec::SmallVec;

use super::OPTIMIZERS;
use super::config::{Clip, Common};
use super::rule::{Rule, Slot, Step, parse_config};
use super::step::{Average, Pass, Phase, Ruled, Tensors, clip_factor, square_sum, update};
use crate::autograd::Variable;
use crate::error::{Error, Result};
use crate::float_dispatch;
use crate::shape::show_shape;
use crate::tensor::{Tensor, View, ViewMut};

/// Slots made together, variable by variable.
pub type SlotGroup = Vec<Slot>;

/// Shared by Python and the training loop; an update takes it exclusively.
#[derive(Debug)]
pub struct Optimizer {
    name: String,
    rule: Box<dyn Rule>,
    common: Common,
    entries: RwLock<Vec<Entry>>,
    /// Where the rule's shared number is kept.
    shared: RwLock<Option<Variable>>,
}

/// A variable and what belongs to it.
#[derive(Debug)]
struct Entry {
    variable: Variable,
    decay: bool,
    /// Multiplies the learning rate for this variable alone.
    rate: f64,
    average: Option<Variable>,
    accumulator: Option<Variable>,
    slots: SmallVec<[Variable; 3]>,
}

impl Optimizer {
    /// `config` is the optimizer's configuration as JSON; what belongs to Python (name, learning rate) is not looked at.
    pub fn new(class_name: &str, config: &str) -> Result<Self> {
        let make = OPTIMIZERS
            .iter()
            .find(|(name, _)| *name == class_name)
            .map(|(_, make)| make);
        let Some(make) = make else {
            return Err(Error::unknown(
                "optimizer",
                "an optimizer",
                class_name,
                &super::names(),
            ));
        };
        let common: Common = parse_config(class_name, config)?;
        common.check(class_name)?;
        Ok(Self {
            name: class_name.into(),
            rule: make(config)?,
            common,
            entries: RwLock::default(),
            shared: RwLock::default(),
        })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The slots in the order in which they are made: averages, accumulators, then the rule's own.
    pub fn slot_groups(&self) -> Vec<SlotGroup> {
        let mut groups = vec![];
        if self.common.use_ema {
            groups.push(vec![Slot::zeros("average")]);
        }
        if self.common.accumulation() > 1 {
            groups.push(vec![Slot::zeros("gradient_accumulator")]);
        }
        groups.extend(self.rule.slots());
        groups
    }

    /// The number that is kept once for all variables.
    pub fn shared_slot(&self) -> Option<Slot> {
        self.rule.shared_slot()
    }

    /// New slot variables for these variables, in the order of `slot_groups`, named after the path of their variable; the
    /// shared one comes last.
    pub fn make_slots(&self, variables: &[Variable]) -> Result<Vec<Variable>> {
        let mut slots = vec![];
        let full = |shape: &[usize], variable: &Variable, slot: &Slot| {
            float_dispatch!(
                variable.dtype(),
                T => Tensor::full(shape, slot.initial as T),
                else => Err(self.not_float(variable))
            )
        };
        for group in self.slot_groups() {
            for variable in variables {
                for slot in &group {
                    let tensor = full(variable.shape(), variable, slot)?;
                    let name = format!("{}_{}", variable.path().replace('/', "_"), slot.name);
                    slots.push(Variable::new(tensor, &name, &name, false));
                }
            }
        }
        if let Some(slot) = self.shared_slot() {
            let tensor = match variables.first() {
                Some(first) => full(&[], first, &slot)?,
                None => Tensor::full(&[], slot.initial as f32)?,
            };
            slots.push(Variable::new(tensor, slot.name, slot.name, false));
        }
        Ok(slots)
    }

    /// Binds the variables and their slots (from `make_slots`, or made by the caller in the same order).
    pub fn build(&self, variables: &[Variable], no_decay: &[bool], slots: &[Variable]) -> Result<()> {
        let groups = self.slot_groups();
        let shares = usize::from(self.shared_slot().is_some());
        let wanted = variables.len() * groups.iter().map(Vec::len).sum::<usize>() + shares;
        if no_decay.len() != variables.len() || slots.len() != wanted {
            return Err(Error::value(format!("{}.build", self.name))
                .expected(format!(
                    "{} flags and {wanted} slots for {} variables",
                    variables.len(),
                    variables.len()
                ))
                .got(format!("{} flags and {} slots", no_decay.len(), slots.len())));
        }
        let mut entries: Vec<Entry> = Vec::with_capacity(variables.len());
        for (variable, no_decay) in variables.iter().zip(no_decay) {
            if !variable.dtype().is_float() {
                return Err(self.not_float(variable));
            }
            if entries.iter().any(|e| e.variable.id() == variable.id()) {
                return Err(Error::value(format!("{}.build", self.name))
                    .expected("each variable once")
                    .got(format!("'{}' twice", variable.path())));
            }
            entries.push(Entry {
                variable: variable.clone(),
                decay: !no_decay,
                rate: 1.0,
                average: None,
                accumulator: None,
                slots: SmallVec::new(),
            });
        }
        let mut slots = slots.iter();
        for group in groups {
            for entry in &mut entries {
                for (kind, slot) in group.iter().zip(&mut slots) {
                    if slot.shape() != entry.variable.shape() || slot.dtype() != entry.variable.dtype() {
                        return Err(Error::value(format!("{}.build", self.name))
                            .expected(format!("slot '{}' like {:?}", kind.name, entry.variable))
                            .got(format!("{slot:?}")));
                    }
                    match kind.name {
                        "average" => entry.average = Some(slot.clone()),
                        "gradient_accumulator" => entry.accumulator = Some(slot.clone()),
                        _ => entry.slots.push(slot.clone()),
                    }
                }
            }
        }
        let shared = slots.next().filter(|_| shares == 1).cloned();
        if let Some(shared) = &shared
            && !(shared.dtype().is_float() && shared.shape().is_empty())
        {
            return Err(Error::value(format!("{}.build", self.name))
                .expected("a floating-point number after the slots")
                .got(format!("{shared:?}")));
        }
        *self.entries.write().unwrap_or_else(PoisonError::into_inner) = entries;
        *self.shared.write().unwrap_or_else(PoisonError::into_inner) = shared;
        Ok(())
    }

    /// What the learning rate is multiplied by, one factor for each variable the optimizer was built with.
    pub fn set_rate_factors(&self, factors: &[f64]) -> Result<()> {
        let who = || format!("{}.set_rate_factors", self.name);
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if factors.len() != entries.len() {
            return Err(Error::value(who())
                .expected(format!("a factor for each of {} variables", entries.len()))
                .got(factors.len().to_string()));
        }
        for (factor, entry) in factors.iter().zip(entries.iter()) {
            if !(factor.is_finite() && *factor >= 0.0) {
                return Err(Error::value(who())
                    .expected(format!("a finite factor >= 0 for '{}'", entry.variable.path()))
                    .got(factor.to_string()));
            }
        }
        for (entry, factor) in entries.iter_mut().zip(factors) {
            entry.rate = *factor;
        }
        Ok(())
    }

    /// One update. `variables` are some or all of those the optimizer was built with, `gradients` theirs; `iteration`
    /// counts the calls before this one. Asks the allocator for nothing.
    pub fn apply(
        &self,
        gradients: &[Option<View<'_>>],
        variables: &[Variable],
        learning_rate: f64,
        iteration: u64,
    ) -> Result<()> {
        // Exclusive, so that two updates cannot interleave.
        let entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        self.check(&entries, gradients, variables, learning_rate)?;
        let mut pass = self.pass(learning_rate, iteration);
        if let clip @ Clip::GlobalNorm(_) = self.common.clip()
            && pass.phase == Phase::Update
        {
            let mut sum = 0.0;
            for (i, gradient) in gradients.iter().enumerate() {
                if let Some(gradient) = gradient {
                    sum += squares(find(&entries, variables, i)?, gradient, &pass)?;
                }
            }
            pass.clip_factor = clip_factor(clip, sum);
        }
        for (i, gradient) in gradients.iter().enumerate() {
            let entry = find(&entries, variables, i)?;
            self.update_one(entry, gradient.as_ref(), pass)?;
        }
        if pass.phase == Phase::Update {
            self.share(pass.step.number)?;
        }
        Ok(())
    }

    /// Writes the shared number, if there is one.
    fn share(&self, number: u64) -> Result<()> {
        let shared = self.shared.read().unwrap_or_else(PoisonError::into_inner);
        shared.as_ref().map_or(Ok(()), |variable| {
            float_dispatch!(variable.dtype(), T => variable.update(|mut view| {
                view.slice_mut::<T>()[0] = self.rule.shared(number) as T;
                Ok(())
            }), else => Err(self.not_float(variable)))
        })
    }

    /// The rule alone on one variable: no clipping, decay or averaging around it.
    pub fn update_step(
        &self,
        gradient: &View<'_>,
        variable: &Variable,
        learning_rate: f64,
        iteration: u64,
    ) -> Result<()> {
        let entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        let (gradients, variables) = ([Some(*gradient)], [variable.clone()]);
        self.check(&entries, &gradients, &variables, learning_rate)?;
        let entry = find(&entries, &variables, 0)?;
        let step = Step {
            learning_rate,
            number: iteration / self.common.accumulation() + 1,
            weight_decay: 0.0,
        };
        let pass = Pass {
            step,
            phase: Phase::Update,
            unscale: 1.0,
            mean: 1.0,
            clip_factor: 1.0,
            clip_value: f64::INFINITY,
            weight_decay: 0.0,
            average: None,
        };
        run_one(&*self.rule, entry, Some(gradient), &pass, false)
    }

    fn pass(&self, learning_rate: f64, iteration: u64) -> Pass {
        let common = &self.common;
        let steps = common.accumulation();
        let updates = iteration / steps;
        let average = common.use_ema.then(|| Average {
            momentum: if updates == 0 { 0.0 } else { common.ema_momentum },
            overwrite: common
                .ema_overwrite_frequency
                .is_some_and(|every| (updates + 1).is_multiple_of(every)),
        });
        Pass {
            step: Step {
                learning_rate,
                number: updates + 1,
                weight_decay: 0.0,
            },
            phase: if (iteration + 1).is_multiple_of(steps) {
                Phase::Update
            } else {
                Phase::Collect
            },
            unscale: 1.0 / common.loss_scale_factor.unwrap_or(1.0),
            mean: 1.0 / steps as f64,
            clip_factor: 1.0,
            clip_value: if let Clip::Value(limit) = common.clip() {
                limit
            } else {
                f64::INFINITY
            },
            weight_decay: 0.0,
            average,
        }
    }

    fn update_one(&self, entry: &Entry, gradient: Option<&View<'_>>, mut pass: Pass) -> Result<()> {
        if let (clip @ Clip::Norm(_), Phase::Update, Some(gradient)) =
            (self.common.clip(), pass.phase, gradient)
        {
            pass.clip_factor = clip_factor(clip, squares(entry, gradient, &pass)?);
        }
        if entry.decay {
            pass.weight_decay = self.common.weight_decay.unwrap_or(0.0);
        }
        pass.step.learning_rate *= entry.rate;
        run_one(&*self.rule, entry, gradient, &pass, true)
    }

    fn check(
        &self,
        entries: &[Entry],
        gradients: &[Option<View<'_>>],
        variables: &[Variable],
        learning_rate: f64,
    ) -> Result<()> {
        check_learning_rate(&self.name, learning_rate)?;
        let who = || format!("{}.apply", self.name);
        if gradients.len() != variables.len() {
            return Err(Error::value(who())
                .expected("one gradient for each variable")
                .got(format!(
                    "{} gradients, {} variables",
                    gradients.len(),
                    variables.len()
                )));
        }
        for (i, (gradient, variable)) in gradients.iter().zip(variables).enumerate() {
            find(entries, variables, i).map_err(|e| e.inside(&who()))?;
            if let Some(g) = gradient
                && (g.dtype() != variable.dtype() || g.shape() != variable.shape())
            {
                return Err(Error::value(who())
                    .expected(format!(
                        "a gradient of {} {} for variable '{}'",
                        variable.dtype(),
                        show_shape(variable.shape()),
                        variable.path()
                    ))
                    .got(format!("{} {}", g.dtype(), show_shape(g.shape()))));
            }
        }
        Ok(())
    }

    fn not_float(&self, variable: &Variable) -> Error {
        Error::type_error(format!("{}.build", self.name))
            .expected("trainable variables of float32 or float64")
            .got(format!("{variable:?}"))
    }
}

/// Learning rates are finite and not negative.
pub fn check_learning_rate(who: &str, rate: f64) -> Result<()> {
    if rate.is_finite() && rate >= 0.0 {
        return Ok(());
    }
    Err(Error::value(who)
        .expected("learning_rate to be a finite number >= 0")
        .got(format!("learning_rate={rate}")))
}

/// The entry of `variables[i]`: mostly the one in the same place.
fn find<'a>(entries: &'a [Entry], variables: &[Variable], i: usize) -> Result<&'a Entry> {
    let id = variables[i].id();
    match entries.get(i) {
        Some(entry) if entry.variable.id() == id => Some(entry),
        _ => entries.iter().find(|e| e.variable.id() == id),
    }
    .ok_or_else(|| {
        Error::value("optimizer")
            .expected("a variable the optimizer was built with")
            .got(format!("unknown variable '{}'", variables[i].path()))
            .hint("Make a new optimizer for a new set of variables.")
    })
}

/// The sum of squares of a variable's gradient as it will be used.
fn squares(entry: &Entry, gradient: &View<'_>, pass: &Pass) -> Result<f64> {
    float_dispatch!(gradient.dtype(), T => {
        let collected = entry.accumulator.as_ref().map(Variable::tensor);
        let collected = collected.as_ref().map(Tensor::slice::<T>);
        Ok(square_sum::<T>(gradient.slice(), collected, pass.unscale, pass.mean))
    }, else => Err(Error::runtime("optimizer").expected("a float gradient").got(gradient.dtype().to_string())))
}

/// Locks the variable and all that belongs to it, and updates it.
fn run_one(
    rule: &dyn Rule,
    entry: &Entry,
    gradient: Option<&View<'_>>,
    pass: &Pass,
    around: bool,
) -> Result<()> {
    float_dispatch!(entry.variable.dtype(), T => {
        let extras = [&entry.accumulator, &entry.average];
        let extras = extras.map(|e| e.as_ref().filter(|_| around));
        let mut locks: SmallVec<[&Variable; 6]> = SmallVec::new();
        locks.push(&entry.variable);
        locks.extend(&entry.slots);
        locks.extend(extras.into_iter().flatten());
        let mut memory: SmallVec<[Memory; 6]> = SmallVec::new();
        with_memory(&locks, &mut memory, &mut |memory| {
            // SAFETY: `with_memory` holds every lock while this runs; the variables are different ones, each taken once.
            let mut cut = memory.iter().map(|m| unsafe { m.slice::<T>() });
            let weights = cut.next().unwrap_or_default();
            let mut slots: SmallVec<[&mut [T]; 3]> = cut.by_ref().take(entry.slots.len()).collect();
            let [accumulator, average] = extras.map(|e| e.and_then(|_| cut.next()));
            let gradient = gradient.map(View::slice::<T>);
            let row = entry.variable.shape().iter().skip(1).product();
            update(rule, pass, Tensors { weights, gradient, slots: &mut slots, accumulator, average, row });
        })
    }, else => Err(Error::runtime("optimizer").expected("a float variable").got(entry.variable.dtype().to_string())))
}

/// Where a locked variable's elements are.
struct Memory {
    start: *mut u8,
    len: usize,
}

impl Memory {
    fn of(view: &mut ViewMut<'_>) -> Self {
        Self {
            start: view.as_mut_ptr(),
            len: view.len(),
        }
    }

    /// # Safety
    /// The lock must be held, `T` must be the variable's type, and no other slice of this memory may be alive.
    unsafe fn slice<'a, T: Ruled>(&self) -> &'a mut [T] {
        // SAFETY: by the caller's promise; a variable's memory is aligned and initialised.
        unsafe { std::slice::from_raw_parts_mut(self.start.cast(), self.len) }
    }
}

/// Locks the variables one inside the other, then runs `f` on their memory.
fn with_memory(
    variables: &[&Variable],
    memory: &mut SmallVec<[Memory; 6]>,
    f: &mut dyn FnMut(&[Memory]),
) -> Result<()> {
    let Some((first, rest)) = variables.split_first() else {
        f(memory);
        return Ok(());
    };
    first.update(|mut view| {
        memory.push(Memory::of(&mut view));
        with_memory(rest, memory, f)
    })
}

#[cfg(test)]
#[path = "optimizer_tests.rs"]
mod tests;
