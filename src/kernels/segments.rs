//! Which taps of a sliding window meet the input, along one axis: all of them in the middle, fewer at the edges.

use core::ops::Range;

use smallvec::SmallVec;

/// Output o meets input o * stride + k * dilation - before with tap k, if there is such an input.
#[derive(Debug, Clone, Copy)]
pub struct Axis {
    pub input: usize,
    pub output: usize,
    pub taps: usize,
    pub stride: usize,
    pub dilation: usize,
    /// Zeros in front of the input; negative where the input begins before it is first read.
    pub before: isize,
}

/// Neighbouring outputs that meet the input with the same taps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    pub outputs: Range<usize>,
    pub taps: Range<usize>,
}

impl Axis {
    /// Where output `o` meets the input with tap `k`; outside of it in the padding.
    #[inline(always)]
    pub fn place(&self, o: usize, k: usize) -> isize {
        (o * self.stride + k * self.dilation) as isize - self.before
    }

    /// The taps with which output `o` meets the input.
    #[inline(always)]
    pub fn taps(&self, o: usize) -> Range<usize> {
        let (first, d) = (self.place(o, 0), self.dilation as isize);
        let from = if first < 0 { (-first + d - 1) / d } else { 0 };
        let room = self.input as isize - first;
        let to = if room > 0 { (room + d - 1) / d } else { 0 };
        let to = (to as usize).min(self.taps);
        (from as usize).min(to)..to
    }

    /// All outputs, in their order.
    pub fn segments(&self) -> SmallVec<[Segment; 8]> {
        let mut all: SmallVec<[Segment; 8]> = SmallVec::new();
        for o in 0..self.output {
            let taps = self.taps(o);
            match all.last_mut() {
                Some(last) if last.taps == taps => last.outputs.end = o + 1,
                _ => all.push(Segment {
                    outputs: o..o + 1,
                    taps,
                }),
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_output_has_the_taps_of_the_definition() {
        for (input, output, taps, stride, dilation, before) in [
            (7, 7, 3, 1, 1, 1),
            (5, 3, 2, 2, 1, 0),
            (9, 4, 3, 2, 3, 2),
            (3, 3, 7, 1, 1, 3),
            (4, 2, 1, 1, 1, -2),
            (2, 9, 2, 1, 1, 4),
        ] {
            let axis = Axis {
                input,
                output,
                taps,
                stride,
                dilation,
                before,
            };
            let meets =
                |o: usize| (0..taps).filter(move |&k| (0..input as isize).contains(&axis.place(o, k)));
            let segments = axis.segments();
            assert!(
                segments
                    .windows(2)
                    .all(|s| s[0].outputs.end == s[1].outputs.start)
            );
            let mut seen = 0;
            for s in &segments {
                for o in s.outputs.clone() {
                    assert!(meets(o).eq(s.taps.clone()), "{axis:?} at {o}");
                    seen += 1;
                }
            }
            assert_eq!(seen, output);
        }
    }
}
