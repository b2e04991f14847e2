//! Shapes: concrete ones, and those of traced values where a dimension may be unknown.

use std::fmt::Write as _;

use smallvec::SmallVec;

use crate::dtype::DType;
use crate::error::{Error, Result};

/// A concrete shape.
pub type Shape = SmallVec<[usize; 6]>;
/// A dimension of a traced value: `None` until the graph runs (the batch size, a sequence length).
pub type Dim = Option<usize>;
/// A shape in which dimensions may be unknown.
pub type Dims = SmallVec<[Dim; 6]>;

/// Dtype and shape of a value: all that a shape rule may look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    pub dtype: DType,
    pub dims: Dims,
}

/// The specs of an op's outputs, nearly always one.
pub type Specs = SmallVec<[Spec; 1]>;

impl Spec {
    pub fn new(dtype: DType, dims: impl IntoIterator<Item = Dim>) -> Self {
        Self {
            dtype,
            dims: dims.into_iter().collect(),
        }
    }

    pub fn known(dtype: DType, shape: &[usize]) -> Self {
        Self::new(dtype, shape.iter().copied().map(Some))
    }

    pub fn rank(&self) -> usize {
        self.dims.len()
    }

    /// The same shape with another dtype.
    #[must_use]
    pub fn with_dtype(&self, dtype: DType) -> Self {
        Self {
            dtype,
            dims: self.dims.clone(),
        }
    }

    /// The same dtype with another shape.
    #[must_use]
    pub fn with_dims(&self, dims: impl IntoIterator<Item = Dim>) -> Self {
        Self::new(self.dtype, dims)
    }

    /// The concrete shape, if every dimension is known.
    pub fn shape(&self) -> Option<Shape> {
        self.dims.iter().copied().collect()
    }

    /// Number of elements, if known.
    pub fn len(&self) -> Option<usize> {
        self.dims.iter().try_fold(1usize, |n, d| n.checked_mul((*d)?))
    }

    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    /// One output of this spec.
    pub fn one(self) -> Result<Specs> {
        Ok(smallvec::smallvec![self])
    }

    /// "float32 (None, 784)"
    pub fn describe(&self) -> String {
        format!("{} {}", self.dtype, show(&self.dims))
    }
}

/// Writes a shape as Python does: `(None, 784)`, `(3,)`, `()`.
pub fn show(dims: &[Dim]) -> String {
    let mut text = String::from("(");
    for (i, d) in dims.iter().enumerate() {
        if i > 0 {
            text.push_str(", ");
        }
        match d {
            Some(n) => write!(text, "{n}").expect("writing to a string"),
            None => text.push_str("None"),
        }
    }
    if dims.len() == 1 {
        text.push(',');
    }
    text.push(')');
    text
}

/// [`show`] for a concrete shape.
pub fn show_shape(shape: &[usize]) -> String {
    let dims: Dims = shape.iter().copied().map(Some).collect();
    show(&dims)
}

/// Number of elements of a concrete shape; an error where their bytes pass what memory can address. As in NumPy, sizes of
/// 0 do not excuse the others, so that the product of any of a tensor's sizes can be counted.
pub fn count(who: &str, shape: &[usize], dtype: DType) -> Result<usize> {
    let others = shape
        .iter()
        .filter(|&&d| d > 0)
        .try_fold(dtype.size(), |n, &d| n.checked_mul(d));
    match others {
        Some(bytes) if isize::try_from(bytes).is_ok() => Ok(shape.iter().product()),
        _ => Err(Error::value(who)
            .expected("a shape whose bytes fit in memory")
            .got(show_shape(shape))
            .hint("Use smaller dimensions.")),
    }
}

/// A size times a number, if that can be counted: a product that wraps around would be a small shape for a large result.
pub fn times(who: &str, dim: Dim, n: usize) -> Result<Dim> {
    let product = dim.unwrap_or(1).checked_mul(n);
    match product.filter(|n| isize::try_from(*n).is_ok()) {
        Some(size) => Ok(dim.map(|_| size)),
        None => Err(Error::value(who)
            .expected("a size below 2^63")
            .got(format!(
                "{} times {n}",
                dim.map_or("None".into(), |d| d.to_string())
            ))
            .hint("Use smaller numbers")),
    }
}

/// The number of elements, if every size is known; an error where it cannot be counted.
pub fn elements(who: &str, dims: &[Dim]) -> Result<Dim> {
    dims.iter().try_fold(Some(1), |count, &dim| match (count, dim) {
        (Some(_), Some(n)) => times(who, count, n),
        _ => Ok(None),
    })
}

/// NumPy's broadcasting rule: align right; sizes are equal, or one of them is 1. An unknown size meets 1 as itself,
/// and anything else as that other size.
pub fn broadcast(who: &str, a: &[Dim], b: &[Dim]) -> Result<Dims> {
    let rank = a.len().max(b.len());
    let mut out = Dims::with_capacity(rank);
    for i in 0..rank {
        let x = (i + a.len()).checked_sub(rank).map_or(Some(1), |k| a[k]);
        let y = (i + b.len()).checked_sub(rank).map_or(Some(1), |k| b[k]);
        out.push(match (x, y) {
            (Some(1), d) | (d, Some(1)) => d,
            (None, None) => None,
            (Some(n), None) | (None, Some(n)) => Some(n),
            (Some(n), Some(m)) if n == m => Some(n),
            _ => {
                return Err(Error::value(who)
                    .expected("shapes that broadcast (aligned at the right, sizes equal or 1)")
                    .got(format!("{} and {}", show(a), show(b)))
                    .hint("Reshape one of them, for example with an axis of size 1."));
            }
        });
    }
    Ok(out)
}

/// Turns an axis that may be negative into an index, `-rank <= axis < rank`.
pub fn axis_index(who: &str, axis: i64, rank: usize) -> Result<usize> {
    let n = rank as i64;
    if axis < -n || axis >= n {
        return Err(Error::value(who)
            .expected(format!("an axis in [{}, {n}) for a tensor of rank {rank}", -n))
            .got(axis.to_string())
            .hint(format!(
                "The axis {axis} is out of bounds; negative axes count from the end."
            )));
    }
    Ok(if axis < 0 {
        (axis + n) as usize
    } else {
        axis as usize
    })
}

/// Sizes before, at and after an axis: the layout every kernel along an axis works on.
pub fn split_at_axis(shape: &[usize], axis: usize) -> (usize, usize, usize) {
    (
        shape[..axis].iter().product(),
        shape[axis],
        shape[axis + 1..].iter().product(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_written_as_python_does() {
        assert_eq!(show(&[None, Some(784)]), "(None, 784)");
        assert_eq!(show(&[Some(3)]), "(3,)");
        assert_eq!(show(&[]), "()");
    }

    #[test]
    fn sizes_beyond_memory_are_refused_beside_a_zero_too() {
        assert_eq!(count("zeros", &[2, 3], DType::F64).unwrap(), 6);
        assert_eq!(count("zeros", &[0, 1 << 40, 4], DType::F32).unwrap(), 0);
        for shape in [
            &[1 << 40, 1 << 40][..],
            &[1 << 61],
            &[0, 1 << 40, 1 << 40],
            &[1 << 61, 0],
        ] {
            let e = count("zeros", shape, DType::F32).unwrap_err().to_string();
            assert!(
                e.contains("fit in memory") && e.contains(&show_shape(shape)),
                "{e}"
            );
        }
    }

    #[test]
    fn broadcasting_follows_numpy() {
        let d = |v: &[usize]| -> Dims { v.iter().copied().map(Some).collect() };
        assert_eq!(broadcast("add", &d(&[2, 3]), &d(&[3])).unwrap(), d(&[2, 3]));
        assert_eq!(broadcast("add", &d(&[2, 1]), &d(&[1, 4])).unwrap(), d(&[2, 4]));
        let mixed: Dims = smallvec::smallvec![None, Some(3)];
        assert_eq!(broadcast("add", &mixed, &d(&[3])).unwrap(), mixed);
        let e = broadcast("add", &d(&[2, 3]), &d(&[4])).unwrap_err().to_string();
        assert!(e.contains("(2, 3) and (4,)"), "{e}");
    }

    #[test]
    fn axes_count_from_either_end() {
        assert_eq!(axis_index("sum", -1, 3).unwrap(), 2);
        assert!(
            axis_index("sum", 3, 3)
                .unwrap_err()
                .to_string()
                .contains("[-3, 3)")
        );
    }

    #[test]
    fn absurd_shapes_are_refused() {
        assert!(count("zeros", &[usize::MAX, 2], DType::F32).is_err());
        assert!(count("zeros", &[1 << 62], DType::F32).is_err());
        assert_eq!(count("zeros", &[0, 5], DType::F32).unwrap(), 0);
    }
}
