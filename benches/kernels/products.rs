//! Matrix products of dense layers and their gradients.

use criterion::Criterion;
use oxhorn::kernels::gemm::{Epilogue, Mat, Size, gemm};

use crate::{Family, some};

pub fn bench(c: &mut Criterion) {
    let mut family = Family::new(c, "gemm");
    // m, n, k: rows of the batch, units, features
    let sizes = [
        (32, 64, 9),
        (32, 64, 64),
        (32, 128, 784),
        (1, 300, 784),
        (200, 300, 784),
        (200, 10, 100),
        (784, 300, 200),
        (4096, 128, 128),
        (512, 512, 512),
    ];
    for (m, n, k) in sizes {
        let (a, b, mut y) = (some(m * k), some(k * n), some(m * n));
        let size = Size { m, n, k };
        let cases = [
            ("a b", Mat::row_major(&a, k), Mat::row_major(&b, n)),
            ("a b^T", Mat::row_major(&a, k), Mat::transposed(&b, k)),
            ("a^T b", Mat::transposed(&a, m), Mat::row_major(&b, n)),
        ];
        for (name, left, right) in cases {
            family.multiply_adds(&format!("{m}x{k}x{n} {name}"), m * n * k, || {
                gemm(size, 1.0, left, right, 0.0, &mut y, Epilogue::NONE);
            });
        }
    }
}
