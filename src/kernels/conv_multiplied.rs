//! Depthwise convolution with several kernels for each channel: a plain depthwise one of the input with every channel
//! repeated.

use super::Geometry;
use crate::kernels::gemm::Epilogue;
use crate::kernels::parallel;
use crate::kernels::real::Real;

pub fn suits(g: &Geometry) -> bool {
    g.groups > 1 && g.groups == g.in_channels && g.out_channels > g.in_channels
}

/// The depthwise convolution of the repeated channels.
fn single(g: &Geometry) -> Geometry {
    Geometry {
        in_channels: g.out_channels,
        groups: g.out_channels,
        ..*g
    }
}

/// Numbers that the repeated input takes.
pub fn copied(g: &Geometry) -> usize {
    if suits(g) { single(g).input_len() } else { 0 }
}

/// Numbers that the gradient by the kernel takes: the repeated input, and what `single` needs.
pub fn kernel_scratch(g: &Geometry) -> usize {
    if suits(g) {
        copied(g) + single(g).kernel_scratch()
    } else {
        0
    }
}

/// to[p, c * times + j] = x[p, c].
fn repeat<T: Real>(g: &Geometry, x: &[T], to: &mut [T]) {
    let times = g.out_channels / g.in_channels;
    let whole = parallel::GRAIN.div_ceil(times) * times;
    parallel::for_chunks_mut(to, whole, |first, to| {
        for (x, to) in x[first / times..].iter().zip(to.chunks_exact_mut(times)) {
            to.fill(*x);
        }
    });
}

pub fn forward<T: Real>(
    g: &Geometry,
    x: &[T],
    k: &[T],
    y: &mut [T],
    epilogue: Epilogue<'_, T>,
    scratch: &mut [T],
) {
    let (wide, rest) = scratch.split_at_mut(copied(g));
    repeat(g, x, wide);
    super::forward(&single(g), wide, k, y, epilogue, rest);
}

pub fn input_gradient<T: Real>(g: &Geometry, dy: &[T], k: &[T], dx: &mut [T], scratch: &mut [T]) {
    let (wide, rest) = scratch.split_at_mut(copied(g));
    super::input_gradient(&single(g), dy, k, wide, rest);
    let times = g.out_channels / g.in_channels;
    let wide = &*wide;
    parallel::for_chunks_mut(dx, parallel::GRAIN, |first, dx| {
        for (dx, wide) in dx.iter_mut().zip(wide[first * times..].chunks_exact(times)) {
            *dx = wide.iter().copied().sum();
        }
    });
}

pub fn kernel_gradient<T: Real>(g: &Geometry, x: &[T], dy: &[T], dk: &mut [T], scratch: &mut [T]) {
    let (wide, rest) = scratch.split_at_mut(copied(g));
    repeat(g, x, wide);
    super::kernel_gradient(&single(g), wide, dy, dk, rest);
}
