//! Convolutions of every kind, and their gradients. A transposed convolution is the input gradient of one.

use criterion::Criterion;
use oxhorn::kernels::conv::{Geometry, forward, input_gradient, kernel_gradient};
use oxhorn::kernels::gemm::Epilogue;

use crate::{Family, some};

/// A square image and a square kernel, padded so that strides of 1 keep the size.
pub struct Case {
    pub batch: usize,
    pub size: usize,
    pub channels: usize,
    pub filters: usize,
    pub kernel: usize,
    pub stride: usize,
    pub dilation: usize,
    pub groups: usize,
}

impl Case {
    pub const fn new(batch: usize, size: usize, channels: usize, filters: usize, kernel: usize) -> Self {
        Self {
            batch,
            size,
            channels,
            filters,
            kernel,
            stride: 1,
            dilation: 1,
            groups: 1,
        }
    }
    const fn depthwise(batch: usize, size: usize, channels: usize, stride: usize) -> Self {
        Self {
            stride,
            groups: channels,
            ..Self::new(batch, size, channels, channels, 3)
        }
    }
    const fn stride(self, stride: usize) -> Self {
        Self { stride, ..self }
    }

    pub fn geometry(&self) -> Geometry {
        let reach = self.dilation * (self.kernel - 1);
        let output = (self.size + 2 * (reach / 2) - reach - 1) / self.stride + 1;
        Geometry {
            batch: self.batch,
            input: [1, self.size, self.size],
            output: [1, output, output],
            kernel: [1, self.kernel, self.kernel],
            stride: [1, self.stride, self.stride],
            dilation: [1, self.dilation, self.dilation],
            before: [0, reach / 2, reach / 2],
            in_channels: self.channels,
            out_channels: self.filters,
            groups: self.groups,
        }
    }

    fn name(&self) -> String {
        let Self {
            batch,
            size,
            channels,
            filters,
            kernel,
            ..
        } = self;
        let mut name = format!("{batch}x{size}x{size}x{channels} to {filters}, {kernel}x{kernel}");
        for (what, n) in [
            ("stride", self.stride),
            ("dilation", self.dilation),
            ("groups", self.groups),
        ] {
            if n > 1 {
                name = format!("{name}, {what} {n}");
            }
        }
        name
    }
}

const CASES: [Case; 17] = [
    Case::new(32, 28, 1, 32, 3),
    Case::new(32, 26, 32, 64, 3),
    Case::new(16, 32, 16, 16, 3),
    Case::new(16, 16, 32, 32, 3),
    Case::new(32, 8, 64, 64, 3),
    Case::new(16, 4, 256, 256, 3),
    Case::new(16, 32, 16, 32, 3).stride(2),
    Case::new(8, 64, 3, 64, 7).stride(2),
    Case::new(16, 14, 32, 32, 5),
    Case::new(16, 16, 128, 128, 1),
    Case::new(16, 16, 64, 128, 1).stride(2),
    Case {
        dilation: 2,
        ..Case::new(16, 16, 32, 32, 3)
    },
    Case {
        groups: 4,
        ..Case::new(16, 16, 64, 64, 3)
    },
    Case::depthwise(16, 32, 64, 1),
    Case::depthwise(16, 16, 128, 2),
    Case::new(32, 28, 16, 1, 3).stride(2),
    Case::new(32, 14, 32, 16, 3).stride(2),
];

pub fn bench(c: &mut Criterion) {
    let mut family = Family::new(c, "conv");
    for case in &CASES {
        let g = case.geometry();
        let (x, k, dy) = (some(g.input_len()), some(g.kernel_len()), some(g.output_len()));
        let (mut y, mut dx, mut dk) = (dy.clone(), x.clone(), k.clone());
        let mut scratch = vec![0.0; g.scratch().max(g.kernel_scratch())];
        let (name, n) = (case.name(), g.multiply_adds());
        family.multiply_adds(&format!("{name} forward"), n, || {
            forward(&g, &x, &k, &mut y, Epilogue::NONE, &mut scratch);
        });
        family.multiply_adds(&format!("{name} input gradient"), n, || {
            input_gradient(&g, &dy, &k, &mut dx, &mut scratch);
        });
        family.multiply_adds(&format!("{name} kernel gradient"), n, || {
            kernel_gradient(&g, &x, &dy, &mut dk, &mut scratch);
        });
    }
}
