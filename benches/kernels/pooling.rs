//! Maximum and mean of windows, and their gradients.

use criterion::Criterion;
use oxhorn::kernels::pool::{Pool, max, max_gradient, mean, mean_gradient};

use crate::{Family, some};

pub fn bench(c: &mut Criterion) {
    let mut family = Family::new(c, "pool");
    // batch, size, channels, window, stride
    for (batch, size, channels, window, stride) in [(32, 26, 32, 2, 2), (8, 32, 64, 3, 2), (32, 8, 64, 8, 8)]
    {
        let output = (size - window) / stride + 1;
        let p = Pool {
            batch,
            input: [1, size, size],
            output: [1, output, output],
            window: [1, window, window],
            stride: [1, stride, stride],
            before: [0; 3],
            channels,
        };
        let (inputs, outputs) = (batch * size * size * channels, batch * output * output * channels);
        let (x, dy) = (some(inputs), some(outputs));
        let (mut y, mut dx) = (dy.clone(), x.clone());
        let name = format!("{batch}x{size}x{size}x{channels}, {window}x{window}, stride {stride}");
        family.numbers(&format!("max {name} forward"), inputs + outputs, || {
            max(&p, &x, &mut y)
        });
        family.numbers(&format!("mean {name} forward"), inputs + outputs, || {
            mean(&p, &x, &mut y)
        });
        max(&p, &x, &mut y);
        // x and dx; y and dy.
        family.numbers(&format!("max {name} gradient"), 2 * (inputs + outputs), || {
            // SAFETY: both have a number for each of the input.
            unsafe { max_gradient(&p, x.as_ptr(), &y, &dy, dx.as_mut_ptr()) };
        });
        family.numbers(&format!("mean {name} gradient"), inputs + outputs, || {
            mean_gradient(&p, &dy, &mut dx);
        });
    }
}
