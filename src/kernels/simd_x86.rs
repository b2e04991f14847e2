//! Lanes on x86-64: AVX2 with FMA, and AVX-512.
//!
//! SAFETY, for every intrinsic in this file: it needs an instruction set, and values of these types exist only inside
//! `Kernel::run` as called by `dispatch`, which has found that instruction set on this machine. Loads and stores are the
//! unaligned ones; their pointers are valid by the promise of their callers.
#![allow(clippy::undocumented_unsafe_blocks)] // the paragraph above is the reason for all of them

use core::arch::x86_64::*;

use super::Lanes;

/// An operation that is one intrinsic.
macro_rules! intrinsic {
    ($($name:ident($($arg:ident),*) -> $ret:ty = $body:expr;)*) => {$(
        #[inline(always)]
        fn $name(self $(, $arg: Self)*) -> $ret {
            let a = self.0;
            $(let $arg = $arg.0;)*
            #[allow(unused_unsafe, clippy::macro_metavars_in_unsafe)]
            unsafe { $body(a $(, $arg)*) }
        }
    )*};
}

/// AVX2: two formats that differ in the suffix of the intrinsics.
macro_rules! avx2 {
    ($name:ident, $t:ident, $reg:ident, $n:literal, $int:ident, $sign:expr,
     $set1:ident $loadu:ident $storeu:ident $maskload:ident $maskstore:ident $add:ident $sub:ident $mul:ident $div:ident
     $fmadd:ident $fnmadd:ident $min:ident $max:ident $sqrt:ident $and:ident $andnot:ident $or:ident $xor:ident
     $round:ident $cmp:ident $blendv:ident $movemask:ident) => {
        #[derive(Debug, Clone, Copy)]
        pub struct $name($reg);

        impl $name {
            #[inline(always)]
            fn part(n: usize) -> __m256i {
                const TABLE: [$int; 2 * $n] = {
                    let mut table = [0; 2 * $n];
                    let mut i = 0;
                    while i < $n {
                        table[i] = -1;
                        i += 1;
                    }
                    table
                };
                // In range of the table because n is at most N.
                unsafe { _mm256_loadu_si256(TABLE.as_ptr().add($n - n.min($n)).cast()) }
            }
        }

        impl Lanes<$t> for $name {
            const N: usize = $n;
            const REGISTERS: usize = 16;
            type Mask = $reg;

            #[inline(always)]
            fn splat(x: $t) -> Self {
                Self(unsafe { $set1(x) })
            }
            #[inline(always)]
            unsafe fn load(p: *const $t) -> Self {
                Self(unsafe { $loadu(p) })
            }
            #[inline(always)]
            unsafe fn store(self, p: *mut $t) {
                unsafe { $storeu(p, self.0) }
            }
            #[inline(always)]
            unsafe fn load_part(p: *const $t, n: usize) -> Self {
                Self(unsafe { $maskload(p, Self::part(n)) })
            }
            #[inline(always)]
            unsafe fn store_part(self, p: *mut $t, n: usize) {
                unsafe { $maskstore(p, Self::part(n), self.0) }
            }
            intrinsic! {
                add(b) -> Self = |a, b| Self($add(a, b));
                sub(b) -> Self = |a, b| Self($sub(a, b));
                mul(b) -> Self = |a, b| Self($mul(a, b));
                div(b) -> Self = |a, b| Self($div(a, b));
                mul_add(b, c) -> Self = |a, b, c| Self($fmadd(a, b, c));
                neg_mul_add(b, c) -> Self = |a, b, c| Self($fnmadd(a, b, c));
                min(b) -> Self = |a, b| Self($min(a, b));
                max(b) -> Self = |a, b| Self($max(a, b));
                sqrt() -> Self = |a| Self($sqrt(a));
                abs() -> Self = |a| Self($andnot($set1(-0.0), a));
                neg() -> Self = |a| Self($xor($set1(-0.0), a));
                copysign(s) -> Self = |a, s| Self($or($andnot($set1(-0.0), a), $and($set1(-0.0), s)));
                round() -> Self = |a| Self($round::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a));
                floor() -> Self = |a| Self($round::<{ _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC }>(a));
                ceil() -> Self = |a| Self($round::<{ _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC }>(a));
                lt(b) -> Self::Mask = |a, b| $cmp::<_CMP_LT_OQ>(a, b);
                le(b) -> Self::Mask = |a, b| $cmp::<_CMP_LE_OQ>(a, b);
                eq(b) -> Self::Mask = |a, b| $cmp::<_CMP_EQ_OQ>(a, b);
                is_nan() -> Self::Mask = |a| $cmp::<_CMP_UNORD_Q>(a, a);
            }
            #[inline(always)]
            fn and(a: Self::Mask, b: Self::Mask) -> Self::Mask {
                unsafe { $and(a, b) }
            }
            #[inline(always)]
            fn or(a: Self::Mask, b: Self::Mask) -> Self::Mask {
                unsafe { $or(a, b) }
            }
            #[inline(always)]
            fn not(a: Self::Mask) -> Self::Mask {
                unsafe { $xor(a, $set1($t::from_bits(!0))) }
            }
            #[inline(always)]
            fn any(mask: Self::Mask) -> bool {
                unsafe { $movemask(mask) != 0 }
            }
            #[inline(always)]
            fn select(mask: Self::Mask, a: Self, b: Self) -> Self {
                Self(unsafe { $blendv(b.0, a.0, mask) })
            }
            #[inline(always)]
            fn exp2_int(self) -> Self {
                self.exp2_int_()
            }
            #[inline(always)]
            fn split_exponent(self) -> (Self, Self) {
                self.split_exponent_()
            }
            #[inline(always)]
            fn reduce_sum(self) -> $t {
                self.halves(|a, b| a + b, |a, b| a.add(b))
            }
            #[inline(always)]
            fn reduce_max(self) -> $t {
                self.halves(|a, b| if a > b { a } else { b }, |a, b| a.max(b))
            }
            #[inline(always)]
            fn reduce_min(self) -> $t {
                self.halves(|a, b| if a < b { a } else { b }, |a, b| a.min(b))
            }
            #[inline(always)]
            unsafe fn transpose(from: *const $t, from_row: usize, to: *mut $t, to_row: usize) {
                unsafe { Self::transpose_(from, from_row, to, to_row) }
            }
        }
    };
}

avx2!(F32x8, f32, __m256, 8, i32, -0.0_f32,
    _mm256_set1_ps _mm256_loadu_ps _mm256_storeu_ps _mm256_maskload_ps _mm256_maskstore_ps _mm256_add_ps _mm256_sub_ps
    _mm256_mul_ps _mm256_div_ps _mm256_fmadd_ps _mm256_fnmadd_ps _mm256_min_ps _mm256_max_ps _mm256_sqrt_ps _mm256_and_ps
    _mm256_andnot_ps _mm256_or_ps _mm256_xor_ps _mm256_round_ps _mm256_cmp_ps _mm256_blendv_ps _mm256_movemask_ps);
avx2!(F64x4, f64, __m256d, 4, i64, -0.0_f64,
    _mm256_set1_pd _mm256_loadu_pd _mm256_storeu_pd _mm256_maskload_pd _mm256_maskstore_pd _mm256_add_pd _mm256_sub_pd
    _mm256_mul_pd _mm256_div_pd _mm256_fmadd_pd _mm256_fnmadd_pd _mm256_min_pd _mm256_max_pd _mm256_sqrt_pd _mm256_and_pd
    _mm256_andnot_pd _mm256_or_pd _mm256_xor_pd _mm256_round_pd _mm256_cmp_pd _mm256_blendv_pd _mm256_movemask_pd);

impl F32x8 {
    #[inline(always)]
    unsafe fn transpose_(from: *const f32, from_row: usize, to: *mut f32, to_row: usize) {
        unsafe {
            let mut x = [_mm256_setzero_ps(); 8];
            let mut y = x;
            for i in 0..4 {
                // Rows i and i + 4 share a register: the halves are then where the transpose needs them.
                for half in 0..2 {
                    let low = _mm_loadu_ps(from.add(i * from_row + 4 * half));
                    let high = _mm_loadu_ps(from.add((i + 4) * from_row + 4 * half));
                    x[4 * half + i] = _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(low), high);
                }
            }
            for q in [0, 4] {
                y[q] = _mm256_unpacklo_ps(x[q], x[q + 1]);
                y[q + 1] = _mm256_unpackhi_ps(x[q], x[q + 1]);
                y[q + 2] = _mm256_unpacklo_ps(x[q + 2], x[q + 3]);
                y[q + 3] = _mm256_unpackhi_ps(x[q + 2], x[q + 3]);
                _mm256_storeu_ps(to.add(q * to_row), _mm256_shuffle_ps::<0x44>(y[q], y[q + 2]));
                _mm256_storeu_ps(
                    to.add((q + 1) * to_row),
                    _mm256_shuffle_ps::<0xee>(y[q], y[q + 2]),
                );
                _mm256_storeu_ps(
                    to.add((q + 2) * to_row),
                    _mm256_shuffle_ps::<0x44>(y[q + 1], y[q + 3]),
                );
                _mm256_storeu_ps(
                    to.add((q + 3) * to_row),
                    _mm256_shuffle_ps::<0xee>(y[q + 1], y[q + 3]),
                );
            }
        }
    }
    #[inline(always)]
    fn exp2_int_(self) -> Self {
        unsafe {
            let biased = _mm256_add_epi32(_mm256_cvtps_epi32(self.0), _mm256_set1_epi32(127));
            Self(_mm256_castsi256_ps(_mm256_slli_epi32::<23>(biased)))
        }
    }
    #[inline(always)]
    fn split_exponent_(self) -> (Self, Self) {
        unsafe {
            let bits = _mm256_castps_si256(self.abs().0);
            let exponent = _mm256_cvtepi32_ps(_mm256_srli_epi32::<23>(bits));
            let mantissa = _mm256_and_si256(bits, _mm256_set1_epi32(0x007f_ffff));
            let mantissa = _mm256_or_si256(mantissa, _mm256_set1_epi32(0x3f80_0000));
            (
                Self(_mm256_sub_ps(exponent, _mm256_set1_ps(127.0))),
                Self(_mm256_castsi256_ps(mantissa)),
            )
        }
    }
    #[inline(always)]
    fn halves(self, one: impl Fn(f32, f32) -> f32, all: impl Fn(Self, Self) -> Self) -> f32 {
        unsafe {
            let x = all(self, Self(_mm256_permute2f128_ps::<1>(self.0, self.0)));
            let x = all(x, Self(_mm256_permute_ps::<0b01_00_11_10>(x.0)));
            let low = _mm256_cvtss_f32(x.0);
            one(low, _mm256_cvtss_f32(_mm256_permute_ps::<1>(x.0)))
        }
    }
}

impl F64x4 {
    #[inline(always)]
    unsafe fn transpose_(from: *const f64, from_row: usize, to: *mut f64, to_row: usize) {
        unsafe {
            for half in 0..2 {
                let mut x = [_mm256_setzero_pd(); 2];
                for i in 0..2 {
                    let low = _mm_loadu_pd(from.add(i * from_row + 2 * half));
                    let high = _mm_loadu_pd(from.add((i + 2) * from_row + 2 * half));
                    x[i] = _mm256_insertf128_pd::<1>(_mm256_castpd128_pd256(low), high);
                }
                _mm256_storeu_pd(to.add(2 * half * to_row), _mm256_unpacklo_pd(x[0], x[1]));
                _mm256_storeu_pd(to.add((2 * half + 1) * to_row), _mm256_unpackhi_pd(x[0], x[1]));
            }
        }
    }
    #[inline(always)]
    fn exp2_int_(self) -> Self {
        unsafe {
            // Adding 1.5 * 2^52 leaves the integer, in two's complement, in the low bits.
            let n = _mm256_castpd_si256(_mm256_add_pd(self.0, _mm256_set1_pd(6_755_399_441_055_744.0)));
            Self(_mm256_castsi256_pd(_mm256_slli_epi64::<52>(_mm256_add_epi64(
                n,
                _mm256_set1_epi64x(1023),
            ))))
        }
    }
    #[inline(always)]
    fn split_exponent_(self) -> (Self, Self) {
        unsafe {
            let bits = _mm256_castpd_si256(self.abs().0);
            // The bits of 2^52 with a small integer in the mantissa are the number 2^52 + integer.
            let two52 = _mm256_set1_pd(4_503_599_627_370_496.0);
            let exponent = _mm256_or_si256(_mm256_srli_epi64::<52>(bits), _mm256_castpd_si256(two52));
            let exponent = _mm256_sub_pd(_mm256_castsi256_pd(exponent), two52);
            let mantissa = _mm256_and_si256(bits, _mm256_set1_epi64x(0x000f_ffff_ffff_ffff));
            let mantissa = _mm256_or_si256(mantissa, _mm256_set1_epi64x(0x3ff0_0000_0000_0000));
            (
                Self(_mm256_sub_pd(exponent, _mm256_set1_pd(1023.0))),
                Self(_mm256_castsi256_pd(mantissa)),
            )
        }
    }
    #[inline(always)]
    fn halves(self, one: impl Fn(f64, f64) -> f64, all: impl Fn(Self, Self) -> Self) -> f64 {
        unsafe {
            let x = all(self, Self(_mm256_permute2f128_pd::<1>(self.0, self.0)));
            let low = _mm256_cvtsd_f64(x.0);
            one(low, _mm256_cvtsd_f64(_mm256_permute_pd::<1>(x.0)))
        }
    }
}

/// AVX-512: masks have registers of their own.
macro_rules! avx512 {
    ($name:ident, $t:ident, $reg:ident, $n:literal, $mask:ident, $half:ident, $low:expr, $high:expr,
     $set1:ident $loadu:ident $storeu:ident $maskload:ident $maskstore:ident $add:ident $sub:ident $mul:ident $div:ident
     $fmadd:ident $fnmadd:ident $min:ident $max:ident $sqrt:ident $and:ident $andnot:ident $or:ident $xor:ident
     $round:ident $cmp:ident $blend:ident $scalef:ident $getexp:ident $getmant:ident) => {
        #[derive(Debug, Clone, Copy)]
        pub struct $name($reg);

        impl $name {
            #[inline(always)]
            fn part(n: usize) -> $mask {
                if n >= $n {
                    !0
                } else {
                    ((1_u32 << n) - 1) as $mask
                }
            }
        }

        impl Lanes<$t> for $name {
            const N: usize = $n;
            const REGISTERS: usize = 32;
            type Mask = $mask;

            #[inline(always)]
            fn splat(x: $t) -> Self {
                Self(unsafe { $set1(x) })
            }
            #[inline(always)]
            unsafe fn load(p: *const $t) -> Self {
                Self(unsafe { $loadu(p) })
            }
            #[inline(always)]
            unsafe fn store(self, p: *mut $t) {
                unsafe { $storeu(p, self.0) }
            }
            #[inline(always)]
            unsafe fn load_part(p: *const $t, n: usize) -> Self {
                Self(unsafe { $maskload(Self::part(n), p) })
            }
            #[inline(always)]
            unsafe fn store_part(self, p: *mut $t, n: usize) {
                unsafe { $maskstore(p, Self::part(n), self.0) }
            }
            intrinsic! {
                add(b) -> Self = |a, b| Self($add(a, b));
                sub(b) -> Self = |a, b| Self($sub(a, b));
                mul(b) -> Self = |a, b| Self($mul(a, b));
                div(b) -> Self = |a, b| Self($div(a, b));
                mul_add(b, c) -> Self = |a, b, c| Self($fmadd(a, b, c));
                neg_mul_add(b, c) -> Self = |a, b, c| Self($fnmadd(a, b, c));
                min(b) -> Self = |a, b| Self($min(a, b));
                max(b) -> Self = |a, b| Self($max(a, b));
                sqrt() -> Self = |a| Self($sqrt(a));
                abs() -> Self = |a| Self($andnot($set1(-0.0), a));
                neg() -> Self = |a| Self($xor($set1(-0.0), a));
                copysign(s) -> Self = |a, s| Self($or($andnot($set1(-0.0), a), $and($set1(-0.0), s)));
                round() -> Self = |a| Self($round::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a));
                floor() -> Self = |a| Self($round::<{ _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC }>(a));
                ceil() -> Self = |a| Self($round::<{ _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC }>(a));
                lt(b) -> Self::Mask = |a, b| $cmp::<_CMP_LT_OQ>(a, b);
                le(b) -> Self::Mask = |a, b| $cmp::<_CMP_LE_OQ>(a, b);
                eq(b) -> Self::Mask = |a, b| $cmp::<_CMP_EQ_OQ>(a, b);
                is_nan() -> Self::Mask = |a| $cmp::<_CMP_UNORD_Q>(a, a);
                exp2_int() -> Self = |a| Self($scalef($set1(1.0), a));
            }
            #[inline(always)]
            fn and(a: Self::Mask, b: Self::Mask) -> Self::Mask {
                a & b
            }
            #[inline(always)]
            fn or(a: Self::Mask, b: Self::Mask) -> Self::Mask {
                a | b
            }
            #[inline(always)]
            fn not(a: Self::Mask) -> Self::Mask {
                !a
            }
            #[inline(always)]
            fn any(mask: Self::Mask) -> bool {
                mask != 0
            }
            #[inline(always)]
            fn select(mask: Self::Mask, a: Self, b: Self) -> Self {
                Self(unsafe { $blend(mask, b.0, a.0) })
            }
            #[inline(always)]
            fn split_exponent(self) -> (Self, Self) {
                unsafe {
                    (
                        Self($getexp(self.0)),
                        Self($getmant::<_MM_MANT_NORM_1_2, _MM_MANT_SIGN_ZERO>(self.0)),
                    )
                }
            }
            #[inline(always)]
            fn reduce_sum(self) -> $t {
                unsafe { $half($low(self.0)).add($half($high(self.0))).reduce_sum() }
            }
            #[inline(always)]
            fn reduce_max(self) -> $t {
                unsafe { $half($low(self.0)).max($half($high(self.0))).reduce_max() }
            }
            #[inline(always)]
            fn reduce_min(self) -> $t {
                unsafe { $half($low(self.0)).min($half($high(self.0))).reduce_min() }
            }
            #[inline(always)]
            unsafe fn transpose(from: *const $t, from_row: usize, to: *mut $t, to_row: usize) {
                for (i, j) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                    let (i, j) = (i * $n / 2, j * $n / 2);
                    unsafe {
                        $half::transpose(
                            from.add(i * from_row + j),
                            from_row,
                            to.add(j * to_row + i),
                            to_row,
                        );
                    }
                }
            }
        }
    };
}

avx512!(F32x16, f32, __m512, 16, __mmask16, F32x8, |x| _mm512_castps512_ps256(x), |x| _mm512_extractf32x8_ps::<1>(x),
    _mm512_set1_ps _mm512_loadu_ps _mm512_storeu_ps _mm512_maskz_loadu_ps _mm512_mask_storeu_ps _mm512_add_ps _mm512_sub_ps
    _mm512_mul_ps _mm512_div_ps _mm512_fmadd_ps _mm512_fnmadd_ps _mm512_min_ps _mm512_max_ps _mm512_sqrt_ps _mm512_and_ps
    _mm512_andnot_ps _mm512_or_ps _mm512_xor_ps _mm512_roundscale_ps _mm512_cmp_ps_mask _mm512_mask_blend_ps
    _mm512_scalef_ps _mm512_getexp_ps _mm512_getmant_ps);
avx512!(F64x8, f64, __m512d, 8, __mmask8, F64x4, |x| _mm512_castpd512_pd256(x), |x| _mm512_extractf64x4_pd::<1>(x),
    _mm512_set1_pd _mm512_loadu_pd _mm512_storeu_pd _mm512_maskz_loadu_pd _mm512_mask_storeu_pd _mm512_add_pd _mm512_sub_pd
    _mm512_mul_pd _mm512_div_pd _mm512_fmadd_pd _mm512_fnmadd_pd _mm512_min_pd _mm512_max_pd _mm512_sqrt_pd _mm512_and_pd
    _mm512_andnot_pd _mm512_or_pd _mm512_xor_pd _mm512_roundscale_pd _mm512_cmp_pd_mask _mm512_mask_blend_pd
    _mm512_scalef_pd _mm512_getexp_pd _mm512_getmant_pd);
