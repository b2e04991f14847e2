//! The inner loop of matrix products and convolutions: a tile of R rows and V registers of sums, kept in registers
//! while a contraction runs.

use super::real::Real;
use super::simd::Lanes;

/// Where the two factors of a contraction lie: row r takes `a[r * a_row + p * a_step]`, the columns `b[p * b_step ..]`.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    pub a_row: usize,
    pub a_step: usize,
    pub b_step: usize,
    pub length: usize,
}

/// sums[r][v] += sum over p of a(r, p) * b(p, v); the last register takes `last` columns if `RAGGED`.
///
/// # Safety
/// All that `run` reaches from `a` (R rows) and `b` (V registers) must be valid for reading.
#[inline(always)]
pub unsafe fn accumulate<T: Real, L: Lanes<T>, const R: usize, const V: usize, const RAGGED: bool>(
    sums: &mut [[L; V]; R],
    a: *const T,
    b: *const T,
    run: Run,
    last: usize,
) {
    let (mut a, mut b) = (a, b);
    for _ in 0..run.length {
        let mut bs = [L::splat(T::ZERO); V];
        // SAFETY: by the caller's promise.
        unsafe {
            for v in 0..V {
                let from = b.add(v * L::N);
                bs[v] = if RAGGED && v == V - 1 {
                    L::load_part(from, last)
                } else {
                    L::load(from)
                };
            }
            for r in 0..R {
                let x = L::splat(*a.add(r * run.a_row));
                for v in 0..V {
                    sums[r][v] = x.mul_add(bs[v], sums[r][v]);
                }
            }
        }
        b = b.wrapping_add(run.b_step);
        a = a.wrapping_add(run.a_step);
    }
}

/// The most rows of a tile with V registers of columns: sums, one register of each column, one broadcast.
pub const fn most_rows(registers: usize, v: usize) -> usize {
    let rows = (registers - 1 - v) / v;
    if rows > 14 { 14 } else { rows }
}

/// Splits `n` columns into panels of at most `most` registers of `lanes` columns, dealt out evenly so that no panel is
/// left with a single register: (first column, columns) of panel `i` of `panels(...)`.
#[derive(Debug, Clone, Copy)]
pub struct Panels {
    n: usize,
    lanes: usize,
    registers: usize,
    pub count: usize,
}

impl Panels {
    pub fn new(n: usize, lanes: usize, most: usize) -> Self {
        let registers = n.div_ceil(lanes);
        Self {
            n,
            lanes,
            registers,
            count: registers.div_ceil(most),
        }
    }
    /// All columns, in whole registers.
    pub fn padded(&self) -> usize {
        self.registers * self.lanes
    }
    pub fn get(&self, i: usize) -> (usize, usize) {
        let at = |i: usize| (i * self.registers / self.count * self.lanes).min(self.n);
        (at(i), at(i + 1) - at(i))
    }
}

/// Evaluates `$body` with the constant R equal to `$rows` (1 to 14, and at most `$most`, a constant: the guards keep
/// tiles that a level has no registers for from being compiled).
macro_rules! with_rows {
    ($rows:expr, $most:expr, $R:ident => $body:expr) => {{
        macro_rules! case {
            ($n:literal) => {{
                const $R: usize = $n;
                $body
            }};
        }
        match $rows {
            14 if const { $most >= 14 } => case!(14),
            13 if const { $most >= 13 } => case!(13),
            12 if const { $most >= 12 } => case!(12),
            11 if const { $most >= 11 } => case!(11),
            10 if const { $most >= 10 } => case!(10),
            9 if const { $most >= 9 } => case!(9),
            8 if const { $most >= 8 } => case!(8),
            7 if const { $most >= 7 } => case!(7),
            6 => case!(6),
            5 => case!(5),
            4 => case!(4),
            3 => case!(3),
            2 => case!(2),
            _ => case!(1),
        }
    }};
}
pub(crate) use with_rows;
