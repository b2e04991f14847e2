//! The index of a training snapshot: for each record, bincode of its name and kind. The only room that knows bincode.

use std::collections::HashSet;

use bincode::config::{Configuration, Fixint, Limit, LittleEndian};
use serde::{Deserialize, Serialize};

use super::Result;
use crate::dtype::DType;
use crate::error::Error;
use crate::shape::{Shape, show_shape};
use crate::tensor::View;

pub(super) const OTHER: &str = "Use another snapshot";

/// Bytes of UTF-8.
pub const MAX_NAME: usize = 4096;
pub const MAX_RANK: usize = 32;
pub const MAX_RECORDS: usize = 1 << 20;

/// What one entry of the index may take: a name and a shape at their limits, and a little.
const MAX_ENTRY: usize = 8192;
const CODING: Configuration<LittleEndian, Fixint, Limit<MAX_ENTRY>> = bincode::config::standard()
    .with_little_endian()
    .with_fixed_int_encoding()
    .with_limit::<MAX_ENTRY>();

/// The dtypes of the file, by number: their order is part of the format.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Code {
    F32,
    F64,
    I32,
    I64,
    U8,
    Bool,
}

impl From<DType> for Code {
    fn from(dtype: DType) -> Self {
        match dtype {
            DType::F32 => Self::F32,
            DType::F64 => Self::F64,
            DType::I32 => Self::I32,
            DType::I64 => Self::I64,
            DType::U8 => Self::U8,
            DType::Bool => Self::Bool,
        }
    }
}

impl From<Code> for DType {
    fn from(code: Code) -> Self {
        match code {
            Code::F32 => Self::F32,
            Code::F64 => Self::F64,
            Code::I32 => Self::I32,
            Code::I64 => Self::I64,
            Code::U8 => Self::U8,
            Code::Bool => Self::Bool,
        }
    }
}

/// An entry as it is in the file.
#[derive(Debug, Serialize, Deserialize)]
struct Coded<'a> {
    name: &'a str,
    content: CodedContent,
}

#[derive(Debug, Serialize, Deserialize)]
enum CodedContent {
    Text { bytes: u64 },
    Array { dtype: Code, shape: Vec<u64> },
}

/// What the index says of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    pub content: Content,
    pub bytes: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    Text,
    Array { dtype: DType, shape: Shape },
}

/// A record to be written.
#[derive(Debug, Clone)]
pub enum Record<'a> {
    Text(&'a str),
    Array(View<'a>),
}

impl Record<'_> {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Array(view) => view.bytes(),
        }
    }

    fn coded(&self) -> CodedContent {
        match self {
            Self::Text(text) => CodedContent::Text {
                bytes: text.len() as u64,
            },
            Self::Array(view) => CodedContent::Array {
                dtype: view.dtype().into(),
                shape: view.shape().iter().map(|n| *n as u64).collect(),
            },
        }
    }
}

/// The index of these records. Whatever the reader would refuse is refused here.
pub(super) fn index_of(who: &str, records: &[(&str, Record<'_>)]) -> Result<Vec<u8>> {
    let mut index = Vec::new();
    let mut names = HashSet::new();
    check_count(who, records.len())?;
    for (name, record) in records {
        let content = record.coded();
        entry(who, name, &content, &mut names)?;
        if let Record::Array(view) = record {
            check_bool(who, name, view.dtype(), view.bytes())?;
        }
        let coded = bincode::serde::encode_to_vec(Coded { name, content }, CODING)
            .map_err(|e| Error::runtime(who).got(format!("an entry that cannot be encoded ({e})")))?;
        index.extend_from_slice(&coded);
    }
    Ok(index)
}

pub(super) fn parse_index(who: &str, index: &[u8]) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut names = HashSet::new();
    let mut rest = index;
    while !rest.is_empty() {
        check_count(who, entries.len() + 1)?;
        let (coded, used): (Coded<'_>, usize) = bincode::serde::borrow_decode_from_slice(rest, CODING)
            .map_err(|e| {
                Error::value(who)
                    .expected(format!(
                        "an entry at byte {} of its index",
                        index.len() - rest.len()
                    ))
                    .got(format!("bytes that are none ({e:?})"))
                    .hint(OTHER)
            })?;
        entries.push(entry(who, coded.name, &coded.content, &mut names)?);
        rest = &rest[used..];
    }
    Ok(entries)
}

/// An entry of the index, checked: its name, its shape, and that its bytes can be counted.
fn entry<'a>(
    who: &str,
    name: &'a str,
    content: &CodedContent,
    names: &mut HashSet<&'a str>,
) -> Result<Entry> {
    let refuse = |expected: String, got: String| -> Result<Entry> {
        Err(Error::value(who)
            .expected(expected)
            .got(got)
            .hint("Use another name or shape, or, if the file came from elsewhere, another snapshot")
            .into())
    };
    if name.is_empty() || name.len() > MAX_NAME || name.contains('\0') {
        return refuse(
            format!("names of 1 to {MAX_NAME} bytes without NUL"),
            format!("{} of {} bytes", show(name), name.len()),
        );
    }
    if !names.insert(name) {
        return refuse("every name once".into(), format!("{} twice", show(name)));
    }
    let (content, bytes) = match content {
        CodedContent::Text { bytes } => (Content::Text, usize::try_from(*bytes).ok()),
        CodedContent::Array { dtype, shape } => {
            let dtype = DType::from(*dtype);
            let sizes: Option<Shape> = shape.iter().map(|n| usize::try_from(*n).ok()).collect();
            // NumPy multiplies the sizes that are not 0, even where one of them is.
            let countable = shape
                .iter()
                .try_fold(dtype.size(), |product, n| {
                    product.checked_mul(usize::try_from(*n).ok()?.max(1))
                })
                .is_some_and(|n| isize::try_from(n).is_ok());
            let Some(sizes) = sizes.filter(|s| countable && s.len() <= MAX_RANK) else {
                return refuse(
                    format!("array {} of up to {MAX_RANK} axes and 2^63 bytes", show(name)),
                    format!("shape {shape:?}"),
                );
            };
            let bytes = sizes.iter().product::<usize>() * dtype.size();
            (Content::Array { dtype, shape: sizes }, Some(bytes))
        }
    };
    let Some(bytes) = bytes else {
        return refuse(
            format!("a text {} that fits in memory", show(name)),
            "more".into(),
        );
    };
    Ok(Entry {
        name: name.into(),
        content,
        bytes,
    })
}

fn check_count(who: &str, count: usize) -> Result<()> {
    if count <= MAX_RECORDS {
        return Ok(());
    }
    Err(Error::value(who)
        .expected(format!("at most {MAX_RECORDS} records"))
        .got(if count == MAX_RECORDS + 1 {
            "more".into()
        } else {
            count.to_string()
        })
        .hint("Put several arrays into one")
        .into())
}

pub(super) fn check_bool(who: &str, name: &str, dtype: DType, bytes: &[u8]) -> Result<()> {
    if dtype != DType::Bool {
        return Ok(());
    }
    match bytes.iter().find(|b| **b > 1) {
        None => Ok(()),
        Some(byte) => Err(Error::value(who)
            .expected(format!("array {} of bool to have bytes 0 and 1", show(name)))
            .got(format!("a byte {byte}"))
            .hint("Convert it, for example with x.astype('uint8') != 0")
            .into()),
    }
}

/// The beginning of a name, in quotes.
pub(super) fn show(name: &str) -> String {
    let mut short: String = name.chars().take(80).collect();
    if short.len() < name.len() {
        short.push_str("...");
    }
    format!("{short:?}")
}

impl Entry {
    /// As in error messages: a text or an array, with its size.
    pub fn describe(&self) -> String {
        match &self.content {
            Content::Text => format!("text of {} bytes", self.bytes),
            Content::Array { dtype, shape } => format!("{dtype} array of shape {}", show_shape(shape)),
        }
    }
}
