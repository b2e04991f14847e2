//! A stand-in scope: inside it, variables stand for other values, and what is assigned to them stays in the scope.

use std::cell::RefCell;
use std::collections::HashMap;

use super::value::Value;
use super::variable::Variable;

thread_local! {
    static ACTIVE: RefCell<Vec<HashMap<u64, Value>>> = const { RefCell::new(Vec::new()) };
}

/// Opens a scope on this thread, in which each variable stands for the value beside it.
pub fn enter(values: impl IntoIterator<Item = (Variable, Value)>) {
    let values = values.into_iter().map(|(v, value)| (v.id(), value)).collect();
    ACTIVE.with(|active| active.borrow_mut().push(values));
}

/// Closes the innermost scope of this thread; what its variables stood for at the end, by variable.
pub fn leave() -> HashMap<u64, Value> {
    ACTIVE
        .with(|active| active.borrow_mut().pop())
        .unwrap_or_default()
}

/// What a variable stands for in the scopes of this thread, if anything.
pub fn read(variable: u64) -> Option<Value> {
    ACTIVE.with(|active| {
        active
            .borrow()
            .iter()
            .rev()
            .find_map(|scope| scope.get(&variable).cloned())
    })
}

/// Keeps a value that is assigned to a variable, if a scope is open on this thread; whether one is.
pub fn write(variable: u64, value: &Value) -> bool {
    ACTIVE.with(|active| match active.borrow_mut().last_mut() {
        Some(scope) => {
            scope.insert(variable, value.clone());
            true
        }
        None => false,
    })
}
