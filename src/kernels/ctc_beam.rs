//! The best ways to read labels off a sequence of distributions: beam search over prefixes (Graves 2006, Hannun et al.
//! 2014). What a prefix gains by ending in a blank and by ending in its last label is kept apart, since only after a
//! blank does the same class again mean another label.

use std::cmp::Ordering;
use std::collections::HashMap;

use crate::kernels::ctc::log_add;
use crate::kernels::real::Real;

/// The widths of a search, and the class that is the blank.
#[derive(Debug, Clone, Copy)]
pub struct Search {
    pub beam_width: usize,
    pub top_paths: usize,
    pub classes: usize,
    pub blank: usize,
}

/// Prefixes share their beginnings: each is a label after another prefix. Number 0 is the empty one.
#[derive(Debug, Default)]
struct Prefixes {
    nodes: Vec<(usize, usize)>,
    children: HashMap<(usize, usize), usize>,
}

impl Prefixes {
    fn child(&mut self, parent: usize, label: usize) -> usize {
        let nodes = &mut self.nodes;
        *self.children.entry((parent, label)).or_insert_with(|| {
            nodes.push((parent, label));
            nodes.len()
        })
    }

    fn last(&self, prefix: usize) -> Option<usize> {
        prefix.checked_sub(1).map(|i| self.nodes[i].1)
    }

    fn labels(&self, mut prefix: usize) -> Vec<usize> {
        let mut labels = Vec::new();
        while let Some(i) = prefix.checked_sub(1) {
            labels.push(self.nodes[i].1);
            prefix = self.nodes[i].0;
        }
        labels.reverse();
        labels
    }
}

/// A prefix, and the logarithms of its probabilities with a blank and with a label at the end.
#[derive(Debug, Clone, Copy)]
struct Beam {
    prefix: usize,
    blank: f64,
    label: f64,
}

impl Beam {
    fn total(&self) -> f64 {
        log_add(self.blank, self.label)
    }
}

/// The beams of the next step, in the order in which they were met.
#[derive(Debug, Default)]
struct Next {
    beams: Vec<Beam>,
    places: HashMap<usize, usize>,
}

impl Next {
    fn add(&mut self, prefix: usize, blank: f64, label: f64) {
        if blank == f64::NEG_INFINITY && label == f64::NEG_INFINITY {
            return;
        }
        let beams = &mut self.beams;
        let place = *self.places.entry(prefix).or_insert_with(|| {
            beams.push(Beam {
                prefix,
                blank: f64::NEG_INFINITY,
                label: f64::NEG_INFINITY,
            });
            beams.len() - 1
        });
        let beam = &mut beams[place];
        beam.blank = log_add(beam.blank, blank);
        beam.label = log_add(beam.label, label);
    }
}

/// Better first; among equals the one with the smaller class at the first difference, then the longer one.
fn order(prefixes: &Prefixes, a: &Beam, b: &Beam) -> Ordering {
    b.total().total_cmp(&a.total()).then_with(|| {
        let (a, b) = (prefixes.labels(a.prefix), prefixes.labels(b.prefix));
        let differing = a.iter().zip(&b).find(|(x, y)| x != y);
        differing.map_or(b.len().cmp(&a.len()), |(x, y)| x.cmp(y))
    })
}

impl Search {
    /// The best label sequences of one sample and the logarithms of their probabilities, the best first.
    pub fn run<T: Real>(&self, logits: &[T]) -> Vec<(Vec<usize>, f64)> {
        const NONE: f64 = f64::NEG_INFINITY;
        let mut prefixes = Prefixes::default();
        let mut beams = vec![Beam {
            prefix: 0,
            blank: 0.0,
            label: NONE,
        }];
        for row in logits.chunks_exact(self.classes) {
            let m = row
                .iter()
                .fold(NONE, |m, v| if v.to_f64() > m { v.to_f64() } else { m });
            let sum: f64 = row.iter().map(|v| Real::exp(v.to_f64() - m)).sum();
            let normaliser = m + Real::ln(sum);
            let mut next = Next::default();
            for beam in &beams {
                let (total, last) = (beam.total(), prefixes.last(beam.prefix));
                for (class, v) in row.iter().enumerate() {
                    let p = v.to_f64() - normaliser;
                    if class == self.blank {
                        next.add(beam.prefix, total + p, NONE);
                    } else if last == Some(class) {
                        next.add(beam.prefix, NONE, beam.label + p);
                        if beam.blank != NONE {
                            next.add(prefixes.child(beam.prefix, class), NONE, beam.blank + p);
                        }
                    } else {
                        next.add(prefixes.child(beam.prefix, class), NONE, total + p);
                    }
                }
            }
            beams = next.beams;
            beams.sort_by(|a, b| order(&prefixes, a, b));
            beams.truncate(self.beam_width);
        }
        beams.truncate(self.top_paths);
        beams
            .iter()
            .map(|b| (prefixes.labels(b.prefix), b.total()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_search_finds_the_probabilities_of_all_label_sequences() {
        let (steps, classes) = (4, 3);
        let logits: Vec<f64> = (0..steps * classes)
            .map(|i| ((i * 37 % 23) as f64 - 11.0) / 7.0)
            .collect();
        let search = Search {
            beam_width: 1000,
            top_paths: 1000,
            classes,
            blank: 0,
        };
        let found = search.run(&logits);
        let total: f64 = found.iter().map(|(_, score)| score.exp()).sum();
        assert!((total - 1.0).abs() < 1e-12);
        assert!(found.windows(2).all(|w| w[0].1 >= w[1].1));
        for (labels, score) in found {
            let labels: Vec<i64> = labels.iter().map(|&l| l as i64).collect();
            let sample = crate::kernels::ctc::Sample {
                labels: &labels,
                logits: &logits[..],
                classes,
                blank: 0,
            };
            let mut scratch = vec![0.0; crate::kernels::ctc::scratch_len(labels.len(), steps)];
            assert!(
                (sample.loss(&mut scratch) + score).abs() < 1e-10,
                "{labels:?} {score}"
            );
        }
    }

    #[test]
    fn equals_are_in_the_order_of_their_classes() {
        let search = Search {
            beam_width: 3,
            top_paths: 3,
            classes: 3,
            blank: 2,
        };
        let labels: Vec<_> = search.run(&[0.0, 0.0, 0.0]).into_iter().map(|(l, _)| l).collect();
        assert_eq!(labels, [vec![0], vec![1], vec![]]);
    }
}
