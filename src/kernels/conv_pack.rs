//! The kernel of a convolution, copied into panels of whole registers of output channels.

use super::direct::{Direct, V};
use crate::kernels::parallel::{self, Disjoint};
use crate::kernels::real::Real;
use crate::kernels::simd::{Kernel, Lanes, dispatch};
use crate::kernels::tile::Panels;

impl Direct {
    /// Copies the kernel into panels: group by group, panel by panel, `terms` rows of whole registers.
    pub fn pack<T: Real>(&self, k: &[T], to: &mut [T]) {
        let panels = dispatch::<T, _>(Count(self.columns));
        let own = to.len() / (panels * self.groups);
        let shared = Disjoint::new(to);
        parallel::for_ranges(panels * self.groups, parallel::GRAIN / own.max(1), |range| {
            for panel in range {
                dispatch(Pack {
                    direct: self,
                    k,
                    group: panel / panels,
                    panel: panel % panels,
                    to: &shared,
                });
            }
        });
    }
}

/// Panels of so many columns.
pub struct Count(pub usize);

impl<T: Real> Kernel<T> for Count {
    type Output = usize;

    #[inline(always)]
    fn run<L: Lanes<T>>(self) -> usize {
        Panels::new(self.0, L::N, V).count
    }
}

/// Copies one panel.
struct Pack<'a, T> {
    direct: &'a Direct,
    k: &'a [T],
    group: usize,
    panel: usize,
    to: &'a Disjoint<'a, T>,
}

impl<T: Real> Kernel<T> for Pack<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let d = self.direct;
        let (first, columns) = Panels::new(d.columns, L::N, V).get(self.panel);
        let (terms, width) = (d.terms(), columns.next_multiple_of(L::N));
        let at = (self.group * d.columns.next_multiple_of(L::N) + first) * terms;
        // SAFETY: each panel of each group has its own part.
        let to = unsafe { self.to.slice(at..at + terms * width) };
        let [_, kh, kw] = d.kernel;
        for (tap, to) in to.chunks_exact_mut(d.channels() * width).enumerate() {
            let tap = d.tap([tap / (kh * kw), tap / kw % kh, tap % kw]) as isize;
            let from = tap + self.group as isize * d.taps.group + first as isize * d.taps.column;
            pack_tap::<T, L>(d, self.k, from as usize, columns, to);
        }
    }
}

/// One tap of one panel: `channels` rows of `columns`.
#[inline(always)]
pub fn pack_tap<T: Real, L: Lanes<T>>(d: &Direct, k: &[T], from: usize, columns: usize, to: &mut [T]) {
    let (row, column) = (d.taps.channel as usize, d.taps.column as usize);
    let (channels, width) = (d.channels(), columns.next_multiple_of(L::N));
    if column == 1 {
        for (c, to) in to.chunks_exact_mut(width).enumerate() {
            to[..columns].copy_from_slice(&k[from + c * row..][..columns]);
            to[columns..].fill(T::ZERO);
        }
        return;
    }
    let blocks = if row == 1 {
        (channels / L::N * L::N, columns / L::N * L::N)
    } else {
        (0, 0)
    };
    for j in (0..blocks.1).step_by(L::N) {
        for c in (0..blocks.0).step_by(L::N) {
            let source = &k[from + j * column + c..][..(L::N - 1) * column + L::N];
            // SAFETY: N rows of the kernel as sliced above; c + N <= channels and j + N <= width inside `to`.
            unsafe { L::transpose(source.as_ptr(), column, to[c * width + j..].as_mut_ptr(), width) };
        }
    }
    for c in 0..channels {
        for j in if c < blocks.0 { blocks.1 } else { 0 }..width {
            to[c * width + j] = if j < columns {
                k[from + c * row + j * column]
            } else {
                T::ZERO
            };
        }
    }
}
