use super::*;
use crate::kernels::simd::{levels, with_level};

#[derive(Clone, Copy)]
struct Less2; // a - 2 b
impl<T: Math> Zip<T> for Less2 {
    #[inline(always)]
    fn at<L: Lanes<T>>(self, a: L, b: L) -> L {
        b.neg_mul_add(L::splat(T::from_f64(2.0)), a)
    }
}
#[derive(Clone, Copy)]
struct Twice;
impl<T: Math> Map<T> for Twice {
    #[inline(always)]
    fn at<L: Lanes<T>>(self, x: L) -> L {
        x.add(x)
    }
}

/// Index into a broadcast array of flat index `i` of the result.
fn naive_index(out: &[usize], shape: &[usize], mut i: usize) -> usize {
    let (mut at, mut stride) = (0, 1);
    for k in 0..out.len() {
        let x = i % out[out.len() - 1 - k];
        i /= out[out.len() - 1 - k];
        if k < shape.len() {
            let n = shape[shape.len() - 1 - k];
            at += if n == 1 { 0 } else { x * stride };
            stride *= n;
        }
    }
    at
}

#[test]
fn zips_follow_the_naive_loop() {
    let rows: &[(&[usize], &[usize], &[usize])] = &[
        (&[], &[], &[]),
        (&[7], &[7], &[7]),
        (&[7], &[], &[7]),
        (&[1000], &[1000], &[1]),
        (&[5, 3], &[5, 3], &[3]),
        (&[5, 3], &[5, 1], &[5, 3]),
        (&[5, 3], &[5, 1], &[3]),
        (&[300, 10], &[300, 10], &[10]),
        (&[300, 10], &[10], &[300, 10]),
        (&[300, 70], &[300, 1], &[300, 70]),
        (&[4, 5, 6], &[4, 1, 6], &[5, 1]),
        (&[4, 5, 6], &[5, 6], &[4, 1, 1]),
        (&[2, 3, 4, 5], &[3, 1, 5], &[2, 1, 4, 1]),
        (&[3, 1, 129], &[3, 1, 129], &[129]),
        (&[70_001], &[70_001], &[70_001]),
        (&[2001, 33], &[2001, 33], &[33]),
        (&[0, 3], &[0, 3], &[3]),
    ];
    for at in levels() {
        with_level(at, || {
            for (out, sa, sb) in rows {
                let count = |s: &[usize]| s.iter().product::<usize>();
                let a: Vec<f32> = (0..count(sa)).map(|i| (i % 97) as f32).collect();
                let b: Vec<f32> = (0..count(sb)).map(|i| (i % 89) as f32 * 0.5).collect();
                let want: Vec<f32> = (0..count(out))
                    .map(|i| a[naive_index(out, sa, i)] - 2.0 * b[naive_index(out, sb, i)])
                    .collect();
                let plan = Broadcast::new(out, [sa, sb]);
                let mut got = vec![0.0_f32; plan.len()];
                // SAFETY: the arrays have the plan's shapes.
                unsafe { zip(Less2, &plan, a.as_ptr(), b.as_ptr(), got.as_mut_ptr()) };
                assert_eq!(got, want, "{out:?} {sa:?} {sb:?}");
                got.fill(0.0);
                // SAFETY: as above.
                unsafe {
                    zip_scalar(
                        |x, y| x - 2.0 * y,
                        &plan,
                        a.as_ptr(),
                        b.as_ptr(),
                        got.as_mut_ptr(),
                    )
                };
                assert_eq!(got, want, "{out:?} {sa:?} {sb:?}");
                if sa == out {
                    let mut x = a.clone();
                    let p = x.as_mut_ptr();
                    // SAFETY: as above; the result stands on the first input.
                    unsafe { zip(Less2, &plan, p.cast_const(), b.as_ptr(), p) };
                    assert_eq!(x, want, "in place {out:?}");
                }
                let one = Broadcast::new(out, [sb]);
                // SAFETY: as above.
                unsafe { repeat_to(&one, b.as_ptr(), got.as_mut_ptr()) };
                assert!((0..got.len()).all(|i| got[i] == b[naive_index(out, sb, i)]));
                let mask: Vec<u8> = (0..count(sb)).map(|i| (i % 3) as u8).collect();
                let three = Broadcast::new(out, [sb, sa, sb]);
                // SAFETY: as above.
                unsafe { choose(&three, mask.as_ptr(), a.as_ptr(), b.as_ptr(), got.as_mut_ptr()) };
                for i in 0..got.len() {
                    let (x, y) = (naive_index(out, sa, i), naive_index(out, sb, i));
                    assert_eq!(got[i], if mask[y] != 0 { a[x] } else { b[y] });
                }
            }
        });
    }
}

#[test]
fn maps_follow_the_naive_loop() {
    for n in [0, 1, 15, 16, 17, 100, 40_003] {
        let x: Vec<f64> = (0..n).map(|i| i as f64).collect();
        let mut y = vec![0.0; n];
        // SAFETY: both hold n elements.
        unsafe { map(Twice, x.as_ptr(), y.as_mut_ptr(), n) };
        assert!(x.iter().zip(&y).all(|(a, b)| 2.0 * a == *b));
        map_slice(Twice, &mut y);
        assert!(x.iter().zip(&y).all(|(a, b)| 4.0 * a == *b));
        // SAFETY: both hold n elements.
        unsafe { map_scalar(|v: f64| v - 1.0, x.as_ptr(), y.as_mut_ptr(), n) };
        assert!(x.iter().zip(&y).all(|(a, b)| a - 1.0 == *b));
    }
}
