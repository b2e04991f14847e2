//! The Philox4x32-10 block function; see [`crate::rng`].

const MULTIPLIER: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;

/// One block of Philox4x32-10.
///
/// Each round: `(x0, x1, x2, x3) <- (hi(M1 x2) ^ x1 ^ k0, lo(M1 x2), hi(M0 x0) ^ x3 ^ k1, lo(M0 x0))`,
/// the key moving on by the Weyl constants.
pub fn philox(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let mut x = counter.map(|word| [word]);
    rounds(&mut x, key);
    x.map(|word| word[0])
}

/// Philox over `N` blocks at once, one block a column.
#[inline(always)]
fn rounds<const N: usize>(x: &mut [[u32; N]; 4], mut key: [u32; 2]) {
    for _ in 0..ROUNDS {
        let mut y = [[0_u32; N]; 4];
        for n in 0..N {
            let product0 = u64::from(MULTIPLIER[0]) * u64::from(x[0][n]);
            let product1 = u64::from(MULTIPLIER[1]) * u64::from(x[2][n]);
            y[0][n] = (product1 >> 32) as u32 ^ x[1][n] ^ key[0];
            y[1][n] = product1 as u32;
            y[2][n] = (product0 >> 32) as u32 ^ x[3][n] ^ key[1];
            y[3][n] = product0 as u32;
        }
        *x = y;
        key[0] = key[0].wrapping_add(WEYL[0]);
        key[1] = key[1].wrapping_add(WEYL[1]);
    }
}

/// The 32 words of eight blocks with numbers from `first` on, in order.
pub(crate) fn eight_blocks(first: u64, upper: [u32; 2], key: [u32; 2]) -> [u32; 32] {
    let mut x = [[0_u32; 8], [0; 8], [upper[0]; 8], [upper[1]; 8]];
    for n in 0..8 {
        let block = first.wrapping_add(n as u64);
        x[0][n] = block as u32;
        x[1][n] = (block >> 32) as u32;
    }
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2, which is all that this function asks for.
        return unsafe { avx2::eight_blocks(&x, key) };
    }
    in_order(x, key)
}

/// Whole groups of sixteen blocks (64 words) from block `first` on, in order, with the widest registers there are.
pub(crate) fn groups_of_blocks(first: u64, upper: [u32; 2], key: [u32; 2], out: &mut [u32]) {
    debug_assert_eq!(out.len() % 64, 0);
    #[cfg(target_arch = "x86_64")]
    if crate::kernels::simd::level() == crate::kernels::simd::Level::Avx512 {
        // SAFETY: the processor has AVX-512, which is all that this function asks for.
        return unsafe { avx512::groups(first, upper, key, out) };
    }
    for (i, words) in out.chunks_exact_mut(32).enumerate() {
        words.copy_from_slice(&eight_blocks(first.wrapping_add(8 * i as u64), upper, key));
    }
}

/// Eight blocks of any processor.
fn in_order(mut x: [[u32; 8]; 4], key: [u32; 2]) -> [u32; 32] {
    rounds(&mut x, key);
    let mut words = [0; 32];
    for (i, word) in words.iter_mut().enumerate() {
        *word = x[i % 4][i / 4];
    }
    words
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use core::arch::x86_64::*;

    use super::{MULTIPLIER, ROUNDS, WEYL};

    /// High and low halves of the products with m, lane by lane.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn products(x: __m256i, m: __m256i) -> (__m256i, __m256i) {
        let even = _mm256_mul_epu32(x, m);
        let odd = _mm256_mul_epu32(_mm256_srli_epi64::<32>(x), m);
        let high = _mm256_blend_epi32::<0b1010_1010>(_mm256_srli_epi64::<32>(even), odd);
        let low = _mm256_blend_epi32::<0b1010_1010>(even, _mm256_slli_epi64::<32>(odd));
        (high, low)
    }

    #[target_feature(enable = "avx2")]
    pub fn eight_blocks(x: &[[u32; 8]; 4], key: [u32; 2]) -> [u32; 32] {
        // SAFETY: eight words each; the loads need no alignment.
        let [mut x0, mut x1, mut x2, mut x3] =
            x.map(|lane| unsafe { _mm256_loadu_si256(lane.as_ptr().cast()) });
        let m = MULTIPLIER.map(|m| _mm256_set1_epi32(m as i32));
        let mut key = key;
        for _ in 0..ROUNDS {
            let (high0, low0) = products(x0, m[0]);
            let (high1, low1) = products(x2, m[1]);
            let k = key.map(|k| _mm256_set1_epi32(k as i32));
            x0 = _mm256_xor_si256(_mm256_xor_si256(high1, x1), k[0]);
            x1 = low1;
            x2 = _mm256_xor_si256(_mm256_xor_si256(high0, x3), k[1]);
            x3 = low0;
            key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
        }
        // Four lanes of eight words to eight blocks of four: transpose within the halves, then join the halves.
        let (a, b) = (_mm256_unpacklo_epi32(x0, x1), _mm256_unpackhi_epi32(x0, x1));
        let (c, d) = (_mm256_unpacklo_epi32(x2, x3), _mm256_unpackhi_epi32(x2, x3));
        let (p, q) = (_mm256_unpacklo_epi64(a, c), _mm256_unpackhi_epi64(a, c));
        let (r, s) = (_mm256_unpacklo_epi64(b, d), _mm256_unpackhi_epi64(b, d));
        let order = [
            _mm256_permute2x128_si256::<0x20>(p, q),
            _mm256_permute2x128_si256::<0x20>(r, s),
            _mm256_permute2x128_si256::<0x31>(p, q),
            _mm256_permute2x128_si256::<0x31>(r, s),
        ];
        let mut words = [0_u32; 32];
        for (part, lanes) in words.chunks_exact_mut(8).zip(order) {
            // SAFETY: eight words; the store needs no alignment.
            unsafe { _mm256_storeu_si256(part.as_mut_ptr().cast(), lanes) };
        }
        words
    }
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use core::arch::x86_64::*;

    use super::{MULTIPLIER, ROUNDS, WEYL};

    /// High and low halves of the products with m, lane by lane.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn products(x: __m512i, m: __m512i) -> (__m512i, __m512i) {
        const ODD: __mmask16 = 0b1010_1010_1010_1010;
        let even = _mm512_mul_epu32(x, m);
        let odd = _mm512_mul_epu32(_mm512_srli_epi64::<32>(x), m);
        let high = _mm512_mask_blend_epi32(ODD, _mm512_srli_epi64::<32>(even), odd);
        let low = _mm512_mask_blend_epi32(ODD, even, _mm512_slli_epi64::<32>(odd));
        (high, low)
    }

    #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
    pub fn groups(first: u64, upper: [u32; 2], key: [u32; 2], out: &mut [u32]) {
        let m = MULTIPLIER.map(|m| _mm512_set1_epi32(m as i32));
        let lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        for (i, words) in out.chunks_exact_mut(64).enumerate() {
            let block = first.wrapping_add(16 * i as u64);
            let mut x0 = _mm512_add_epi32(_mm512_set1_epi32(block as u32 as i32), lanes);
            // Where the lower half has wrapped round, the upper half is one more.
            let wrapped = _mm512_cmplt_epu32_mask(x0, lanes);
            let high = _mm512_set1_epi32((block >> 32) as u32 as i32);
            let mut x1 = _mm512_mask_add_epi32(high, wrapped, high, _mm512_set1_epi32(1));
            let mut x2 = _mm512_set1_epi32(upper[0] as i32);
            let mut x3 = _mm512_set1_epi32(upper[1] as i32);
            let mut key = key;
            for _ in 0..ROUNDS {
                let (high0, low0) = products(x0, m[0]);
                let (high1, low1) = products(x2, m[1]);
                let k = key.map(|k| _mm512_set1_epi32(k as i32));
                // a ^ b ^ c
                x0 = _mm512_ternarylogic_epi32::<0x96>(high1, x1, k[0]);
                x1 = low1;
                x2 = _mm512_ternarylogic_epi32::<0x96>(high0, x3, k[1]);
                x3 = low0;
                key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
            }
            // Four lanes of sixteen words to sixteen blocks of four: transpose within the quarters, then join these.
            let (a, b) = (_mm512_unpacklo_epi32(x0, x1), _mm512_unpackhi_epi32(x0, x1));
            let (c, d) = (_mm512_unpacklo_epi32(x2, x3), _mm512_unpackhi_epi32(x2, x3));
            // Quarter q of these holds block 4 q + 0, 1, 2, 3.
            let (p, q) = (_mm512_unpacklo_epi64(a, c), _mm512_unpackhi_epi64(a, c));
            let (r, s) = (_mm512_unpacklo_epi64(b, d), _mm512_unpackhi_epi64(b, d));
            let (pq, rs) = (
                _mm512_shuffle_i32x4::<0b0100_0100>(p, q),
                _mm512_shuffle_i32x4::<0b0100_0100>(r, s),
            );
            let (pq2, rs2) = (
                _mm512_shuffle_i32x4::<0b1110_1110>(p, q),
                _mm512_shuffle_i32x4::<0b1110_1110>(r, s),
            );
            let order = [
                _mm512_shuffle_i32x4::<0b1000_1000>(pq, rs),
                _mm512_shuffle_i32x4::<0b1101_1101>(pq, rs),
                _mm512_shuffle_i32x4::<0b1000_1000>(pq2, rs2),
                _mm512_shuffle_i32x4::<0b1101_1101>(pq2, rs2),
            ];
            for (part, lanes) in words.chunks_exact_mut(16).zip(order) {
                // SAFETY: sixteen words; the store needs no alignment.
                unsafe { _mm512_storeu_si512(part.as_mut_ptr().cast(), lanes) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_blocks_in_order() {
        for first in [
            0,
            5,
            u64::from(u32::MAX) - 3,
            u64::from(u32::MAX) - 15,
            u64::MAX - 20,
        ] {
            let (upper, key) = ([3, 0xffff_fff0], [7, 0x8000_0001]);
            let mut words = [0; 192];
            groups_of_blocks(first, upper, key, &mut words);
            for (i, four) in words.chunks_exact(4).enumerate() {
                let block = first.wrapping_add(i as u64);
                let one = philox([block as u32, (block >> 32) as u32, upper[0], upper[1]], key);
                assert_eq!(four, one, "block {i} from {first}");
            }
        }
    }

    #[test]
    fn eight_blocks_are_eight_blocks() {
        for first in [0, 5, u64::from(u32::MAX) - 3, u64::MAX - 2] {
            let (upper, key) = ([3, 0xffff_fff0], [7, 0x8000_0001]);
            let words = eight_blocks(first, upper, key);
            let mut x = [[0_u32; 8], [0; 8], [upper[0]; 8], [upper[1]; 8]];
            for n in 0..8 {
                let block = first.wrapping_add(n as u64);
                x[0][n] = block as u32;
                x[1][n] = (block >> 32) as u32;
                let one = philox([x[0][n], x[1][n], upper[0], upper[1]], key);
                assert_eq!(words[4 * n..4 * n + 4], one);
            }
            assert_eq!(words, in_order(x, key));
        }
    }
}
