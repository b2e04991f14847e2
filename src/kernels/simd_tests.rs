use super::*;

/// Runs every operation of the lanes and compares with the scalar formula, lane by lane.
struct Check<T>(Vec<T>);

impl<T: Real> Kernel<T> for Check<T> {
    type Output = usize;

    #[inline(always)]
    fn run<L: Lanes<T>>(self) -> usize {
        let n = L::N;
        let mut out = vec![T::ZERO; n];
        for window in self.0.windows(n + 1) {
            let (x, y) = (&window[..n], &window[1..]);
            let (a, b) = (L::from_slice(x), L::from_slice(y));
            let mut same = |got: L, want: &dyn Fn(T, T) -> T, name: &str| {
                got.to_slice(&mut out);
                for i in 0..n {
                    let w = want(x[i], y[i]);
                    let ok = out[i] == w || (out[i].is_nan() && w.is_nan());
                    assert!(ok, "{name}({}, {}) = {}, expected {w}", x[i], y[i], out[i]);
                }
            };
            same(a.add(b), &|a, b| a + b, "add");
            same(a.sub(b), &|a, b| a - b, "sub");
            same(a.mul(b), &|a, b| a * b, "mul");
            same(a.div(b), &|a, b| a / b, "div");
            same(a.min(b), &|a, b| if a < b { a } else { b }, "min");
            same(a.max(b), &|a, b| if a > b { a } else { b }, "max");
            same(a.abs().sqrt(), &|a, _| a.abs().sqrt(), "sqrt");
            same(a.neg(), &|a, _| -a, "neg");
            same(a.copysign(b), &|a, b| a.copysign(b), "copysign");
            same(a.round(), &|a, _| a.round_ties_even(), "round");
            same(a.floor(), &|a, _| a.floor(), "floor");
            same(a.ceil(), &|a, _| a.ceil(), "ceil");
            same(L::select(a.lt(b), a, b), &|a, b| if a < b { a } else { b }, "lt");
            same(L::select(a.ge(b), a, b), &|a, b| if a >= b { a } else { b }, "ge");
            same(L::select(a.le(b), a, b), &|a, b| if a <= b { a } else { b }, "le");
            same(L::select(a.gt(b), a, b), &|a, b| if a > b { a } else { b }, "gt");
            same(
                L::select(a.eq(b), a, b.neg()),
                &|a, b| if a == b { a } else { -b },
                "eq",
            );
            same(
                L::select(L::not(a.is_nan()), a, b),
                &|a, b| if a.is_nan() { b } else { a },
                "is_nan",
            );
            let between = L::and(a.lt(b), L::not(L::or(a.is_nan(), b.is_nan())));
            same(
                L::select(between, a, b),
                &|a, b| if a < b { a } else { b },
                "masks",
            );
            for part in 0..=n {
                let mut target = vec![T::ONE; n];
                L::from_part(&x[..part]).to_part(&mut target[..part]);
                assert!((0..part).all(|i| target[i] == x[i] || x[i].is_nan()));
                assert!((part..n).all(|i| target[i] == T::ONE));
            }
            if x.iter().all(|v| v.is_finite()) {
                let near = |got: T, want: f64| {
                    let scale = x.iter().map(|v| v.to_f64().abs()).fold(1.0, f64::max) * n as f64;
                    assert!(
                        (got.to_f64() - want).abs() <= 4.0 * T::EPSILON.to_f64() * scale,
                        "{got} {want}"
                    );
                };
                near(a.reduce_sum(), x.iter().map(|v| v.to_f64()).sum());
                near(
                    a.reduce_max(),
                    x.iter().map(|v| v.to_f64()).fold(f64::NEG_INFINITY, f64::max),
                );
                near(
                    a.reduce_min(),
                    x.iter().map(|v| v.to_f64()).fold(f64::INFINITY, f64::min),
                );
            }
        }
        let mut transposed = vec![T::ZERO; n * (n + 1)];
        let matrix: Vec<T> = (0..n * (n + 3)).map(T::from_usize).collect();
        // SAFETY: n rows, n + 3 and n + 1 apart.
        unsafe { L::transpose(matrix.as_ptr(), n + 3, transposed.as_mut_ptr(), n + 1) };
        for i in 0..n {
            assert!((0..n).all(|j| transposed[j * (n + 1) + i] == matrix[i * (n + 3) + j]));
        }
        for e in -100..100 {
            let power = T::from_f64(2.0_f64.powi(e));
            let powers = L::splat(T::from_f64(f64::from(e))).exp2_int();
            powers.to_slice(&mut out);
            assert!(out.iter().all(|&p| p == power));
            let (exponent, mantissa) = powers.mul(L::splat(T::from_f64(1.7))).split_exponent();
            exponent.to_slice(&mut out);
            assert!(out.iter().all(|&x| x.to_f64() == f64::from(e)));
            mantissa.to_slice(&mut out);
            assert!(out.iter().all(|&m| m == T::from_f64(1.7)));
        }
        n
    }
}

fn numbers<T: Real>() -> Vec<T> {
    let mut x: Vec<T> = (0..100)
        .map(|i| T::from_f64(f64::from(i % 23 * 37 % 41) * 0.25 - 4.0))
        .collect();
    for (i, special) in [T::NAN, T::INFINITY, T::ZERO, -T::ZERO, T::MIN_POSITIVE]
        .into_iter()
        .enumerate()
    {
        x[60 + 3 * i] = special;
    }
    x
}

#[test]
fn every_level_computes_the_same() {
    let levels = levels();
    assert!(levels.contains(&Level::Portable));
    for at in levels {
        let widths = with_level(at, || {
            (
                dispatch(Check(numbers::<f32>())),
                dispatch(Check(numbers::<f64>())),
            )
        });
        let expected = match at {
            Level::Portable => (4, 2),
            Level::Avx2 => (8, 4),
            Level::Avx512 => (16, 8),
        };
        assert_eq!(widths, expected, "the level was not forced");
    }
    assert!(!describe().is_empty());
}
