//! x[...] as NumPy reads it: integers, slices, None, an ellipsis, integer arrays and boolean masks.

use pyo3::exceptions::{PyIndexError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyEllipsis, PySlice, PyTuple};

use super::convert::value_from;
use super::errors::guard;
use super::tensor::{PyTensor, call};
use crate::autograd::Value;
use crate::dtype::DType;
use crate::error::Result;
use crate::ops::{self, Attrs, Axes};

/// One entry of an index.
enum Part {
    New,
    Ellipsis,
    /// begin : end : step
    Range(Option<i64>, Option<i64>, i64),
    At(i64),
    /// An array of integers, for one axis; for a mask, the size that the axis must have.
    Places(Value, Option<usize>),
}

impl Part {
    /// How many axes of the tensor it speaks of.
    fn axes(&self) -> usize {
        usize::from(!matches!(self, Part::New | Part::Ellipsis))
    }

    /// Integers are scalar arrays where an array is among the entries.
    fn advanced(&self) -> bool {
        matches!(self, Part::At(_) | Part::Places(..))
    }
}

fn bad_entry(p: &Bound<'_, PyAny>) -> PyErr {
    let kind = p
        .get_type()
        .name()
        .map_or_else(|_| "an object".into(), |n| n.to_string());
    PyIndexError::new_err(format!(
        "index: expected integers, slices, None, ..., integer arrays or boolean masks; got {kind}"
    ))
}

fn bound(slice: &Bound<'_, PySlice>, name: &str) -> PyResult<Option<i64>> {
    let v = slice.getattr(name)?;
    if v.is_none() {
        return Ok(None);
    }
    let index = v.call_method0("__index__").map_err(|_| {
        PyTypeError::new_err(format!(
            "index: expected slice bounds that are integers or None; got {v}. \
             Use ops.slice for a block at places that are values"
        ))
    })?;
    // Bounds beyond the range of i64 are beyond every axis too.
    Ok(Some(index.extract::<i64>().unwrap_or_else(|_| {
        if index.lt(0).unwrap_or(false) {
            i64::MIN / 2
        } else {
            i64::MAX / 2
        }
    })))
}

/// An array entry: integers for one axis, or a mask for as many axes as it has.
fn array_parts(entry: &Bound<'_, PyAny>, parts: &mut Vec<Part>) -> PyResult<()> {
    let value = value_from(entry, Some(DType::I64)).map_err(|_| bad_entry(entry))?;
    match value.dtype() {
        DType::I32 | DType::I64 | DType::U8 => parts.push(Part::Places(value, None)),
        // An empty list is an array of no indices.
        _ if value.shape().is_some_and(|s| s.as_slice() == [0]) && !entry.hasattr("dtype")? => {
            parts.push(Part::Places(guard(|| ops::cast(&value, DType::I32))?, None));
        }
        DType::Bool if value.rank() == 0 => return Err(bad_entry(entry)),
        DType::Bool if value.is_traced() => {
            return Err(PyIndexError::new_err(
                "index: expected integers or slices inside a traced call; got a boolean mask, whose result has as many \
                 entries as it has true values. Use ops.where, or compile with run_eagerly=True",
            ));
        }
        DType::Bool => {
            let places = guard(|| ops::nonzero(&value))?;
            for (axis, size) in value.dims().into_iter().enumerate() {
                let along = guard(|| ops::take(&places, &scalar(axis)?, Some(0)))?;
                parts.push(Part::Places(along, size));
            }
        }
        _ => {
            return Err(PyIndexError::new_err(format!(
                "index: expected integer arrays or boolean masks; got an array of {}. Cast it to int32",
                value.dtype().name()
            )));
        }
    }
    Ok(())
}

fn scalar(i: usize) -> Result<Value> {
    Ok(crate::tensor::Tensor::scalar(i as i64)?.into())
}

fn parse(index: &Bound<'_, PyAny>) -> PyResult<Vec<Part>> {
    let entries: Vec<Bound<'_, PyAny>> = match index.cast::<PyTuple>() {
        Ok(t) => t.iter().collect(),
        Err(_) => vec![index.clone()],
    };
    let mut parts = Vec::with_capacity(entries.len());
    for p in &entries {
        if p.is_none() {
            parts.push(Part::New);
        } else if p.is_instance_of::<PyEllipsis>() {
            if parts.iter().any(|p| matches!(p, Part::Ellipsis)) {
                return Err(PyIndexError::new_err(
                    "index: expected at most one ellipsis (...)",
                ));
            }
            parts.push(Part::Ellipsis);
        } else if let Ok(s) = p.cast::<PySlice>() {
            let step = bound(s, "step")?.unwrap_or(1);
            if step == 0 {
                return Err(PyValueError::new_err("index: expected a slice step other than 0"));
            }
            parts.push(Part::Range(bound(s, "start")?, bound(s, "stop")?, step));
        } else if p.is_instance_of::<PyBool>() {
            return Err(bad_entry(p));
        } else if let Ok(i) = p.call_method0("__index__") {
            let i = i
                .extract::<i64>()
                .map_err(|_| PyIndexError::new_err(format!("index: expected an index in range; got {i}")))?;
            parts.push(Part::At(i));
        } else if p.is_instance_of::<pyo3::types::PyString>() || p.is_instance_of::<pyo3::types::PyFloat>() {
            return Err(bad_entry(p));
        } else {
            array_parts(p, &mut parts)?;
        }
    }
    Ok(parts)
}

/// x[index]
pub fn get_item<'py>(py: Python<'py>, own: &Value, index: &Bound<'py, PyAny>) -> PyResult<Py<PyAny>> {
    let mut parts = parse(index)?;
    let rank = own.rank();
    let taken: usize = parts.iter().map(Part::axes).sum();
    if taken > rank {
        return Err(PyIndexError::new_err(format!(
            "index: too many indices: expected at most {rank} for a tensor of rank {rank}; got {taken}"
        )));
    }
    let all = || (0..rank - taken).map(|_| Part::Range(None, None, 1));
    match parts.iter().position(|p| matches!(p, Part::Ellipsis)) {
        Some(at) => drop(parts.splice(at..=at, all())),
        None => parts.extend(all()),
    }
    check_bounds(own, &parts)?;
    let sliced = sliced(own, &parts)?;
    Ok(Py::new(py, PyTensor::from(guard(|| at_places(&sliced, &parts))?))?.into_any())
}

fn check_bounds(own: &Value, parts: &[Part]) -> PyResult<()> {
    let of_axes = parts.iter().filter(|p| p.axes() == 1);
    for (axis, (part, dim)) in of_axes.zip(own.dims()).enumerate() {
        if let (Part::Places(_, Some(size)), Some(n)) = (part, dim)
            && *size != n
        {
            return Err(PyIndexError::new_err(format!(
                "index: expected a boolean mask of size {n} along axis {axis}; got one of size {size}"
            )));
        }
        if let (Part::At(i), Some(n)) = (part, dim)
            && (*i >= n as i64 || *i < -(n as i64))
        {
            return Err(PyIndexError::new_err(format!(
                "index: out of bounds: expected an index in [-{n}, {n}) for axis {axis}; got {i}"
            )));
        }
    }
    Ok(())
}

/// Slices, integers and None; the axes of arrays stay whole.
fn sliced(own: &Value, parts: &[Part]) -> PyResult<Value> {
    let number = |n: Option<i64>| n.map_or(serde_json::Value::Null, Into::into);
    let (mut begin, mut end, mut strides) = (vec![], vec![], vec![]);
    let (mut gone, mut new) = (vec![], vec![]);
    let (mut axis, mut place) = (0_i64, 0_i64);
    for part in parts {
        let (b, e, s) = match part {
            Part::New => {
                new.push(place);
                place += 1;
                continue;
            }
            Part::Range(b, e, s) => (*b, *e, *s),
            Part::At(i) => {
                gone.push(axis);
                (Some(*i), (*i != -1).then_some(i + 1), 1)
            }
            Part::Places(..) | Part::Ellipsis => (None, None, 1),
        };
        begin.push(number(b));
        end.push(number(e));
        strides.push(serde_json::Value::from(s));
        place += i64::from(!matches!(part, Part::At(_)));
        axis += 1;
    }
    let mut value = own.clone();
    if begin.iter().chain(&end).any(|b| !b.is_null()) || strides.iter().any(|s| s != 1) {
        let attrs: Attrs = [("begin", begin), ("end", end), ("strides", strides)]
            .into_iter()
            .map(|(k, v)| (k.to_string(), serde_json::Value::Array(v)))
            .collect();
        value = call("strided_slice", &[value], &attrs)?.remove(0);
    }
    Ok(guard(|| {
        if !gone.is_empty() {
            value = ops::squeeze(&value, Axes::Some(gone))?;
        }
        for at in new {
            value = ops::expand_dims(&value, at)?;
        }
        Ok(value)
    })?)
}

/// Entries at index arrays. Their axes stand where the arrays did, or first if slices stood between the arrays.
fn at_places(value: &Value, parts: &[Part]) -> Result<Value> {
    let kept: Vec<&Part> = parts.iter().filter(|p| !matches!(p, Part::At(_))).collect();
    let arrays: Vec<(usize, &Value)> = kept
        .iter()
        .enumerate()
        .filter_map(|(axis, p)| match p {
            Part::Places(v, _) => Some((axis, v)),
            _ => None,
        })
        .collect();
    if arrays.is_empty() {
        return Ok(value.clone());
    }
    let first = parts.iter().position(Part::advanced).unwrap_or(0);
    let count = parts.iter().filter(|p| p.advanced()).count();
    let together = parts[first..].iter().take(count).all(Part::advanced);
    let home = if together { parts[..first].len() as i64 } else { 0 };
    if let [(axis, index)] = arrays[..] {
        let taken = ops::take(value, index, Some(axis as i64))?;
        return moved(&taken, axis as i64, home, index.rank());
    }
    // Each array in the shape that all of them broadcast to.
    let mut common = ops::zeros_like(arrays[0].1)?;
    for (_, index) in &arrays[1..] {
        common = ops::add(&common, &ops::zeros_like(index)?)?;
    }
    let wide: Vec<Value> = arrays
        .iter()
        .map(|(_, index)| ops::add(index, &common))
        .collect::<Result<_>>()?;
    let rank = wide[0].rank();
    let order: Vec<i64> = arrays
        .iter()
        .map(|(axis, _)| *axis)
        .chain((0..kept.len()).filter(|a| !arrays.iter().any(|(b, _)| a == b)))
        .map(|a| a as i64)
        .collect();
    let rows = ops::transpose(value, Some(&order))?;
    moved(&ops::gather_at(&rows, &ops::stack(&wide, -1)?)?, 0, home, rank)
}

/// `count` axes that begin at `from`, moved so that they begin at `to`.
fn moved(value: &Value, from: i64, to: i64, count: usize) -> Result<Value> {
    if from == to || count == 0 {
        return Ok(value.clone());
    }
    let places = |first: i64| (0..count as i64).map(|i| first + i).collect::<Vec<_>>();
    ops::moveaxis(value, &places(from), &places(to))
}
