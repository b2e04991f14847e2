//! Batches of rows: a slice of the user's arrays where rows are taken in order, a gathered copy where they are shuffled.

use smallvec::SmallVec;

use crate::error::{Error, Result};
use crate::kernels::parallel::{Disjoint, for_ranges};
use crate::shape::Shape;
use crate::tensor::{Tensor, View};

/// Bytes that one thread gathers at a time.
const GRAIN_BYTES: usize = 32 * 1024;

/// Rows `order[start..stop]` (or `start..stop`) of each column, in batches of `size`; the last may be shorter.
#[derive(Debug, Clone, Copy)]
pub struct Batches<'a> {
    pub columns: &'a [View<'a>],
    pub order: Option<&'a [i64]>,
    pub start: usize,
    pub stop: usize,
    pub size: usize,
}

/// Memory that gathered batches are laid into, reused from step to step.
#[derive(Debug, Default)]
pub struct Stage {
    tensors: Vec<Tensor>,
    shapes: Vec<Shape>,
}

impl Batches<'_> {
    /// Every column has as many rows; every index names one of them.
    pub fn check(&self) -> Result<()> {
        let who = "batches";
        if self.size == 0 {
            return Err(Error::value(who).expected("a batch size of at least 1").got("0"));
        }
        let mut rows = None;
        for (i, column) in self.columns.iter().enumerate() {
            let n = *column.shape().first().ok_or_else(|| {
                Error::value(who)
                    .expected("arrays with an axis of samples")
                    .got(format!("a scalar as column {i}"))
            })?;
            match rows {
                Some(m) if m != n => {
                    return Err(Error::value(who)
                        .expected(format!("{m} rows in column {i}, as in the others"))
                        .got(n.to_string()));
                }
                _ => rows = Some(n),
            }
        }
        let rows = rows.ok_or_else(|| Error::value(who).expected("at least one array").got("none"))?;
        let limit = self.order.map_or(rows, <[i64]>::len);
        if self.start > self.stop || self.stop > limit {
            return Err(Error::value(who)
                .expected(format!("a range inside 0..{limit}"))
                .got(format!("{}..{}", self.start, self.stop)));
        }
        if let Some(order) = self.order
            && let Some(bad) = order[self.start..self.stop]
                .iter()
                .find(|&&i| usize::try_from(i).map_or(true, |i| i >= rows))
        {
            return Err(Error::index(who)
                .expected(format!("indices in [0, {rows})"))
                .got(bad.to_string()));
        }
        Ok(())
    }
}

impl Stage {
    /// Calls `work` with the batch that starts at position `at` and holds `rows` rows.
    pub fn with<R>(
        &mut self,
        batches: &Batches<'_>,
        at: usize,
        rows: usize,
        work: impl FnOnce(&[View<'_>]) -> Result<R>,
    ) -> Result<R> {
        self.shapes.clear();
        self.shapes.extend(batches.columns.iter().map(|c| {
            let mut shape: Shape = c.shape().into();
            shape[0] = rows;
            shape
        }));
        let row_bytes = |c: &View<'_>| c.shape()[1..].iter().product::<usize>() * c.dtype().size();
        let Some(order) = batches.order else {
            let views: SmallVec<[View<'_>; 4]> = batches
                .columns
                .iter()
                .zip(&self.shapes)
                // SAFETY: `check` saw that rows at..at + rows exist; the memory is the column's.
                .map(|(c, shape)| unsafe {
                    View::from_raw(c.dtype(), shape, c.as_ptr().add(at * row_bytes(c)))
                })
                .collect();
            return work(&views);
        };
        let order = &order[at..at + rows];
        for (i, column) in batches.columns.iter().enumerate() {
            let fits = self.tensors.get(i).is_some_and(|t| {
                t.dtype() == column.dtype() && t.shape()[1..] == column.shape()[1..] && t.shape()[0] >= rows
            });
            if !fits {
                let mut shape = self.shapes[i].clone();
                shape[0] = batches.size.max(rows);
                let fresh = Tensor::uninit(column.dtype(), &shape)?;
                if i < self.tensors.len() {
                    self.tensors[i] = fresh
                } else {
                    self.tensors.push(fresh)
                }
            }
            gather(
                column,
                order,
                row_bytes(column),
                self.tensors[i].view_mut().bytes_mut(),
            );
        }
        let views: SmallVec<[View<'_>; 4]> = self
            .tensors
            .iter()
            .zip(&self.shapes)
            // SAFETY: the staged tensor holds at least `rows` rows of this shape.
            .map(|(t, shape)| unsafe { View::from_raw(t.dtype(), shape, t.view().as_ptr()) })
            .collect();
        work(&views)
    }
}

/// out[r] = column[order[r]], row by row.
fn gather(column: &View<'_>, order: &[i64], row: usize, out: &mut [u8]) {
    let from = column.bytes();
    let used = &mut out[..order.len() * row];
    let shared = Disjoint::new(used);
    for_ranges(order.len(), (GRAIN_BYTES / row.max(1)).max(1), |rows| {
        // SAFETY: ranges do not overlap, so the rows written do not either.
        let part = unsafe { shared.slice(rows.start * row..rows.end * row) };
        for (k, &i) in order[rows].iter().enumerate() {
            let i = i as usize;
            part[k * row..(k + 1) * row].copy_from_slice(&from[i * row..(i + 1) * row]);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column() -> Tensor {
        Tensor::from_slice(
            &[5, 2],
            &[0.0f32, 1.0, 10.0, 11.0, 20.0, 21.0, 30.0, 31.0, 40.0, 41.0],
        )
        .unwrap()
    }

    #[test]
    fn rows_are_gathered_in_the_given_order() {
        let t = column();
        let columns = [t.view()];
        let order = [4i64, 0, 2, 1, 3];
        let batches = Batches {
            columns: &columns,
            order: Some(&order),
            start: 0,
            stop: 5,
            size: 2,
        };
        batches.check().unwrap();
        let mut stage = Stage::default();
        let got = stage
            .with(&batches, 2, 2, |v| Ok(v[0].slice::<f32>().to_vec()))
            .unwrap();
        assert_eq!(got, vec![20.0, 21.0, 10.0, 11.0]);
        let short = stage
            .with(&batches, 4, 1, |v| {
                Ok((v[0].shape().to_vec(), v[0].slice::<f32>().to_vec()))
            })
            .unwrap();
        assert_eq!(short, (vec![1, 2], vec![30.0, 31.0]));
    }

    #[test]
    fn rows_in_order_are_not_copied() {
        let t = column();
        let columns = [t.view()];
        let batches = Batches {
            columns: &columns,
            order: None,
            start: 0,
            stop: 5,
            size: 2,
        };
        let at = Stage::default()
            .with(&batches, 2, 2, |v| Ok(v[0].as_ptr() as usize))
            .unwrap();
        assert_eq!(at, t.view().as_ptr() as usize + 2 * 2 * 4);
    }

    #[test]
    fn an_index_outside_is_named() {
        let t = column();
        let columns = [t.view()];
        let order = [0i64, 7];
        let batches = Batches {
            columns: &columns,
            order: Some(&order),
            start: 0,
            stop: 2,
            size: 2,
        };
        assert!(batches.check().unwrap_err().to_string().contains("[0, 5); got 7"));
    }
}
