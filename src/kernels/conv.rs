//! Convolution, channels last: forward, gradient by input, gradient by kernel.
//!
//! Y[n, o, f] = sum over k, c of X[n, o * stride + k * dilation - before, c] K[k, c, f]
//!
//! with o and k running over three spatial axes (a lower rank has axes of size 1 in front), group by group. The input
//! is read where it lies, or from a few padded rows; there is no im2col. All three products run on the same register
//! tiles (`tile`): output pixels by output channels, the contraction being a row of the kernel; kernels of 3 x 3 with
//! stride 1 take fewer multiplications where that pays (`winograd`).

use smallvec::{SmallVec, smallvec};

use super::gemm::{Epilogue, Mat, Size, gemm};
use super::real::Real;
use super::segments::Axis;

#[path = "conv_depthwise.rs"]
mod depthwise;
#[path = "conv_depthwise_kernel.rs"]
mod depthwise_kernel;
#[path = "conv_direct.rs"]
mod direct;
#[path = "conv_dots.rs"]
mod dots;
#[path = "conv_images.rs"]
mod images;
#[path = "conv_images_kernel.rs"]
mod images_kernel;
#[path = "conv_kernel.rs"]
mod kernel;
#[path = "conv_multiplied.rs"]
mod multiplied;
#[path = "conv_pack.rs"]
mod pack;
#[path = "conv_rows.rs"]
mod rows;
#[path = "conv_winograd.rs"]
mod winograd;
#[path = "conv_winograd_kernel.rs"]
mod winograd_kernel;
#[path = "conv_winograd_tiles.rs"]
mod winograd_tiles;

use direct::{Direct, Plan, Taps};

/// Sizes of a convolution. Axes are depth, height, width. Arrays: X (batch, input.., in_channels), K (kernel..,
/// in_channels / groups, out_channels), Y (batch, output.., out_channels).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    pub batch: usize,
    pub input: [usize; 3],
    pub output: [usize; 3],
    pub kernel: [usize; 3],
    pub stride: [usize; 3],
    pub dilation: [usize; 3],
    /// Zeros in front of the input; those behind follow from `output`.
    pub before: [usize; 3],
    pub in_channels: usize,
    pub out_channels: usize,
    pub groups: usize,
}

fn product(sizes: [usize; 3]) -> usize {
    sizes.iter().product()
}

impl Geometry {
    pub fn input_len(&self) -> usize {
        self.batch * product(self.input) * self.in_channels
    }
    pub fn output_len(&self) -> usize {
        self.batch * product(self.output) * self.out_channels
    }
    pub fn kernel_len(&self) -> usize {
        product(self.kernel) * self.in_channels / self.groups * self.out_channels
    }
    /// Multiply-adds of the forward product; the two gradients have as many.
    pub fn multiply_adds(&self) -> usize {
        self.batch
            .saturating_mul(product(self.output))
            .saturating_mul(product(self.kernel) * self.in_channels / self.groups)
            .saturating_mul(self.out_channels)
    }
    fn is_depthwise(&self) -> bool {
        self.groups > 1 && self.groups == self.in_channels && self.groups == self.out_channels
    }
    /// A single output channel, and input channels to fill the lanes instead.
    fn has_one_filter(&self) -> bool {
        self.out_channels == 1 && self.in_channels >= 8
    }
    /// One tap that meets every pixel once: a plain matrix product.
    fn is_pointwise(&self) -> bool {
        self.groups == 1
            && self.kernel == [1; 3]
            && self.stride == [1; 3]
            && self.before == [0; 3]
            && self.input == self.output
    }
    fn check<T>(&self, x: &[T], k: &[T], y: &[T]) {
        assert_eq!(x.len(), self.input_len(), "conv: the input has another size");
        assert_eq!(k.len(), self.kernel_len(), "conv: the kernel has another size");
        assert_eq!(y.len(), self.output_len(), "conv: the output has another size");
    }
    /// Scratch numbers that `forward` and `input_gradient` need: the kernel in panels of whole registers, or a copy of
    /// the input.
    pub fn scratch(&self) -> usize {
        let copy = images::copied(self).max(multiplied::copied(self));
        let taps = product(self.kernel) * self.groups;
        let (c, f) = (self.in_channels / self.groups, self.out_channels / self.groups);
        let panels = taps * (c * f.next_multiple_of(16)).max(f * c.next_multiple_of(16));
        copy.max(panels).max(winograd::scratch(self))
    }
    /// Scratch numbers that `kernel_gradient` needs: partial sums, or copies of the images.
    pub fn kernel_scratch(&self) -> usize {
        let copy = images_kernel::copied(self).max(multiplied::kernel_scratch(self));
        copy.max(kernel::parts(self).copies * self.kernel_len())
            .max(winograd_kernel::scratch(self))
    }
    fn axis(&self, a: usize) -> Axis {
        Axis {
            input: self.input[a],
            output: self.output[a],
            taps: self.kernel[a],
            stride: self.stride[a],
            dilation: self.dilation[a],
            before: self.before[a] as isize,
        }
    }
    fn forward_taps(&self) -> Taps {
        let (c, f) = (self.in_channels / self.groups, self.out_channels / self.groups);
        let row = self.out_channels as isize;
        let tap = c as isize * row;
        let [_, kh, kw] = self.kernel.map(|k| k as isize);
        Taps {
            first: 0,
            steps: [kh * kw * tap, kw * tap, tap],
            channel: row,
            column: 1,
            group: f as isize,
        }
    }
}

/// y = epilogue(conv(x, k)).
pub fn forward<T: Real>(
    g: &Geometry,
    x: &[T],
    k: &[T],
    y: &mut [T],
    epilogue: Epilogue<'_, T>,
    scratch: &mut [T],
) {
    g.check(x, k, y);
    if y.is_empty() {
        return;
    }
    if g.is_pointwise() {
        let (n, k_size) = (g.out_channels, g.in_channels);
        let size = Size {
            m: y.len() / n,
            n,
            k: k_size,
        };
        let (a, b) = (Mat::row_major(x, k_size), Mat::row_major(k, n));
        return gemm(size, T::ONE, a, b, T::ZERO, y, epilogue);
    }
    if multiplied::suits(g) {
        return multiplied::forward(g, x, k, y, epilogue, scratch);
    }
    run(g, &forward_plan(g), x, k, y, epilogue, scratch);
}

fn forward_plan(g: &Geometry) -> Plan {
    let part = Direct {
        input: g.input,
        in_channels: g.in_channels,
        kernel: g.kernel,
        stride: g.stride,
        dilation: g.dilation,
        before: g.before.map(|b| b as isize),
        output: g.output,
        start: [0; 3],
        step: [1; 3],
        image: g.output,
        groups: g.groups,
        columns: g.out_channels / g.groups,
        taps: g.forward_taps(),
    };
    Plan {
        parts: smallvec![part],
        batch: g.batch,
        image: g.output,
        channels: g.out_channels,
        covered: true,
    }
}

/// Chooses the kernel for a plan.
fn run<T: Real>(
    g: &Geometry,
    plan: &Plan,
    x: &[T],
    k: &[T],
    y: &mut [T],
    epilogue: Epilogue<'_, T>,
    scratch: &mut [T],
) {
    if g.is_depthwise() {
        depthwise::run(plan, x, k, y, epilogue);
    } else if dots::suits(plan) {
        dots::run(plan, x, k, y, epilogue, scratch);
    } else if winograd::suits::<T>(plan) {
        winograd::run(plan, x, k, y, epilogue, scratch);
    } else if images::suits(plan) {
        images::run(plan, x, k, y, epilogue, scratch);
    } else {
        plan.run(x, k, y, epilogue, scratch);
    }
}

/// dX[n, i, c] = sum over o, k with o * stride + k * dilation - before = i, and over f, of dY[n, o, f] K[k, c, f].
///
/// The positions i fall into phases by (i + before) mod stride. Within a phase the taps are every so manieth of the
/// kernel, and dX is a convolution of dY with stride 1 by these taps, flipped.
pub fn input_gradient<T: Real>(g: &Geometry, dy: &[T], k: &[T], dx: &mut [T], scratch: &mut [T]) {
    g.check(dx, k, dy);
    if dx.is_empty() {
        return;
    }
    if g.is_pointwise() {
        let (n, f) = (g.in_channels, g.out_channels);
        let size = Size {
            m: dx.len() / n,
            n,
            k: f,
        };
        let (a, b) = (Mat::row_major(dy, f), Mat::transposed(k, f));
        return gemm(size, T::ONE, a, b, T::ZERO, dx, Epilogue::NONE);
    }
    if multiplied::suits(g) {
        return multiplied::input_gradient(g, dy, k, dx, scratch);
    }
    run(g, &input_plan(g), dy, k, dx, Epilogue::NONE, scratch);
}

/// The convolutions of dY, one for each phase, that make dX.
fn input_plan(g: &Geometry) -> Plan {
    let axes: [Vec<Phase>; 3] = core::array::from_fn(|a| {
        (0..g.stride[a])
            .filter_map(|r| {
                Phase::new(
                    g.input[a],
                    g.kernel[a],
                    g.stride[a],
                    g.dilation[a],
                    g.before[a],
                    r,
                )
            })
            .collect()
    });
    let covered = |a: usize| axes[a].iter().map(|p| p.count).sum::<usize>() == g.input[a];
    let forward = g.forward_taps();
    let mut plan = Plan {
        parts: SmallVec::new(),
        batch: g.batch,
        image: g.input,
        channels: g.in_channels,
        covered: covered(0) && covered(1) && covered(2),
    };
    for d in &axes[0] {
        for v in &axes[1] {
            for u in &axes[2] {
                let phase = [d, v, u];
                let each = |f: &dyn Fn(usize) -> isize| -> isize { (0..3).map(f).sum() };
                plan.parts.push(Direct {
                    input: g.output,
                    in_channels: g.out_channels,
                    kernel: phase.map(|p| p.taps),
                    stride: [1; 3],
                    dilation: phase.map(|p| p.dilation),
                    before: phase.map(|p| p.before),
                    output: phase.map(|p| p.count),
                    start: phase.map(|p| p.start),
                    step: g.stride,
                    image: g.input,
                    groups: g.groups,
                    columns: g.in_channels / g.groups,
                    taps: Taps {
                        first: each(&|a| phase[a].last_tap as isize * forward.steps[a]),
                        steps: core::array::from_fn(|a| -(phase[a].tap_step as isize) * forward.steps[a]),
                        channel: forward.column,
                        column: forward.channel,
                        group: forward.group,
                    },
                });
            }
        }
    }
    plan
}

/// One phase of one axis: positions `start`, `start + stride`, ... of dX, as a flipped convolution.
#[derive(Debug, Clone, Copy)]
struct Phase {
    start: usize,
    count: usize,
    taps: usize,
    /// The tap of the whole kernel that the flipped kernel begins with, and the distance to the next.
    last_tap: usize,
    tap_step: usize,
    dilation: usize,
    before: isize,
}

impl Phase {
    /// With s the stride, d the dilation and e their greatest common divisor: tap k serves the positions with
    /// i + before = k d (mod s), so the taps of phase r are k0, k0 + s/e, ..., and o falls by d/e from one to the next.
    fn new(input: usize, kernel: usize, s: usize, d: usize, before: usize, r: usize) -> Option<Self> {
        let start = (r + s - before % s) % s;
        let step = s / gcd(s, d);
        let k0 = (0..step.min(kernel)).find(|k| (k * d) % s == r)?;
        if start >= input {
            return None;
        }
        let taps = (kernel - k0).div_ceil(step);
        let dilation = d / gcd(s, d);
        let first_output = (start as isize + before as isize - (k0 * d) as isize) / s as isize;
        Some(Self {
            start,
            count: (input - start).div_ceil(s),
            taps,
            last_tap: k0 + (taps - 1) * step,
            tap_step: step,
            dilation,
            before: ((taps - 1) * dilation) as isize - first_output,
        })
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// dK[k, c, f] = sum over n, o of X[n, o * stride + k * dilation - before, c] dY[n, o, f].
pub fn kernel_gradient<T: Real>(g: &Geometry, x: &[T], dy: &[T], dk: &mut [T], scratch: &mut [T]) {
    g.check(x, dk, dy);
    if dy.is_empty() || x.is_empty() {
        return dk.fill(T::ZERO);
    }
    if g.is_pointwise() {
        let (m, n) = (g.in_channels, g.out_channels);
        if dk.len() >= 1 << 14 {
            let (a, b) = (Mat::transposed(x, m), Mat::row_major(dy, n));
            return gemm(
                Size { m, n, k: x.len() / m },
                T::ONE,
                a,
                b,
                T::ZERO,
                dk,
                Epilogue::NONE,
            );
        }
    }
    if multiplied::suits(g) {
        return multiplied::kernel_gradient(g, x, dy, dk, scratch);
    }
    if winograd_kernel::suits::<T>(g) {
        return winograd_kernel::run(g, x, dy, dk, scratch);
    }
    if images_kernel::suits(g) {
        return images_kernel::run(g, x, dy, dk, scratch);
    }
    kernel::run(g, x, dy, dk, scratch);
}

#[cfg(test)]
#[path = "conv_tests.rs"]
mod tests;
#[cfg(test)]
#[path = "conv_winograd_tests.rs"]
mod winograd_tests;
