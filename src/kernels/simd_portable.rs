//! Lanes as plain arrays, which compilers turn into the baseline registers of a machine (SSE2, NEON).

use super::super::real::Real;
use super::Lanes;

#[derive(Debug, Clone, Copy)]
#[repr(align(16))]
pub struct Array<T, const N: usize>([T; N]);

/// The exponent arithmetic that differs between the two formats.
pub trait Bits: Real {
    /// 2^self for integral self in the normal range.
    fn exp2_int(self) -> Self;
    /// (e, m) with self = m * 2^e, 1 <= m < 2.
    fn split_exponent(self) -> (Self, Self);
}

impl Bits for f32 {
    #[inline(always)]
    fn exp2_int(self) -> Self {
        f32::from_bits(((self as i32 + 127) as u32) << 23)
    }
    #[inline(always)]
    fn split_exponent(self) -> (Self, Self) {
        let bits = self.to_bits() & 0x7fff_ffff;
        (
            (bits >> 23) as i32 as f32 - 127.0,
            f32::from_bits(bits & 0x007f_ffff | 0x3f80_0000),
        )
    }
}

impl Bits for f64 {
    #[inline(always)]
    fn exp2_int(self) -> Self {
        f64::from_bits(((self as i64 + 1023) as u64) << 52)
    }
    #[inline(always)]
    fn split_exponent(self) -> (Self, Self) {
        let bits = self.to_bits() & 0x7fff_ffff_ffff_ffff;
        (
            (bits >> 52) as i64 as f64 - 1023.0,
            f64::from_bits(bits & 0x000f_ffff_ffff_ffff | 0x3ff0_0000_0000_0000),
        )
    }
}

impl<T: Real, const N: usize> Array<T, N> {
    #[inline(always)]
    fn map(self, f: impl Fn(T) -> T) -> Self {
        let mut out = self.0;
        for i in 0..N {
            out[i] = f(self.0[i]);
        }
        Self(out)
    }
    #[inline(always)]
    fn zip(self, b: Self, f: impl Fn(T, T) -> T) -> Self {
        let mut out = self.0;
        for i in 0..N {
            out[i] = f(self.0[i], b.0[i]);
        }
        Self(out)
    }
    #[inline(always)]
    fn test(self, b: Self, f: impl Fn(T, T) -> bool) -> [bool; N] {
        let mut out = [false; N];
        for i in 0..N {
            out[i] = f(self.0[i], b.0[i]);
        }
        out
    }
    #[inline(always)]
    fn halves(self, f: impl Fn(T, T) -> T) -> T {
        let mut x = self.0;
        let mut n = N;
        while n > 1 {
            n /= 2;
            for i in 0..n {
                x[i] = f(x[i], x[i + n]);
            }
        }
        x[0]
    }
}

/// a * b + c: fused where the baseline has the instruction, else with two roundings (a call into a software FMA would
/// cost a hundred times as much).
#[inline(always)]
fn mul_add<T: Real>(a: T, b: T, c: T) -> T {
    if cfg!(any(target_feature = "fma", target_arch = "aarch64")) {
        a.mul_add(b, c)
    } else {
        a * b + c
    }
}

#[inline(always)]
fn masks<const N: usize>(a: [bool; N], b: [bool; N], f: impl Fn(bool, bool) -> bool) -> [bool; N] {
    let mut out = [false; N];
    for i in 0..N {
        out[i] = f(a[i], b[i]);
    }
    out
}

impl<T: Bits, const N: usize> Lanes<T> for Array<T, N> {
    const N: usize = N;
    const REGISTERS: usize = 16;
    type Mask = [bool; N];

    #[inline(always)]
    fn splat(x: T) -> Self {
        Self([x; N])
    }
    #[inline(always)]
    unsafe fn load(p: *const T) -> Self {
        // SAFETY: N numbers are readable by the caller's promise; arrays of T need no more than T's alignment.
        Self(unsafe { p.cast::<[T; N]>().read() })
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut T) {
        // SAFETY: N numbers are writeable by the caller's promise.
        unsafe { p.cast::<[T; N]>().write(self.0) }
    }
    #[inline(always)]
    unsafe fn load_part(p: *const T, n: usize) -> Self {
        let mut out = [T::ZERO; N];
        for i in 0..n.min(N) {
            // SAFETY: i < min(n, N), readable by the caller's promise.
            out[i] = unsafe { *p.add(i) };
        }
        Self(out)
    }
    #[inline(always)]
    unsafe fn store_part(self, p: *mut T, n: usize) {
        for i in 0..n.min(N) {
            // SAFETY: i < min(n, N), writeable by the caller's promise.
            unsafe { *p.add(i) = self.0[i] }
        }
    }
    #[inline(always)]
    fn add(self, b: Self) -> Self {
        self.zip(b, |a, b| a + b)
    }
    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        self.zip(b, |a, b| a - b)
    }
    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        self.zip(b, |a, b| a * b)
    }
    #[inline(always)]
    fn div(self, b: Self) -> Self {
        self.zip(b, |a, b| a / b)
    }
    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        let mut out = b.0;
        for i in 0..N {
            out[i] = mul_add(self.0[i], a.0[i], b.0[i]);
        }
        Self(out)
    }
    #[inline(always)]
    fn neg_mul_add(self, a: Self, b: Self) -> Self {
        self.neg().mul_add(a, b)
    }
    #[inline(always)]
    fn min(self, b: Self) -> Self {
        self.zip(b, |a, b| if a < b { a } else { b })
    }
    #[inline(always)]
    fn max(self, b: Self) -> Self {
        self.zip(b, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        self.map(T::sqrt)
    }
    #[inline(always)]
    fn abs(self) -> Self {
        self.map(T::abs)
    }
    #[inline(always)]
    fn neg(self) -> Self {
        self.map(|a| -a)
    }
    #[inline(always)]
    fn copysign(self, sign: Self) -> Self {
        self.zip(sign, T::copysign)
    }
    #[inline(always)]
    fn round(self) -> Self {
        self.map(T::round_ties_even)
    }
    #[inline(always)]
    fn floor(self) -> Self {
        self.map(T::floor)
    }
    #[inline(always)]
    fn ceil(self) -> Self {
        self.map(T::ceil)
    }
    #[inline(always)]
    fn lt(self, b: Self) -> Self::Mask {
        self.test(b, |a, b| a < b)
    }
    #[inline(always)]
    fn le(self, b: Self) -> Self::Mask {
        self.test(b, |a, b| a <= b)
    }
    #[inline(always)]
    fn eq(self, b: Self) -> Self::Mask {
        self.test(b, |a, b| a == b)
    }
    #[inline(always)]
    fn is_nan(self) -> Self::Mask {
        self.test(self, |a, _| a.is_nan())
    }
    #[inline(always)]
    fn and(a: Self::Mask, b: Self::Mask) -> Self::Mask {
        masks(a, b, |a, b| a & b)
    }
    #[inline(always)]
    fn or(a: Self::Mask, b: Self::Mask) -> Self::Mask {
        masks(a, b, |a, b| a | b)
    }
    #[inline(always)]
    fn not(a: Self::Mask) -> Self::Mask {
        masks(a, a, |a, _| !a)
    }
    #[inline(always)]
    fn any(mask: Self::Mask) -> bool {
        mask.iter().any(|&m| m)
    }
    #[inline(always)]
    fn select(mask: Self::Mask, a: Self, b: Self) -> Self {
        let mut out = b.0;
        for i in 0..N {
            out[i] = if mask[i] { a.0[i] } else { b.0[i] };
        }
        Self(out)
    }
    #[inline(always)]
    fn exp2_int(self) -> Self {
        self.map(T::exp2_int)
    }
    #[inline(always)]
    fn split_exponent(self) -> (Self, Self) {
        (
            self.map(|a| a.split_exponent().0),
            self.map(|a| a.split_exponent().1),
        )
    }
    #[inline(always)]
    fn reduce_sum(self) -> T {
        self.halves(|a, b| a + b)
    }
    #[inline(always)]
    fn reduce_max(self) -> T {
        self.halves(|a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    fn reduce_min(self) -> T {
        self.halves(|a, b| if a < b { a } else { b })
    }
    #[inline(always)]
    unsafe fn transpose(from: *const T, from_row: usize, to: *mut T, to_row: usize) {
        for i in 0..N {
            for j in 0..N {
                // SAFETY: inside the two N x N blocks of the caller's promise.
                unsafe { *to.add(j * to_row + i) = *from.add(i * from_row + j) }
            }
        }
    }
}
