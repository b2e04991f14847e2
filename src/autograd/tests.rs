//! The engine as a whole: traced equals eager, memory is shared only where that is sound, effects come last.

use super::{Graph, Key, Tape, Value, Variable};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::ops::{self, Axes};
use crate::shape::Spec;
use crate::tensor::{Tensor, View};

fn tensor(shape: &[usize], data: &[f64]) -> Tensor {
    Tensor::from_slice(shape, data).unwrap()
}

fn variable(name: &str, shape: &[usize], data: &[f64]) -> Variable {
    Variable::new(tensor(shape, data), name, name, true)
}

fn quiet() -> Result<()> {
    Ok(())
}

/// Traces f on inputs with an open first axis, runs it, gives the outputs.
fn traced(inputs: &[Tensor], f: impl Fn(&[Value]) -> Result<Vec<Value>>) -> Result<Vec<Tensor>> {
    let graph = Graph::new();
    graph.enter();
    let symbols: Vec<Value> = inputs
        .iter()
        .map(|t| {
            graph.input(Spec::new(
                t.dtype(),
                std::iter::once(None).chain(t.shape()[1..].iter().copied().map(Some)),
            ))
        })
        .collect();
    let outputs = f(&symbols);
    graph.exit();
    let program = graph.compile(&outputs?)?;
    let views: Vec<View<'_>> = inputs.iter().map(Tensor::view).collect();
    let plan = program.plan(&views)?;
    program.run(&plan, &views, &quiet, |done| {
        (0..done.len()).map(|i| done.output(i).to_tensor()).collect()
    })
}

#[test]
fn elementwise_chains_reuse_memory_and_keep_values_that_are_read_later() {
    let x = tensor(&[3], &[1.0, 2.0, 3.0]);
    let f = |v: &[Value]| {
        let a = ops::exp(&v[0])?;
        let b = ops::add(&a, &a)?; // a is read twice by one op: no writing over it
        let c = ops::multiply(&b, &a)?; // a is read once more
        let d = ops::negative(&c)?; // c is not read again
        Ok(vec![d, b])
    };
    let got = traced(std::slice::from_ref(&x), f).unwrap();
    for (i, v) in [1.0f64, 2.0, 3.0].into_iter().enumerate() {
        let a = v.exp();
        assert!((got[0].slice::<f64>()[i] + 2.0 * a * a).abs() < 1e-12 * a * a);
        assert!((got[1].slice::<f64>()[i] - 2.0 * a).abs() < 1e-12 * a);
    }
}

#[test]
fn outputs_that_are_inputs_variables_or_constants_are_copied() {
    let w = variable("w", &[2], &[5.0, 6.0]);
    let x = tensor(&[2], &[1.0, 2.0]);
    let got = traced(&[x], |v| {
        Ok(vec![
            v[0].clone(),
            w.value(),
            v[0].like(7.0)?,
            ops::reshape(&v[0], &[-1, 1])?,
        ])
    })
    .unwrap();
    assert_eq!(got[0].slice::<f64>(), &[1.0, 2.0]);
    assert_eq!(got[1].slice::<f64>(), &[5.0, 6.0]);
    assert_eq!(got[2].slice::<f64>(), &[7.0]);
    assert_eq!(got[3].shape(), &[2, 1]);
}

#[test]
fn assignments_happen_after_the_run_and_are_seen_later_in_the_trace() {
    let (a, b) = (variable("a", &[], &[1.0]), variable("b", &[], &[10.0]));
    let graph = Graph::new();
    graph.enter();
    let x = graph.input(Spec::new(DType::F64, []));
    let old_a = a.value();
    a.assign(&b.value()).unwrap(); // a and b swap
    b.assign(&old_a).unwrap();
    a.assign(&ops::add(&a.value(), &x).unwrap()).unwrap(); // reads the value just assigned
    graph.exit();
    let program = graph.compile(&[]).unwrap();
    let one = tensor(&[], &[0.5]);
    let run = || {
        let views = [one.view()];
        let plan = program.plan(&views).unwrap();
        program.run(&plan, &views, &quiet, |_| Ok(())).unwrap();
        (a.tensor().view().item(), b.tensor().view().item())
    };
    assert_eq!(run(), (10.5, 1.0));
    assert_eq!(run(), (1.5, 10.5));
}

#[test]
fn a_pure_program_leaves_the_assignments_out() {
    let w = variable("w", &[], &[2.0]);
    let graph = Graph::new();
    graph.enter();
    let doubled = ops::add(&w.value(), &w.value()).unwrap();
    w.assign(&doubled).unwrap();
    let after = w.value();
    graph.exit();
    let program = graph.compile_pure(&[after]).unwrap();
    let plan = program.plan(&[]).unwrap();
    let seen = program
        .run(&plan, &[], &quiet, |done| Ok(done.output(0).item()))
        .unwrap();
    assert_eq!((seen, w.tensor().view().item()), (4.0, 2.0));
}

#[test]
fn an_error_on_the_way_changes_nothing() {
    let w = variable("w", &[], &[1.0]);
    let graph = Graph::new();
    graph.enter();
    let labels = graph.input(Spec::new(DType::I32, [None]));
    let logits = graph.input(Spec::new(DType::F64, [None, Some(2)]));
    w.assign(&ops::add(&w.value(), &w.value()).unwrap()).unwrap();
    let loss = ops::sparse_softmax_crossentropy(&labels, &logits).unwrap();
    graph.exit();
    let program = graph.compile(&[loss]).unwrap();
    let (y, x) = (
        Tensor::from_slice(&[1], &[7i32]).unwrap(),
        tensor(&[1, 2], &[0.0, 0.0]),
    );
    let views = [y.view(), x.view()];
    let plan = program.plan(&views).unwrap();
    let error = program
        .run(&plan, &views, &quiet, |_| Ok(()))
        .unwrap_err()
        .to_string();
    assert!(error.contains("[0, 2)") && error.contains('7'), "{error}");
    let stopped = program.run(&plan, &views, &|| Err(Error::interrupted()), |_| Ok(()));
    assert_eq!(stopped.unwrap_err(), Error::interrupted());
    assert_eq!(w.tensor().view().item(), 1.0);
}

#[test]
fn a_snapshot_keeps_its_numbers_while_the_variable_moves_on() {
    let w = variable("w", &[2], &[1.0, 2.0]);
    let before = w.tensor();
    w.set(&tensor(&[2], &[3.0, 4.0])).unwrap();
    assert_eq!(before.slice::<f64>(), &[1.0, 2.0]);
    assert_eq!(w.tensor().slice::<f64>(), &[3.0, 4.0]);
    assert!(
        w.set(&tensor(&[1], &[3.0]))
            .unwrap_err()
            .to_string()
            .contains("(2,)")
    );
}

/// loss = mean of (tanh(x w) + w0)^2, as a function of x and the variable.
fn loss(x: &Value, w: &Value) -> Result<Value> {
    let h = ops::tanh(&ops::matmul(x, w)?)?;
    ops::mean(
        &ops::square(&ops::add(&h, &ops::sum(w, Axes::All, false)?)?)?,
        Axes::All,
        false,
    )
}

#[test]
fn traced_gradients_equal_those_of_the_tape_to_the_bit() {
    let w = variable("w", &[2, 3], &[0.1, -0.2, 0.3, 0.4, 0.5, -0.6]);
    let x = tensor(&[4, 2], &[1.0, 2.0, 3.0, -4.0, 0.5, 0.25, -1.0, 1.0]);

    let tape = Tape::new(true);
    tape.start();
    let y = loss(&x.clone().into(), &w.value()).unwrap();
    tape.stop();
    let keys: Vec<Key> = vec![w.eager().key()];
    let eager = tape
        .gradient(&[(y.clone(), None)], &keys)
        .unwrap()
        .remove(0)
        .unwrap();

    let graph = Graph::new();
    graph.enter();
    let input = graph.input(Spec::new(DType::F64, [None, Some(2)]));
    let y = loss(&input, &w.value()).unwrap();
    let key = graph.variable_key(&w).unwrap();
    let gradient = graph
        .gradients(&[(y.clone(), None)], &[key])
        .unwrap()
        .remove(0)
        .unwrap();
    graph.exit();
    let program = graph.compile(&[gradient]).unwrap();
    let views = [x.view()];
    let plan = program.plan(&views).unwrap();
    let traced = program
        .run(&plan, &views, &quiet, |done| done.output(0).to_tensor())
        .unwrap();
    assert_eq!(traced.slice::<f64>(), eager.tensor().unwrap().slice::<f64>());
}

#[test]
fn nested_tapes_give_second_derivatives() {
    let x: Value = tensor(&[], &[2.0]).into();
    let (outer, inner) = (Tape::new(true), Tape::new(true));
    outer.watch(&x);
    inner.watch(&x);
    outer.start();
    inner.start();
    let y = ops::multiply(&ops::multiply(&x, &x).unwrap(), &x).unwrap();
    inner.stop();
    let first = inner
        .gradient(&[(y.clone(), None)], &[x.key()])
        .unwrap()
        .remove(0)
        .unwrap();
    outer.stop();
    let second = outer
        .gradient(&[(first.clone(), None)], &[x.key()])
        .unwrap()
        .remove(0)
        .unwrap();
    assert_eq!(first.tensor().unwrap().view().item(), 12.0);
    assert_eq!(second.tensor().unwrap().view().item(), 12.0);
}

#[test]
fn unconnected_sources_have_no_gradient_and_values_of_two_traces_do_not_mix() {
    let (x, z): (Value, Value) = (tensor(&[], &[2.0]).into(), tensor(&[], &[3.0]).into());
    let tape = Tape::new(true);
    tape.watch(&x);
    tape.watch(&z);
    tape.start();
    let y = ops::square(&x).unwrap();
    tape.stop();
    let grads = tape.gradient(&[(y.clone(), None)], &[x.key(), z.key()]).unwrap();
    assert!(grads[0].is_some() && grads[1].is_none());

    let (g, h) = (Graph::new(), Graph::new());
    let (a, b) = (
        g.input(Spec::new(DType::F64, [])),
        h.input(Spec::new(DType::F64, [])),
    );
    assert!(ops::add(&a, &b).unwrap_err().to_string().contains("one trace"));
    assert!(a.tensor().unwrap_err().to_string().contains("run_eagerly=True"));
}

#[test]
fn steady_state_asks_for_no_memory_and_batches_may_change_size() {
    let w = variable("w", &[2, 3], &[0.1, -0.2, 0.3, 0.4, 0.5, -0.6]);
    let graph = Graph::new();
    graph.enter();
    let input = graph.input(Spec::new(DType::F64, [None, Some(2)]));
    let y = loss(&input, &w.value()).unwrap();
    graph.exit();
    let program = graph.compile(&[y]).unwrap();
    let run = |rows: usize| {
        let x = tensor(&[rows, 2], &vec![0.5; rows * 2]);
        let views = [x.view()];
        let plan = program.plan(&views).unwrap();
        program
            .run(&plan, &views, &quiet, |done| Ok(done.output(0).item()))
            .unwrap()
    };
    let (large, small) = (run(64), run(5));
    assert!(
        (large - small).abs() < 1e-12,
        "the mean of equal rows does not depend on their number"
    );
    assert_eq!(run(64), large);
}
