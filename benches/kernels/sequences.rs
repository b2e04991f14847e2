//! Recurrent layers over whole sequences, and attention.

use criterion::Criterion;
use oxhorn::kernels::attention;
use oxhorn::kernels::recurrent::{self, Backward, Cell, Forward, Gru, Lstm, Options, Sizes, Weights};

use crate::{Family, some};

pub fn bench(c: &mut Criterion) {
    let mut family = Family::new(c, "recurrent");
    for (batch, units) in [(64, 64), (1, 64), (32, 256)] {
        let sizes = Sizes {
            batch,
            steps: 100,
            features: 32,
            units,
        };
        layer(&mut family, "LSTM", Lstm, sizes);
        layer(&mut family, "GRU", Gru, sizes);
    }
    drop(family);
    let mut family = Family::new(c, "attention");
    for (batch, steps, heads, size) in [(32, 128, 4, 32), (4, 512, 8, 64)] {
        heads_of(&mut family, batch, steps, heads, size);
    }
}

/// The last output of a layer, and its gradients with respect to inputs and weights.
fn layer<C: Cell<f32>>(family: &mut Family<'_>, name: &str, cell: C, sizes: Sizes) {
    let Sizes {
        batch,
        steps,
        features,
        units,
    } = sizes;
    let (x, width) = (some(batch * steps * features), C::GATES * units);
    let (kernel, inner, bias) = (
        some(features * width),
        some(units * width),
        some(C::BIASES * units),
    );
    let options = Options {
        backwards: false,
        sequences: false,
        zero_masked: false,
    };
    let weights = Weights {
        kernel: &kernel,
        recurrent: &inner,
        bias: Some(&bias),
    };
    let of = Forward {
        sizes,
        options,
        x: &x,
        mask: None,
        weights,
        h: None,
        c: None,
    };
    let (mut y, mut kept) = (
        vec![0.0; batch * units],
        vec![0.0; C::KEPT * batch * steps * units],
    );
    let mut scratch = vec![0.0; recurrent::forward_scratch::<f32, C>(sizes)];
    let n = batch * steps * width * (features + units);
    let name = format!("{name} {batch}x{steps}x{features} to {units}");
    family.multiply_adds(&format!("{name} forward"), n, || {
        let to = recurrent::Results {
            y: &mut y,
            h: None,
            c: None,
            kept: Some(&mut kept),
        };
        recurrent::forward(cell, &of, to, &mut scratch);
    });
    let (mut dx, mut dk, mut di, mut db) = (x.clone(), kernel.clone(), inner.clone(), bias.clone());
    let mut scratch = vec![0.0; recurrent::backward_scratch::<f32, C>(sizes)];
    let back = Backward {
        of,
        kept: &kept,
        dy: Some(&y),
        dh: None,
        dc: None,
    };
    family.multiply_adds(&format!("{name} gradients"), 2 * n, || {
        let weights = Some([&mut dk[..], &mut di[..], &mut db[..]]);
        let to = recurrent::Gradients {
            x: Some(&mut dx),
            weights,
            h: None,
            c: None,
        };
        recurrent::backward(cell, &back, to, &mut scratch);
    });
}

fn heads_of(family: &mut Family<'_>, batch: usize, steps: usize, heads: usize, size: usize) {
    let sizes = attention::Sizes {
        batch,
        queries: steps,
        keys: steps,
        heads,
        key_heads: heads,
        size,
        value_size: size,
    };
    let rules = attention::Rules {
        scale: (size as f32).powf(-0.5),
        bias: None,
        mask: None,
        causal: false,
        empty_is_zero: false,
        drops: None,
    };
    let (query, key, value) = [(); 3].map(|()| some(batch * steps * heads * size)).into();
    let (mut out, mut logs) = (query.clone(), vec![0.0; batch * heads * steps]);
    let n = batch * heads * steps * steps * 2 * size;
    let name = format!("{batch}x{steps}, {heads} heads of {size}");
    family.multiply_adds(&format!("{name} forward"), n, || {
        attention::forward(sizes, &rules, &query, &key, &value, &mut out, &mut logs);
    });
    let (mut dq, mut dk, mut dv, g) = (query.clone(), key.clone(), value.clone(), value.clone());
    let saved = attention::Saved {
        query: &query,
        key: &key,
        value: &value,
        out: &out,
        logs: &logs,
        g: &g,
    };
    family.multiply_adds(&format!("{name} gradients"), 2 * n, || {
        let to = attention::Gradients {
            query: &mut dq,
            key: &mut dk,
            value: &mut dv,
            scores: None,
        };
        attention::gradient(sizes, &rules, &saved, to);
    });
}
