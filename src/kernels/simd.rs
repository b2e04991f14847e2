//! SIMD written once: a kernel is generic over `Lanes` and `dispatch` runs it with the widest registers of this machine.
//!
//! ```ignore
//! struct Scale<'a, T> { x: &'a mut [T], by: T }
//! impl<T: Real> Kernel<T> for Scale<'_, T> {
//!     type Output = ();
//!     #[inline(always)]
//!     fn run<L: Lanes<T>>(self) {
//!         let by = L::splat(self.by);
//!         let mut chunks = self.x.chunks_exact_mut(L::N);
//!         for c in &mut chunks { L::from_slice(c).mul(by).to_slice(c) }
//!         let rest = chunks.into_remainder();
//!         L::from_part(rest).mul(by).to_part(rest);
//!     }
//! }
//! dispatch(Scale { x, by });
//! ```
//!
//! Everything that `run` calls with lanes must be `#[inline(always)]`: a function that is not inlined is compiled
//! without the instruction set of its caller, and then every operation becomes a call. For the same reason `dispatch`
//! goes inside the closures given to the thread pool, not around them.

use core::sync::atomic::{AtomicU8, Ordering};

use super::real::Real;

#[path = "simd_portable.rs"]
mod portable;
#[cfg(target_arch = "x86_64")]
#[path = "simd_x86.rs"]
mod x86;

/// A register of `N` numbers.
///
/// The operations need the instruction set that the type stands for, so values of these types are only made inside
/// `Kernel::run`, which `dispatch` calls with a type that this machine has.
#[allow(clippy::return_self_not_must_use)] // lanes are registers: every method returns them
pub trait Lanes<T>: Copy + Send + Sync + 'static {
    const N: usize;
    /// How many such registers there are: a kernel's tile of accumulators must fit.
    const REGISTERS: usize;
    type Mask: Copy;

    fn splat(x: T) -> Self;
    /// # Safety
    /// `p` must be valid for reading `N` numbers.
    unsafe fn load(p: *const T) -> Self;
    /// # Safety
    /// `p` must be valid for writing `N` numbers.
    unsafe fn store(self, p: *mut T);
    /// The first `n` numbers (at most `N`) from `p`, zero in the other lanes.
    /// # Safety
    /// `p` must be valid for reading `min(n, N)` numbers.
    unsafe fn load_part(p: *const T, n: usize) -> Self;
    /// Writes the first `n` lanes (at most `N`).
    /// # Safety
    /// `p` must be valid for writing `min(n, N)` numbers.
    unsafe fn store_part(self, p: *mut T, n: usize);

    fn add(self, b: Self) -> Self;
    fn sub(self, b: Self) -> Self;
    fn mul(self, b: Self) -> Self;
    fn div(self, b: Self) -> Self;
    /// self * a + b, with one rounding where the machine has such an instruction.
    fn mul_add(self, a: Self, b: Self) -> Self;
    /// b - self * a, with one rounding where the machine has such an instruction.
    fn neg_mul_add(self, a: Self, b: Self) -> Self;
    /// self < b ? self : b; so b if either is NaN.
    fn min(self, b: Self) -> Self;
    /// self > b ? self : b; so b if either is NaN.
    fn max(self, b: Self) -> Self;
    fn sqrt(self) -> Self;
    fn abs(self) -> Self;
    fn neg(self) -> Self;
    /// The magnitude of `self` with the sign of `sign`.
    fn copysign(self, sign: Self) -> Self;
    /// Nearest integer, halves to even.
    fn round(self) -> Self;
    fn floor(self) -> Self;
    fn ceil(self) -> Self;

    fn lt(self, b: Self) -> Self::Mask;
    fn le(self, b: Self) -> Self::Mask;
    fn eq(self, b: Self) -> Self::Mask;
    #[inline(always)]
    fn gt(self, b: Self) -> Self::Mask {
        b.lt(self)
    }
    #[inline(always)]
    fn ge(self, b: Self) -> Self::Mask {
        b.le(self)
    }
    fn is_nan(self) -> Self::Mask;
    fn and(a: Self::Mask, b: Self::Mask) -> Self::Mask;
    fn or(a: Self::Mask, b: Self::Mask) -> Self::Mask;
    fn not(a: Self::Mask) -> Self::Mask;
    fn any(mask: Self::Mask) -> bool;
    /// mask ? a : b, lane by lane.
    fn select(mask: Self::Mask, a: Self, b: Self) -> Self;

    /// 2^n for integral n with 2^n a normal number (-126..=127 in `f32`, -1022..=1023 in `f64`).
    fn exp2_int(self) -> Self;
    /// (e, m) with |self| = m * 2^e and 1 <= m < 2, for normal positive numbers.
    fn split_exponent(self) -> (Self, Self);

    /// The sum of all lanes, added in halves: (first half + second half), and so on.
    fn reduce_sum(self) -> T;
    /// The largest lane; unspecified if there is a NaN.
    fn reduce_max(self) -> T;
    /// The smallest lane; unspecified if there is a NaN.
    fn reduce_min(self) -> T;

    /// Transposes an `N` x `N` block: to[j * to_row + i] = from[i * from_row + j].
    /// # Safety
    /// Both blocks must be valid, `from` for reading and `to` for writing, and must not overlap.
    unsafe fn transpose(from: *const T, from_row: usize, to: *mut T, to_row: usize);

    /// The first `N` numbers of `x`, which must have as many.
    #[inline(always)]
    fn from_slice(x: &[T]) -> Self {
        assert!(x.len() >= Self::N);
        // SAFETY: checked just above.
        unsafe { Self::load(x.as_ptr()) }
    }
    /// Writes the first `N` numbers of `x`, which must have as many.
    #[inline(always)]
    fn to_slice(self, x: &mut [T]) {
        assert!(x.len() >= Self::N);
        // SAFETY: checked just above.
        unsafe { self.store(x.as_mut_ptr()) }
    }
    /// The first `min(N, x.len())` numbers of `x`, zero in the other lanes.
    #[inline(always)]
    fn from_part(x: &[T]) -> Self {
        // SAFETY: reads at most `x.len()` numbers.
        unsafe { Self::load_part(x.as_ptr(), x.len()) }
    }
    /// Writes the first `min(N, x.len())` lanes.
    #[inline(always)]
    fn to_part(self, x: &mut [T]) {
        // SAFETY: writes at most `x.len()` numbers.
        unsafe { self.store_part(x.as_mut_ptr(), x.len()) }
    }
}

/// The register types of a number.
pub trait Vectors: Sized {
    type Portable: Lanes<Self>;
    #[cfg(target_arch = "x86_64")]
    type Avx2: Lanes<Self>;
    #[cfg(target_arch = "x86_64")]
    type Avx512: Lanes<Self>;
}

impl Vectors for f32 {
    type Portable = portable::Array<f32, 4>;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = x86::F32x8;
    #[cfg(target_arch = "x86_64")]
    type Avx512 = x86::F32x16;
}

impl Vectors for f64 {
    type Portable = portable::Array<f64, 2>;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = x86::F64x4;
    #[cfg(target_arch = "x86_64")]
    type Avx512 = x86::F64x8;
}

/// Work written over lanes of any width. `run` must be `#[inline(always)]`.
pub trait Kernel<T: Real>: Sized {
    type Output;
    fn run<L: Lanes<T>>(self) -> Self::Output;
}

/// An instruction set, from the least to the most capable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    Portable = 1,
    Avx2 = 2,
    Avx512 = 3,
}

/// The level in use; 0 until the first call.
static LEVEL: AtomicU8 = AtomicU8::new(0);

/// The best level of this machine.
fn detect() -> Level {
    #[cfg(target_arch = "x86_64")]
    {
        let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        let avx512 = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512bw");
        if avx2 && avx512 {
            return Level::Avx512;
        }
        if avx2 {
            return Level::Avx2;
        }
    }
    Level::Portable
}

/// The level that kernels run with.
#[inline(always)]
pub fn level() -> Level {
    match LEVEL.load(Ordering::Relaxed) {
        3 => Level::Avx512,
        2 => Level::Avx2,
        1 => Level::Portable,
        _ => {
            let best = detect();
            LEVEL.store(best as u8, Ordering::Relaxed);
            best
        }
    }
}

/// The levels that this machine can run, from the least to the most capable.
pub fn levels() -> Vec<Level> {
    [Level::Portable, Level::Avx2, Level::Avx512]
        .into_iter()
        .filter(|&l| l <= detect())
        .collect()
}

/// What this machine offers and which instruction set is used, in words.
pub fn describe() -> &'static str {
    match level() {
        Level::Avx512 => "AVX-512 (f, vl, dq, bw), FMA",
        Level::Avx2 => "AVX2, FMA",
        Level::Portable => "portable",
    }
}

/// Runs the kernel with the widest registers of this machine.
#[inline]
pub fn dispatch<T: Real, K: Kernel<T>>(kernel: K) -> K::Output {
    dispatch_at(current(), kernel)
}

#[cfg(not(test))]
#[inline(always)]
fn current() -> Level {
    level()
}

/// Runs the kernel at a level, which is lowered to what this machine has.
#[inline]
pub fn dispatch_at<T: Real, K: Kernel<T>>(at: Level, kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    match at.min(level()) {
        // SAFETY: `level` found the instruction set on this machine.
        Level::Avx512 => return unsafe { run_avx512(kernel) },
        // SAFETY: as above.
        Level::Avx2 => return unsafe { run_avx2(kernel) },
        Level::Portable => {}
    }
    let _ = at;
    kernel.run::<T::Portable>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma,bmi2")]
unsafe fn run_avx512<T: Real, K: Kernel<T>>(kernel: K) -> K::Output {
    kernel.run::<T::Avx512>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn run_avx2<T: Real, K: Kernel<T>>(kernel: K) -> K::Output {
    kernel.run::<T::Avx2>()
}

#[cfg(test)]
pub use forced::{current, with_level};

/// Tests run a kernel at each level by a thread-local override; work on one thread only while forcing.
#[cfg(test)]
mod forced {
    use super::{Level, level};
    use core::cell::Cell;

    thread_local! {
        static FORCED: Cell<Option<Level>> = const { Cell::new(None) };
    }

    pub fn current() -> Level {
        FORCED.get().unwrap_or_else(level)
    }

    pub fn with_level<R>(at: Level, f: impl FnOnce() -> R) -> R {
        let before = FORCED.replace(Some(at));
        // On this thread alone: workers are not forced.
        let result = crate::kernels::parallel::tests::with_threads(1, f);
        FORCED.set(before);
        result
    }
}

#[cfg(test)]
#[path = "simd_tests.rs"]
mod tests;
