//! Confusion counts at many thresholds, in one pass over the predictions.

use serde::{Deserialize, Serialize};

use crate::autograd::{Value, apply};
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::float_dispatch;
use crate::kernels::real::Real;
use crate::ops::{Op, OpFn, Pass, Run, cast, parse_attrs};
use crate::shape::{Dim, Spec, Specs, show};
use crate::tensor::{View, ViewMut};

const NAME: &str = "confusion_counts";

/// What takes the place of predictions that are not among the k largest of their row.
const OUT: f64 = -1e10;

// For each threshold t, with weights w:
// tp = sum of w [y > t][label], fp = sum of w [y > t][no label], tn and fn likewise for y <= t.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct ConfusionCounts {
    thresholds: Vec<f64>,
    /// Only the k largest of a row count as they are.
    #[serde(default)]
    top_k: Option<usize>,
    /// Only this column counts.
    #[serde(default)]
    class_id: Option<usize>,
    /// Counts for each column of their own.
    #[serde(default)]
    multi_label: bool,
    /// Weights of the columns.
    #[serde(default)]
    label_weights: Option<Vec<f64>>,
    /// Predictions are brought into [0, 1] first.
    #[serde(default)]
    clip: bool,
}

fn fits(a: Dim, b: Dim) -> bool {
    a.is_none() || b.is_none() || a == b
}

impl ConfusionCounts {
    fn check(&self, x: &[Spec]) -> Result<()> {
        let (t, y) = (&x[0].dims, &x[1].dims);
        let shapes = format!("y_true {} and y_pred {}", show(t), show(y));
        if y.is_empty() || t.len() != y.len() || !t.iter().zip(y).all(|(a, b)| fits(*a, *b)) {
            return Err(Error::value(NAME)
                .expected("y_true and y_pred of the same shape, with at least one axis")
                .got(shapes)
                .hint("One-hot labels go with one column for each class, yes-or-no labels with one column"));
        }
        if !x[1].dtype.is_float() {
            return Err(Error::type_error(NAME)
                .expected("float predictions")
                .got(x[1].dtype.name()));
        }
        let columns = if y.len() > 1 { y[y.len() - 1] } else { Some(1) };
        if let Some(w) = x.get(2) {
            let right =
                w.rank() <= y.len() && w.dims.iter().zip(y).all(|(w, y)| *w == Some(1) || fits(*w, *y));
            if !right {
                return Err(Error::value(NAME)
                    .expected(format!("sample weights of a shape with which {} begins", show(y)))
                    .got(show(&w.dims)));
            }
        }
        if let (Some(id), Some(columns)) = (self.class_id, columns)
            && (id >= columns || y.len() < 2)
        {
            return Err(Error::value(NAME)
                .expected(format!("class_id to be a column of y_pred {}", show(y)))
                .got(format!("class_id={id}")));
        }
        if let (Some(w), Some(columns)) = (&self.label_weights, columns)
            && w.len() != columns
        {
            return Err(Error::value(NAME)
                .expected(format!("{columns} label weights, one for each column"))
                .got(w.len().to_string()));
        }
        if let (Some(k), Some(columns)) = (self.top_k, columns)
            && (k == 0 || k > columns)
        {
            return Err(Error::value(NAME)
                .expected(format!(
                    "top_k in [1, {columns}], the number of columns of y_pred"
                ))
                .got(format!("top_k={k}")));
        }
        if self.multi_label && (y.len() != 2 || columns.is_none()) {
            return Err(Error::value(NAME)
                .expected("y_pred of shape (N, labels) for multi_label")
                .got(show(y)));
        }
        Ok(())
    }

    fn run<T: Real + Element>(&self, run: &mut Run, x: &[View<'_>], out: &mut [f64]) {
        let (labels, predictions) = (x[0].bytes(), x[1].slice::<T>());
        let shape = x[1].shape();
        let columns = if shape.len() > 1 {
            shape[shape.len() - 1]
        } else {
            1
        };
        let groups = if self.multi_label { columns } else { 1 };
        let n = self.thresholds.len();
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&a, &b| self.thresholds[a].total_cmp(&self.thresholds[b]));
        let sorted: Vec<T> = order.iter().map(|&i| T::from_f64(self.thresholds[i])).collect();
        let weights = x.get(2).map(|w| Weights::new(w, shape));

        // Weights of labelled and of other predictions by how many thresholds they pass; then the places of the k
        // largest of a row.
        let scratch = run.scratch::<f64>(2 * groups * (n + 1) + columns);
        let (sums, among) = scratch.split_at_mut(2 * groups * (n + 1));
        sums.fill(0.0);
        for (r, row) in predictions.chunks(columns.max(1)).enumerate() {
            if let Some(k) = self.top_k {
                largest(row, k, among);
            }
            for (c, &y) in row.iter().enumerate() {
                if self.class_id.is_some_and(|id| id != c) {
                    continue;
                }
                let i = r * columns + c;
                let mut y = y;
                if self.top_k.is_some() && among[c] == 0.0 {
                    y = T::from_f64(OUT);
                }
                if self.clip {
                    y = if y < T::ZERO {
                        T::ZERO
                    } else if y > T::ONE {
                        T::ONE
                    } else {
                        y
                    };
                }
                let passed = sorted.partition_point(|&t| t < y);
                let mut w = weights.as_ref().map_or(1.0, |w| w.at(i));
                if let (Some(own), false) = (&self.label_weights, self.multi_label) {
                    w *= own[c];
                }
                let group = if self.multi_label { c } else { 0 };
                let kind = usize::from(labels[i] == 0);
                sums[(kind * groups + group) * (n + 1) + passed] += w;
            }
        }
        for group in 0..groups {
            for kind in 0..2 {
                let sums = &sums[(kind * groups + group) * (n + 1)..][..=n];
                let total: f64 = sums.iter().sum();
                // Positive at the i-th threshold (in order) are those that pass more than i of them.
                let mut positive = 0.0;
                for i in (0..n).rev() {
                    positive += sums[i + 1];
                    let place = order[i] * groups + group;
                    // tp, fp, tn, fn
                    let (yes, no) = if kind == 0 { (0, 3) } else { (1, 2) };
                    out[yes * n * groups + place] = positive;
                    out[no * n * groups + place] = total - positive;
                }
            }
        }
    }
}

/// Marks the k largest with 1, the others with 0; of equal ones the first.
fn largest<T: Real>(row: &[T], k: usize, among: &mut [f64]) {
    among.fill(0.0);
    for _ in 0..k {
        let mut best: Option<usize> = None;
        for (c, &y) in row.iter().enumerate() {
            if among[c] == 0.0 && !y.is_nan() && best.is_none_or(|b| y > row[b]) {
                best = Some(c);
            }
        }
        match best {
            Some(best) => among[best] = 1.0,
            None => break,
        }
    }
}

/// Sample weights, read as if broadcast to the shape of the predictions.
#[derive(Serialize)]
struct Weights<'a> {
    data: &'a [f64],
    /// For each axis of the predictions: elements behind one step, size, and step of the weights.
    axes: Vec<(usize, usize, usize)>,
}

impl<'a> Weights<'a> {
    fn new(view: &View<'a>, shape: &[usize]) -> Self {
        let own = |axis: usize| view.shape().get(axis).copied().unwrap_or(1);
        let (mut axes, mut behind, mut step) = (vec![], 1, 1);
        for axis in (0..shape.len()).rev() {
            axes.push((behind, shape[axis], if own(axis) == 1 { 0 } else { step }));
            behind *= shape[axis];
            step *= own(axis);
        }
        Self {
            data: view.slice(),
            axes,
        }
    }

    fn at(&self, i: usize) -> f64 {
        self.data[self
            .axes
            .iter()
            .map(|(behind, size, step)| i / behind % size * step)
            .sum::<usize>()]
    }
}

impl Op for ConfusionCounts {
    fn name(&self) -> &'static str {
        NAME
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        self.check(x)?;
        let mut dims = vec![Some(4), Some(self.thresholds.len())];
        if self.multi_label {
            dims.push(x[1].dims[1]);
        }
        Spec::new(DType::F64, dims).one()
    }

    fn forward(&self, run: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let out = y[0].slice_mut::<f64>();
        float_dispatch!(x[1].dtype(), T => {
            self.run::<T>(run, x, out);
            Ok(())
        },
            else => Err(Error::type_error(NAME).expected("float predictions").got(x[1].dtype().name())))
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![None; pass.inputs.len()])
    }
}

/// Counts (tp, fp, tn, fn) at each threshold, float64, of shape (4, thresholds) or (4, thresholds, labels).
pub const OP: (&str, OpFn) = (NAME, |x, attrs| {
    let op: ConfusionCounts = parse_attrs(NAME, attrs)?;
    let [y_true, y_pred, rest @ ..] = x else {
        return Err(Error::type_error(NAME)
            .expected("2 or 3 inputs")
            .got(x.len().to_string()));
    };
    let y_true = cast(y_true, DType::Bool)?;
    Ok(vec![match rest {
        [] => apply(op, &[&y_true, y_pred])?,
        [weights, ..] => apply(op, &[&y_true, y_pred, &cast(weights, DType::F64)?])?,
    }])
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::Attrs;
    use crate::tensor::Tensor;

    fn counts(
        y_true: &[f32],
        y_pred: &[f32],
        shape: &[usize],
        weights: Option<Tensor>,
        attrs: &str,
    ) -> Vec<f64> {
        let attrs: Attrs = serde_json::from_str(attrs).unwrap();
        let mut x: Vec<Value> = vec![
            Tensor::from_slice(shape, y_true).unwrap().into(),
            Tensor::from_slice(shape, y_pred).unwrap().into(),
        ];
        x.extend(weights.map(Value::from));
        (OP.1)(&x, &attrs).unwrap()[0]
            .tensor()
            .unwrap()
            .slice::<f64>()
            .to_vec()
    }

    #[test]
    fn counts_are_those_of_plain_comparison() {
        let n = 200;
        let y: Vec<f32> = (0..n).map(|i| ((i * 37) % 101) as f32 / 100.0).collect();
        let t: Vec<f32> = (0..n).map(|i| f32::from(u8::from(i % 3 == 0))).collect();
        let w: Vec<f64> = (0..n).map(|i| (i % 5) as f64).collect();
        // Not in order, on purpose.
        let thresholds = [0.5f32, 0.0, 0.9, 0.37];
        let got = counts(
            &t,
            &y,
            &[n],
            Some(Tensor::from_slice(&[n], &w).unwrap()),
            r#"{"thresholds": [0.5, 0.0, 0.9, 0.37]}"#,
        );
        for (i, &threshold) in thresholds.iter().enumerate() {
            let mut want = [0.0; 4];
            for j in 0..n {
                let kind = match (y[j] > threshold, t[j] != 0.0) {
                    (true, true) => 0,
                    (true, false) => 1,
                    (false, false) => 2,
                    (false, true) => 3,
                };
                want[kind] += w[j];
            }
            for (kind, want) in want.iter().enumerate() {
                assert_eq!(got[kind * 4 + i], *want);
            }
        }
    }

    #[test]
    fn weights_of_samples_reach_all_columns() {
        let w = Tensor::from_slice(&[2], &[1.0, 10.0]).unwrap();
        let got = counts(
            &[1., 0., 1., 1.],
            &[0.9, 0.9, 0.9, 0.1],
            &[2, 2],
            Some(w),
            r#"{"thresholds": [0.5]}"#,
        );
        assert_eq!(got, [11.0, 1.0, 0.0, 10.0]);
    }

    #[test]
    fn the_k_largest_and_one_class() {
        let (t, y) = ([0., 1., 0., 1., 0., 0.], [0.2, 0.3, 0.5, 0.4, 0.4, 0.2]);
        assert_eq!(
            counts(&t, &y, &[2, 3], None, r#"{"thresholds": [-1e10], "top_k": 1}"#),
            [1.0, 1.0, 3.0, 1.0]
        );
        assert_eq!(
            counts(&t, &y, &[2, 3], None, r#"{"thresholds": [0.35], "class_id": 0}"#),
            [1.0, 0.0, 1.0, 0.0]
        );
    }

    #[test]
    fn labels_apart() {
        let got = counts(
            &[1., 0., 1., 1.],
            &[0.9, 0.9, 0.1, 0.9],
            &[2, 2],
            None,
            r#"{"thresholds": [0.5], "multi_label": true}"#,
        );
        assert_eq!(got, [1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0]);
    }

    #[test]
    fn mistakes_are_named() {
        let attrs: Attrs = serde_json::from_str(r#"{"thresholds": [0.5], "class_id": 2}"#).unwrap();
        let x: Value = Tensor::zeros(DType::F32, &[3, 2]).unwrap().into();
        let text = (OP.1)(&[x.clone(), x.clone()], &attrs).unwrap_err().to_string();
        assert!(text.contains("class_id=2") && text.contains("(3, 2)"), "{text}");
        let short: Value = Tensor::zeros(DType::F32, &[2, 2]).unwrap().into();
        let attrs: Attrs = serde_json::from_str(r#"{"thresholds": [0.5]}"#).unwrap();
        let text = (OP.1)(&[short, x], &attrs).unwrap_err().to_string();
        assert!(text.contains("(2, 2)") && text.contains("(3, 2)"), "{text}");
    }
}
