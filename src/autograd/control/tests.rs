//! Control flow against the same ops written out, values and gradients; captures, state, errors, memory.

use super::{Body, cond, custom_gradient_traced, scan, while_loop};
use crate::autograd::{Graph, Key, Program, Value, Variable};
use crate::dtype::DType;
use crate::error::Result;
use crate::ops::{self, Axes};
use crate::shape::Spec;
use crate::tensor::{Tensor, View};

fn tensor(shape: &[usize], data: &[f64]) -> Tensor {
    Tensor::from_slice(shape, data).unwrap()
}

fn run(program: &Program, inputs: &[&Tensor]) -> Result<Vec<Vec<f64>>> {
    let views: Vec<View<'_>> = inputs.iter().map(|t| t.view()).collect();
    let plan = program.plan(&views)?;
    program.run(&plan, &views, &|| Ok(()), |done| {
        (0..done.len())
            .map(|i| Ok(done.output(i).slice::<f64>().to_vec()))
            .collect()
    })
}

/// Traces f on (x with an open first axis), and compiles y = f(x), dy/dx and d(sum (dy/dx)^2)/dx.
fn with_derivatives(rank: usize, f: &dyn Fn(&Value) -> Result<Value>) -> Result<Program> {
    let graph = Graph::new();
    let dims = std::iter::once(None).chain(std::iter::repeat_n(Some(2), rank - 1));
    let x = graph.input(Spec::new(DType::F64, dims));
    let _entered = graph.entered();
    let y = f(&x)?;
    let first = graph
        .gradients(&[(y.clone(), None)], &[x.key()])?
        .remove(0)
        .unwrap();
    let length = ops::sum(&ops::square(&first)?, Axes::All, false)?;
    let second = graph.gradients(&[(length, None)], &[x.key()])?.remove(0);
    let second = super::block::or_zeros(second, &x)?;
    graph.compile(&[y, first, second])
}

/// A branch or body of the graph in progress.
fn body(specs: &[Spec], f: impl FnOnce(&[Value]) -> Result<Vec<Value>>) -> Result<Body> {
    let (graph, arguments) = crate::autograd::tracing().unwrap().child(specs);
    let entered = graph.entered();
    let outputs = f(&arguments)?;
    drop(entered);
    Body::new(&graph, &outputs)
}

fn close(a: &[f64], b: &[f64]) {
    assert_eq!(a.len(), b.len());
    for (x, y) in a.iter().zip(b) {
        assert!((x - y).abs() <= 1e-12 * (1.0 + y.abs()), "{a:?} {b:?}");
    }
}

#[test]
fn only_the_branch_that_is_chosen_counts() {
    let f = |x: &Value| {
        let total = ops::sum(x, Axes::All, false)?;
        let positive = ops::greater(&total, &total.like(0.0)?)?;
        let cube = body(&[], |_| Ok(vec![ops::multiply(&ops::square(x)?, x)?]))?;
        let exp = body(&[], |_| Ok(vec![ops::exp(x)?]))?;
        ops::sum(&cond(&positive, vec![cube, exp], &[])?[0], Axes::All, false)
    };
    let program = with_derivatives(1, &f).unwrap();
    let cubes = run(&program, &[&tensor(&[2], &[1.0, 2.0])]).unwrap();
    close(&cubes[0], &[9.0]);
    close(&cubes[1], &[3.0, 12.0]);
    close(&cubes[2], &[2.0 * 3.0 * 6.0, 2.0 * 12.0 * 12.0]);
    let e = (-1.0f64).exp();
    let exps = run(&program, &[&tensor(&[3], &[-1.0, -1.0, -1.0])]).unwrap();
    close(&exps[0], &[3.0 * e]);
    close(&exps[1], &[e; 3]);
    close(&exps[2], &[2.0 * e * e; 3]);
}

/// c ← tanh(c w + x_t), y_t = c x_t; sum of all y and of the last c.
fn recurrence(x: &Value, w: &Value, reverse: bool, unrolled: Option<usize>) -> Result<Value> {
    let step = |c: &Value, x: &Value| -> Result<(Value, Value)> {
        let next = ops::tanh(&ops::add(&ops::multiply(c, w)?, x)?)?;
        Ok((next, ops::multiply(c, x)?))
    };
    let start: Value = tensor(&[2], &[0.5, -0.25]).into();
    let (last, ys) = if let Some(n) = unrolled {
        let (mut c, mut ys) = (start, Vec::new());
        for t in 0..n {
            let t = if reverse { n - 1 - t } else { t };
            let row = ops::slice_axis(x, 0, t as i64, Some(t as i64 + 1))?;
            let (next, y) = step(&c, &ops::reshape(&row, &[2])?)?;
            c = next;
            ys.push(ops::sum(&y, Axes::All, false)?);
        }
        let mut total = ys[0].clone();
        for y in &ys[1..] {
            total = ops::add(&total, y)?;
        }
        (c, total)
    } else {
        let specs = [Spec::known(DType::F64, &[2]), Spec::known(DType::F64, &[2])];
        let body = body(&specs, |v| {
            let (next, y) = step(&v[0], &v[1])?;
            Ok(vec![next, y])
        })?;
        let mut made = scan(body, &[start], std::slice::from_ref(x), None, reverse, &[])?;
        let ys = made.remove(1);
        (made.remove(0), ops::sum(&ys, Axes::All, false)?)
    };
    ops::add(&ops::sum(&last, Axes::All, false)?, &ys)
}

#[test]
fn a_scan_equals_its_steps_written_out_and_so_do_its_derivatives() {
    let x = tensor(&[4, 2], &[0.3, -0.7, 1.1, 0.2, -0.4, 0.9, 0.6, -1.3]);
    let w = Variable::new(tensor(&[2], &[1.5, -0.8]), "w", "w", true);
    for reverse in [false, true] {
        let looped = with_derivatives(2, &|x| recurrence(x, &w.value(), reverse, None)).unwrap();
        let plain = with_derivatives(2, &|x| recurrence(x, &w.value(), reverse, Some(4))).unwrap();
        let (a, b) = (run(&looped, &[&x]).unwrap(), run(&plain, &[&x]).unwrap());
        for (a, b) in a.iter().zip(&b) {
            close(a, b);
        }
    }
}

#[test]
fn gradients_of_captured_variables_add_up_over_the_steps() {
    let x = tensor(&[3, 2], &[0.3, -0.7, 1.1, 0.2, -0.4, 0.9]);
    let w = Variable::new(tensor(&[2], &[1.5, -0.8]), "w", "w", true);
    let gradient = |unrolled: Option<usize>| {
        let graph = Graph::new();
        let input = graph.input(Spec::new(DType::F64, [None, Some(2)]));
        let _entered = graph.entered();
        let y = recurrence(&input, &w.value(), false, unrolled).unwrap();
        let key: Key = graph.variable_key(&w).unwrap();
        let grad = graph.gradients(&[(y, None)], &[key]).unwrap().remove(0).unwrap();
        run(&graph.compile(&[grad]).unwrap(), &[&x]).unwrap().remove(0)
    };
    close(&gradient(None), &gradient(Some(3)));
}

#[test]
fn a_linear_scan_of_unknown_length_has_a_gradient() {
    // Nothing of the forward pass is needed backward but the number of steps.
    let program = with_derivatives(2, &|x| {
        let spec = Spec::known(DType::F64, &[2]);
        let body = body(&[spec.clone(), spec], |v| Ok(vec![ops::add(&v[0], &v[1])?]))?;
        let start: Value = tensor(&[2], &[0.0, 0.0]).into();
        let last = scan(body, &[start], std::slice::from_ref(x), None, false, &[])?;
        ops::sum(&last[0], Axes::All, false)
    })
    .unwrap();
    let got = run(&program, &[&tensor(&[3, 2], &[1.0; 6])]).unwrap();
    close(&got[0], &[6.0]);
    close(&got[1], &[1.0; 6]);
    let none = run(&program, &[&tensor(&[0, 2], &[])]).unwrap();
    close(&none[0], &[0.0]);
}

#[test]
fn variables_assigned_in_bodies_and_branches_are_carried_on() {
    let count = Variable::new(tensor(&[], &[1.0]), "count", "count", false);
    let graph = Graph::new();
    let x = graph.input(Spec::new(DType::F64, []));
    let entered = graph.entered();
    let one = x.like(1.0).unwrap();
    let add_one = || count.assign(&ops::add(&count.value(), &one)?);
    let looped = body(&[x.spec()], |v| {
        add_one()?;
        Ok(vec![ops::multiply(&v[0], &count.value())?])
    })
    .unwrap();
    let made = scan(looped, std::slice::from_ref(&x), &[], Some(3), false, &[]).unwrap();
    let condition = ops::greater(&x, &one).unwrap();
    let yes = body(&[], |_| {
        add_one()?;
        Ok(vec![x.clone()])
    })
    .unwrap();
    let no = body(&[], |_| Ok(vec![x.clone()])).unwrap();
    cond(&condition, vec![yes, no], &[]).unwrap();
    // The condition sees what the body did.
    let test = body(&[x.spec()], |_| {
        Ok(vec![ops::less(&count.value(), &x.like(10.0)?)?])
    })
    .unwrap();
    let more = body(&[x.spec()], |v| {
        add_one()?;
        Ok(vec![v[0].clone()])
    })
    .unwrap();
    let before = count.value();
    while_loop(test, more, std::slice::from_ref(&x), None, &[]).unwrap();
    drop(entered);
    let program = graph.compile(&[made[0].clone(), before]).unwrap();
    let got = run(&program, &[&tensor(&[], &[2.0])]).unwrap();
    assert_eq!(got, vec![vec![2.0 * 2.0 * 3.0 * 4.0], vec![5.0]]);
    assert_eq!(count.tensor().view().item(), 10.0);
}

#[test]
fn loops_inside_branches_inside_loops() {
    // Sum over t of (x_t² n if x_t > 0, else 0), where n comes from outside.
    let f = |x: &Value| {
        let n = ops::sum(&ops::ones_like(x)?, Axes::All, false)?;
        let spec = Spec::known(DType::F64, &[]);
        let step = body(&[spec.clone(), spec.clone()], |v| {
            let (c, x) = (&v[0], &v[1]);
            let zero = x.like(0.0)?;
            let yes = body(&[], |_| {
                // x² n as a loop of two steps: n x x.
                let inner = body(std::slice::from_ref(&spec), |v| {
                    Ok(vec![ops::multiply(&v[0], x)?])
                })?;
                scan(inner, std::slice::from_ref(&n), &[], Some(2), false, &[])
            })?;
            let no = body(&[], |_| Ok(vec![zero.clone()]))?;
            let y = cond(&ops::greater(x, &zero)?, vec![yes, no], &[])?.remove(0);
            Ok(vec![ops::add(c, &y)?])
        })?;
        Ok(scan(step, &[n.like(0.0)?], std::slice::from_ref(x), None, false, &[])?.remove(0))
    };
    let program = with_derivatives(1, &f).unwrap();
    let got = run(&program, &[&tensor(&[3], &[1.0, -2.0, 3.0])]).unwrap();
    close(&got[0], &[30.0]);
    close(&got[1], &[6.0, 0.0, 18.0]);
    close(&got[2], &[72.0, 0.0, 216.0]);
}

#[test]
fn shapes_that_disagree_are_named() {
    let graph = Graph::new();
    let x = graph.input(Spec::new(DType::F64, [None, Some(3)]));
    let _entered = graph.entered();
    let total = ops::sum(&x, Axes::All, false).unwrap();
    let positive = ops::greater(&total, &total.like(0.0).unwrap()).unwrap();
    let same = body(&[], |_| Ok(vec![x.clone()])).unwrap();
    let cut = body(&[], |_| Ok(vec![ops::slice_axis(&x, 1, 0, Some(2))?])).unwrap();
    let error = cond(&positive, vec![same, cut], &["a".into()])
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("(None, 3)") && error.contains("(None, 2)") && error.contains("for a"),
        "{error}"
    );
    let grows = body(&[Spec::known(DType::F64, &[2])], |v| {
        Ok(vec![ops::concatenate(&[v[0].clone(), v[0].clone()], 0)?])
    })
    .unwrap();
    let start: Value = tensor(&[2], &[0.0, 0.0]).into();
    let error = scan(grows, &[start], &[], Some(2), false, &["carry['h']".into()])
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("carry['h']") && error.contains("(2,)") && error.contains("(4,)"),
        "{error}"
    );
    let stray = std::cell::RefCell::new(None);
    let keeps = body(&[], |_| {
        *stray.borrow_mut() = Some(ops::exp(&x)?);
        Ok(vec![])
    });
    drop(keeps);
    let error = ops::add(&x, stray.borrow().as_ref().unwrap())
        .unwrap_err()
        .to_string();
    assert!(error.contains("branch or loop body"), "{error}");
}

#[test]
fn a_while_loop_has_no_gradient_and_says_so() {
    let error = with_derivatives(1, &|x| {
        let spec = x.spec();
        let test = body(std::slice::from_ref(&spec), |v| {
            let total = ops::sum(&v[0], Axes::All, false)?;
            Ok(vec![ops::less(&total, &total.like(100.0)?)?])
        })?;
        let twice = body(&[spec], |v| Ok(vec![ops::add(&v[0], &v[0])?]))?;
        ops::sum(
            &while_loop(test, twice, std::slice::from_ref(x), None, &[])?[0],
            Axes::All,
            false,
        )
    })
    .unwrap_err()
    .to_string();
    assert!(error.contains("fori_loop") && error.contains("scan"), "{error}");
}

#[test]
fn a_rule_of_ones_own_replaces_the_gradient_and_is_differentiated_itself() {
    // y = x², with the gradient 7 x² g.
    let program = with_derivatives(1, &|x| {
        let y = ops::square(x)?;
        let rule = body(&[y.spec()], |g| {
            Ok(vec![ops::multiply(
                &ops::multiply(&g[0], &ops::square(x)?)?,
                &x.like(7.0)?,
            )?])
        })?;
        let y = custom_gradient_traced(&[y], std::slice::from_ref(x), rule, &[0])?;
        ops::sum(&y[0], Axes::All, false)
    })
    .unwrap();
    let got = run(&program, &[&tensor(&[2], &[1.0, 2.0])]).unwrap();
    close(&got[0], &[5.0]);
    close(&got[1], &[7.0, 28.0]);
    close(&got[2], &[2.0 * 7.0 * 14.0, 2.0 * 28.0 * 28.0]);
}

#[test]
fn what_only_a_gradient_would_need_is_not_computed_without_one() {
    let graph = Graph::new();
    let x = graph.input(Spec::new(DType::F64, [None]));
    let _entered = graph.entered();
    let y = ops::square(&x).unwrap();
    let costly = ops::exp(&x).unwrap();
    let rule = body(&[y.spec()], |g| Ok(vec![ops::multiply(&g[0], &costly)?])).unwrap();
    let y = custom_gradient_traced(&[y], &[x], rule, &[0]).unwrap();
    let names = graph.compile(&y).unwrap().op_names();
    assert_eq!(names, ["square"]);
}

#[test]
fn a_loop_in_its_steady_state_plans_nothing_anew() {
    let x = tensor(&[50, 2], &[0.1; 100]);
    let program = with_derivatives(2, &|x| {
        let w: Value = tensor(&[2], &[0.5, 0.5]).into();
        recurrence(x, &w, false, None)
    })
    .unwrap();
    let first = run(&program, &[&x]).unwrap();
    for _ in 0..3 {
        assert_eq!(run(&program, &[&x]).unwrap(), first);
    }
    // Several threads, each with memory of its own.
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| (0..20).all(|_| run(&program, &[&x]).unwrap() == first)))
            .collect();
        assert!(runs.into_iter().all(|r| r.join().unwrap()));
    });
}

#[test]
fn a_run_that_is_stopped_stops_inside_a_loop() {
    let graph = Graph::new();
    let x = graph.input(Spec::new(DType::F64, []));
    let entered = graph.entered();
    let forever = body(&[x.spec()], |v| Ok(vec![ops::less_equal(&v[0], &v[0])?])).unwrap();
    let same = body(&[x.spec()], |v| Ok(vec![ops::negative(&v[0])?])).unwrap();
    let made = while_loop(forever, same, &[x], None, &[]).unwrap();
    drop(entered);
    let program = graph.compile(&made).unwrap();
    let one = tensor(&[], &[1.0]);
    let views = [one.view()];
    let plan = program.plan(&views).unwrap();
    let looks = std::cell::Cell::new(0);
    let poll = || {
        looks.set(looks.get() + 1);
        if looks.get() > 100 {
            Err(crate::error::Error::interrupted())
        } else {
            Ok(())
        }
    };
    let stopped = program.run(&plan, &views, &poll, |_| Ok(()));
    assert_eq!(stopped.unwrap_err(), crate::error::Error::interrupted());
}
