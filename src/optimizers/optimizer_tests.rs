use super::*;
use crate::dtype::DType;

fn variable(name: &str, values: &[f64]) -> Variable {
    Variable::new(
        Tensor::from_slice(&[values.len()], values).unwrap(),
        name,
        name,
        true,
    )
}

fn built(class_name: &str, config: &str, variables: &[Variable]) -> (Optimizer, Vec<Variable>) {
    let optimizer = Optimizer::new(class_name, config).unwrap();
    let slots = optimizer.make_slots(variables).unwrap();
    optimizer
        .build(variables, &vec![false; variables.len()], &slots)
        .unwrap();
    (optimizer, slots)
}

fn values(variable: &Variable) -> Vec<f64> {
    variable.tensor().slice::<f64>().to_vec()
}

fn step(optimizer: &Optimizer, variables: &[Variable], gradients: &[&[f64]], lr: f64, iteration: u64) {
    let tensors: Vec<Tensor> = gradients
        .iter()
        .map(|g| Tensor::from_slice(&[g.len()], g).unwrap())
        .collect();
    let views: Vec<Option<View<'_>>> = tensors.iter().map(|t| Some(t.view())).collect();
    optimizer.apply(&views, variables, lr, iteration).unwrap();
}

#[test]
fn slots_come_in_the_order_of_saved_files() {
    let vars = [variable("a", &[1.0]), variable("d/b", &[2.0])];
    let names = |class_name: &str, config: &str| -> Vec<String> {
        built(class_name, config, &vars)
            .1
            .iter()
            .map(Variable::name)
            .collect()
    };
    assert!(names("SGD", "{}").is_empty());
    assert_eq!(
        names("SGD", r#"{"momentum": 0.9}"#),
        ["a_momentum", "d_b_momentum"]
    );
    assert_eq!(
        names("Adam", r#"{"amsgrad": true}"#),
        [
            "a_momentum",
            "a_velocity",
            "d_b_momentum",
            "d_b_velocity",
            "a_velocity_hat",
            "d_b_velocity_hat"
        ]
    );
    assert_eq!(
        names("RMSprop", r#"{"momentum": 0.9, "centered": true}"#),
        [
            "a_velocity",
            "d_b_velocity",
            "a_momentum",
            "d_b_momentum",
            "a_average_gradient",
            "d_b_average_gradient"
        ]
    );
    assert_eq!(
        names(
            "Adagrad",
            r#"{"use_ema": true, "gradient_accumulation_steps": 2}"#
        ),
        [
            "a_average",
            "d_b_average",
            "a_gradient_accumulator",
            "d_b_gradient_accumulator",
            "a_accumulator",
            "d_b_accumulator"
        ]
    );
    assert_eq!(
        names("Nadam", "{}"),
        [
            "a_momentum",
            "a_velocity",
            "d_b_momentum",
            "d_b_velocity",
            "variable"
        ]
    );
}

#[test]
fn a_shared_number_is_kept_with_the_updates() {
    let vars = [variable("a", &[1.0])];
    let (optimizer, slots) = built("Nadam", r#"{"gradient_accumulation_steps": 2}"#, &vars);
    let shared = slots.last().unwrap();
    assert_eq!(values(shared), [1.0]);
    step(&optimizer, &vars, &[&[1.0]], 0.1, 0);
    assert_eq!(values(shared), [1.0]);
    step(&optimizer, &vars, &[&[1.0]], 0.1, 1);
    assert!((values(shared)[0] - 0.9 * (1.0 - 0.5 * 0.96)).abs() < 1e-15);
}

#[test]
fn averaged_descent_decays_through_the_gradient() {
    let vars = [variable("a", &[2.0])];
    let (optimizer, slots) = built("ASGD", r#"{"weight_decay": 0.25, "lambd": 0.0}"#, &vars);
    step(&optimizer, &vars, &[&[1.0]], 0.5, 0);
    assert_eq!(values(&vars[0]), [2.0 - 0.5 * 1.5]);
    assert_eq!(values(&slots[0]), values(&vars[0]));
}

#[test]
fn accumulated_gradients_give_the_step_of_their_mean() {
    let vars = [variable("a", &[1.0, 2.0])];
    let (optimizer, _) = built("SGD", r#"{"gradient_accumulation_steps": 2}"#, &vars);
    step(&optimizer, &vars, &[&[1.0, 0.0]], 0.1, 0);
    assert_eq!(values(&vars[0]), [1.0, 2.0]);
    step(&optimizer, &vars, &[&[3.0, -2.0]], 0.1, 1);
    assert_eq!(values(&vars[0]), [1.0 - 0.1 * 2.0, 2.0 + 0.1]);
}

#[test]
fn the_global_norm_is_that_of_all_gradients() {
    let vars = [variable("a", &[0.0]), variable("b", &[0.0])];
    let (optimizer, _) = built("SGD", r#"{"global_clipnorm": 1.0}"#, &vars);
    step(&optimizer, &vars, &[&[3.0], &[4.0]], 1.0, 0);
    assert!((values(&vars[0])[0] + 0.6).abs() < 1e-15 && (values(&vars[1])[0] + 0.8).abs() < 1e-15);

    let vars = [variable("a", &[0.0]), variable("b", &[0.0])];
    let (optimizer, _) = built("SGD", r#"{"clipnorm": 1.0}"#, &vars);
    step(&optimizer, &vars, &[&[3.0], &[0.5]], 1.0, 0);
    assert_eq!((values(&vars[0])[0], values(&vars[1])[0]), (-1.0, -0.5));
}

#[test]
fn the_average_starts_at_the_weights_and_overwrites_them_on_time() {
    let vars = [variable("a", &[1.0])];
    let config = r#"{"use_ema": true, "ema_momentum": 0.5, "ema_overwrite_frequency": 2}"#;
    let (optimizer, slots) = built("SGD", config, &vars);
    step(&optimizer, &vars, &[&[1.0]], 0.1, 0);
    assert_eq!((values(&slots[0])[0], values(&vars[0])[0]), (0.9, 0.9));
    step(&optimizer, &vars, &[&[1.0]], 0.1, 1);
    let average = 0.5 * 0.9 + 0.5 * (0.9 - 0.1);
    assert!((values(&vars[0])[0] - average).abs() < 1e-15);
}

#[test]
fn decay_spares_the_excluded() {
    let vars = [variable("a", &[1.0]), variable("b", &[1.0])];
    let optimizer = Optimizer::new("SGD", r#"{"weight_decay": 0.5}"#).unwrap();
    optimizer.build(&vars, &[false, true], &[]).unwrap();
    step(&optimizer, &vars, &[&[0.0], &[0.0]], 0.1, 0);
    assert_eq!((values(&vars[0])[0], values(&vars[1])[0]), (0.95, 1.0));
}

#[test]
fn some_of_the_variables_may_be_updated_alone() {
    let vars = [variable("a", &[1.0]), variable("b", &[1.0])];
    let (optimizer, _) = built("SGD", "{}", &vars);
    step(&optimizer, &vars[1..], &[&[1.0]], 0.5, 0);
    assert_eq!((values(&vars[0])[0], values(&vars[1])[0]), (1.0, 0.5));
}

#[test]
fn mistakes_are_named() {
    let text = |r: Result<()>| r.unwrap_err().to_string();
    let vars = [variable("a", &[1.0])];
    let (optimizer, _) = built("SGD", "{}", &vars);
    let (g, wide) = (
        Tensor::zeros(DType::F64, &[1]).unwrap(),
        Tensor::zeros(DType::F64, &[2]).unwrap(),
    );
    for rate in [f64::NAN, f64::INFINITY, -0.1] {
        let message = text(optimizer.apply(&[Some(g.view())], &vars, rate, 0));
        assert!(
            message.contains("learning_rate to be a finite number >= 0"),
            "{message}"
        );
    }
    let message = text(optimizer.apply(&[Some(wide.view())], &vars, 0.1, 0));
    assert!(
        message.contains("(1,)") && message.contains("(2,)") && message.contains("'a'"),
        "{message}"
    );
    let message = text(optimizer.apply(&[Some(g.view())], &[variable("z", &[0.0])], 0.1, 0));
    assert!(message.contains("unknown variable 'z'"), "{message}");
    let message = text(Optimizer::new("Adamm", "{}").map(drop));
    assert!(
        message.contains("'Adamm'") && message.contains("RMSprop"),
        "{message}"
    );
    assert!(Optimizer::new("Adam", r#"{"beta_1": "high"}"#).is_err());
    assert!(Optimizer::new("Adam", r#"{"beta_1": 1.5}"#).is_err());
    let twice = [vars[0].clone(), vars[0].clone()];
    assert!(text(optimizer.build(&twice, &[false; 2], &[])).contains("twice"));
}

#[test]
fn a_factor_of_the_rate_is_a_variables_own() {
    let vars = [
        variable("a", &[1.0]),
        variable("b", &[1.0]),
        variable("c", &[1.0]),
    ];
    let (optimizer, _) = built("SGD", r#"{"weight_decay": 0.5}"#, &vars);
    optimizer.set_rate_factors(&[1.0, 0.5, 0.0]).unwrap();
    step(&optimizer, &vars, &[&[2.0], &[2.0], &[2.0]], 0.25, 0);
    // w - f lr decay w - f lr g
    assert_eq!(vars.each_ref().map(|v| values(v)[0]), [0.375, 0.6875, 1.0]);
    let text = optimizer.set_rate_factors(&[1.0]).unwrap_err().to_string();
    assert!(text.contains("each of 3 variables"), "{text}");
    assert!(optimizer.set_rate_factors(&[1.0, f64::NAN, 1.0]).is_err());
    assert!(optimizer.set_rate_factors(&[1.0, -1.0, 1.0]).is_err());
}
