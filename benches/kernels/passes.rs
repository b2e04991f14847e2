//! One pass over the numbers: activations, sums, rows of a table, updates of weights.

use criterion::Criterion;
use oxhorn::autograd::Variable;
use oxhorn::kernels::activate::{Activate, forward, gradient};
use oxhorn::kernels::index::{add_at, take};
use oxhorn::kernels::reduce::{Fold, Layout, fold};
use oxhorn::optimizers::Optimizer;
use oxhorn::tensor::Tensor;

use crate::{Family, some};

pub fn bench(c: &mut Criterion) {
    activations(&mut Family::new(c, "activation"));
    sums(&mut Family::new(c, "sum"));
    tables(&mut Family::new(c, "table"));
    optimizers(&mut Family::new(c, "optimizer"));
}

fn activations(family: &mut Family<'_>) {
    let n = 1 << 18;
    let (x, g, mut y) = (some(n), some(n), some(n));
    let relu = Activate::Relu {
        slope: 0.0,
        top: f64::INFINITY,
    };
    let elu = Activate::Elu {
        alpha: 1.0,
        scale: 1.0,
    };
    let cases = [
        ("relu", relu),
        ("elu", elu),
        ("sigmoid", Activate::Sigmoid),
        ("tanh", Activate::Tanh),
        ("silu", Activate::Silu),
        ("gelu", Activate::Gelu),
    ];
    for (name, f) in cases {
        family.numbers(&format!("{name} {n} forward"), 2 * n, || {
            // SAFETY: all have n elements and do not overlap.
            unsafe { forward(f, x.as_ptr(), y.as_mut_ptr(), n) }
        });
        family.numbers(&format!("{name} {n} gradient"), 3 * n, || {
            // SAFETY: as above.
            unsafe { gradient(f, x.as_ptr(), g.as_ptr(), y.as_mut_ptr(), n) }
        });
    }
}

fn sums(family: &mut Family<'_>) {
    for (outer, axis, inner) in [(1, 1 << 20, 1), (4096, 128, 1), (1, 4096, 128), (32, 256, 16)] {
        let layout = Layout { outer, axis, inner };
        let (x, mut y) = (some(outer * axis * inner), vec![0.0; outer * inner]);
        let mut scratch = vec![0.0; layout.scratch()];
        family.numbers(
            &format!("{outer}x{axis}x{inner} over the middle"),
            x.len(),
            || {
                fold(Fold::Sum, layout, &x, &mut y, &mut scratch);
            },
        );
    }
}

fn tables(family: &mut Family<'_>) {
    let (rows, width, count) = (10_000, 16, 512 * 256);
    let (table, g) = (some(rows * width), some(count * width));
    // Rows are moved as bits.
    let bits: Vec<u32> = table.iter().map(|x| x.to_bits()).collect();
    let (mut found, mut sums) = (vec![0; g.len()], table.clone());
    let index: Vec<i64> = (0..count).map(|i| (i * 7919 % rows) as i64).collect();
    let name = format!("{count} rows of {rows}x{width}");
    // An index and a row are read, and a row is written.
    family.numbers(&format!("gather {name}"), count * (2 + 2 * width), || {
        take(&bits, [1, rows, width], &index, &mut found);
    });
    // An index, a row, and the sum are read, and the sum is written.
    family.numbers(&format!("add {name}"), count * (2 + 3 * width), || {
        add_at(&g, [1, rows, width], &index, &mut sums);
    });
}

fn optimizers(family: &mut Family<'_>) {
    let n = 1 << 18;
    // Numbers read and written for each weight: the weight, its gradient, and its slots.
    let cases = [
        ("SGD", "{}", 3),
        ("SGD", r#"{"momentum": 0.9}"#, 5),
        ("RMSprop", "{}", 5),
        ("Adam", "{}", 7),
        ("AdamW", "{}", 7),
        ("Adagrad", "{}", 5),
    ];
    for (class_name, config, moved) in cases {
        let weights = Tensor::from_slice(&[n], &some(n)).expect("memory");
        let gradient = Tensor::from_slice(&[n], &some(n)).expect("memory");
        let variables = [Variable::new(weights, "w", "w", true)];
        let optimizer = Optimizer::new(class_name, config).expect("an optimizer");
        let slots = optimizer.make_slots(&variables).expect("memory");
        optimizer
            .build(&variables, &[false], &slots)
            .expect("one float variable");
        family.numbers(&format!("{class_name} {config} {n}"), moved * n, || {
            optimizer
                .apply(&[Some(gradient.view())], &variables, 1e-3, 0)
                .expect("a gradient of the same shape");
        });
    }
}
