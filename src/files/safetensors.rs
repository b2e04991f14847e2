//! Reading safetensors files.
//!
//! ```text
//! 8 bytes  n, the length of the header, little-endian
//! n bytes  JSON {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, ...,
//!                "__metadata__": {"key": "text"}}, padded with spaces
//! the data: offsets count from its first byte; tensors lie without gaps or overlaps
//! ```
//!
//! Not by the crate `safetensors`: of a key that occurs twice it takes the last in silence, it lets unknown keys pass, and
//! its errors name no tensor. A value of the header is first taken as a piece of its text, so that hostile JSON cannot
//! become a tree of objects that is many times as large.
//!
//! Source: <https://huggingface.co/docs/safetensors>

use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::marker::PhantomData;
use std::path::Path;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::reading::{open, read_exact, reserve};
use super::{FileError, Result};
use crate::error::Error;
use crate::shape::Shape;

/// Bytes; the limit of the format.
pub const MAX_HEADER: u64 = 100_000_000;
/// Characters.
const MAX_NAME: usize = 4096;
const MAX_RANK: usize = 32;
/// Characters of a shape or a pair of offsets: 32 numbers of 19 digits, and room for spaces.
const MAX_NUMBERS: usize = 2000;

/// Names of dtypes, and bytes of an element. Python knows what becomes of them.
const DTYPES: [(&str, usize); 12] = [
    ("BF16", 2),
    ("BOOL", 1),
    ("F16", 2),
    ("F32", 4),
    ("F64", 8),
    ("I16", 2),
    ("I32", 4),
    ("I64", 8),
    ("I8", 1),
    ("U16", 2),
    ("U32", 4),
    ("U8", 1),
];

/// What the header says of one tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    pub dtype: &'static str,
    pub shape: Shape,
    pub begin: u64,
    pub end: u64,
}

/// A file whose header is read and checked. Tensors are read one by one.
#[derive(Debug)]
pub struct Reader<R> {
    source: R,
    who: String,
    start: u64,
    entries: Vec<Entry>,
    metadata: Vec<(String, String)>,
}

impl Reader<File> {
    pub fn open(path: &Path) -> Result<Self> {
        let (file, size) = open(path)?;
        Self::new(file, size, path.display().to_string())
    }
}

impl<R: Read + Seek> Reader<R> {
    /// Reads from `source`, which has `size` bytes. `who` stands in front of the errors.
    pub fn new(mut source: R, size: u64, who: String) -> Result<Self> {
        let mut prefix = [0; 8];
        if size < 8 {
            return Err(refuse(
                &who,
                format!("not a safetensors file: it has {size} bytes, and at least 8 are needed."),
            ));
        }
        read_exact(&mut source, &mut prefix, &who, || "its header".into())?;
        let length = u64::from_le_bytes(prefix);
        if length > MAX_HEADER.min(size - 8) {
            return Err(refuse(
                &who,
                format!(
                    "not a safetensors file, or cut off: its header claims {length} bytes, the file has {} after its \
                     first 8 (and {MAX_HEADER} is the limit).",
                    size - 8
                ),
            ));
        }
        let mut header = reserve(&who, length as usize)?;
        read_exact(&mut source, &mut header, &who, || "its header".into())?;
        let (entries, metadata) = parse(&header, size - 8 - length).map_err(|text| refuse(&who, text))?;
        Ok(Self {
            source,
            who,
            start: 8 + length,
            entries,
            metadata,
        })
    }

    /// In the order of the header.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn metadata(&self) -> &[(String, String)] {
        &self.metadata
    }

    /// Fills `memory`, which has as many bytes as the entry. After an error, what is there must not be used.
    pub fn read(&mut self, entry: &Entry, memory: &mut [u8]) -> Result<()> {
        self.source
            .seek(SeekFrom::Start(self.start + entry.begin))
            .map_err(FileError::system(Path::new(&self.who)))?;
        read_exact(&mut self.source, memory, &self.who, || {
            format!("tensor {}", quoted(&entry.name))
        })?;
        if entry.dtype == "BOOL" && memory.iter().any(|b| *b > 1) {
            let name = quoted(&entry.name);
            return Err(refuse(
                &self.who,
                format!("tensor {name} of dtype BOOL has bytes other than 0 and 1."),
            ));
        }
        Ok(())
    }
}

type Header = (Vec<Entry>, Vec<(String, String)>);

fn parse(header: &[u8], data: u64) -> Result<Header, String> {
    let damaged = |e: &dyn fmt::Display| format!("the header is damaged: {e}.");
    let text = std::str::from_utf8(header).map_err(|e| damaged(&e))?;
    if !text.starts_with('{') {
        return Err("not a safetensors file: its header does not begin with '{'.".into());
    }
    let Pairs(pairs) = serde_json::from_str::<Pairs<&RawValue>>(text).map_err(|e| damaged(&e))?;
    check_once(pairs.iter().map(|(name, _)| name.as_str())).map_err(|e| damaged(&e))?;
    let mut entries = Vec::with_capacity(pairs.len());
    let mut metadata = Vec::new();
    for (name, raw) in pairs {
        if name == "__metadata__" {
            let Pairs(texts) = serde_json::from_str::<Pairs<String>>(raw.get())
                .map_err(|e| format!("`__metadata__` must map strings to strings ({e})."))?;
            check_once(texts.iter().map(|(key, _)| key.as_str())).map_err(|e| damaged(&e))?;
            metadata = texts;
        } else {
            entries.push(entry(name, raw.get(), data)?);
        }
    }
    check_places(&entries, data)?;
    Ok((entries, metadata))
}

/// A JSON object as the pairs it lists, repeated keys and all.
struct Pairs<T>(Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Pairs<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Collect<T> {
            type Value = Pairs<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(Collect(PhantomData))
    }
}

fn check_once<'a>(keys: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let mut keys: Vec<&str> = keys.collect();
    keys.sort_unstable();
    match keys.windows(2).find(|pair| pair[0] == pair[1]) {
        None => Ok(()),
        Some(pair) => Err(format!("the key {} occurs more than once", quoted(pair[0]))),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields<'a> {
    #[serde(borrow)]
    dtype: &'a RawValue,
    #[serde(borrow)]
    shape: &'a RawValue,
    #[serde(borrow)]
    data_offsets: &'a RawValue,
}

fn entry(name: String, text: &str, data: u64) -> Result<Entry, String> {
    let shown = quoted(&name);
    if name.chars().count() > MAX_NAME || name.contains('\0') {
        return Err(format!(
            "the name of tensor {shown} is too long or has a NUL character."
        ));
    }
    let exactly = |e: &dyn fmt::Display| {
        format!("tensor {shown} must have exactly dtype, shape and data_offsets ({e}).")
    };
    if !text.starts_with('{') {
        return Err(exactly(&format!("got {}", cut(text))));
    }
    let fields: Fields<'_> = serde_json::from_str(text).map_err(|e| exactly(&e))?;
    let named = serde_json::from_str::<String>(fields.dtype.get()).ok();
    let Some((dtype, size)) = named.and_then(|d| DTYPES.iter().find(|(known, _)| *known == d)) else {
        let known: Vec<&str> = DTYPES.iter().map(|(known, _)| *known).collect();
        return Err(format!(
            "tensor {shown} has dtype {}; expected one of {}.",
            cut(fields.dtype.get()).replace('"', "'"),
            known.join(", ")
        ));
    };
    let Some(shape) = numbers(fields.shape).filter(|s| s.len() <= MAX_RANK) else {
        return Err(format!(
            "tensor {shown} has the shape {}, which is not one.",
            cut(fields.shape.get())
        ));
    };
    let offsets = numbers(fields.data_offsets);
    let Some([begin, end]) = offsets.as_deref() else {
        return Err(format!(
            "tensor {shown} has offsets {}; expected two numbers.",
            cut(fields.data_offsets.get())
        ));
    };
    let (begin, end) = (*begin, *end);
    if begin > end || end > data {
        return Err(format!(
            "tensor {shown} lies from byte {begin} to {end}, but the file has {data} bytes of data. Is it cut off?"
        ));
    }
    // NumPy multiplies the sizes that are not 0, even where one of them is.
    let countable = shape
        .iter()
        .try_fold(*size as u64, |product, n| product.checked_mul((*n).max(1)))
        .is_some_and(|n| isize::try_from(n).is_ok());
    let needed = countable.then(|| shape.iter().product::<u64>() * *size as u64);
    if needed != Some(end - begin) {
        return Err(format!(
            "tensor {shown} of shape {shape:?} and dtype {dtype} needs {} bytes; the header gives it {}.",
            needed.map_or_else(|| "more than 2^63".into(), |n| n.to_string()),
            end - begin
        ));
    }
    Ok(Entry {
        name,
        dtype,
        shape: shape.iter().map(|n| *n as usize).collect(),
        begin,
        end,
    })
}

/// A list of whole numbers from 0 to 2^63 - 1.
fn numbers(text: &RawValue) -> Option<Vec<u64>> {
    if text.get().len() > MAX_NUMBERS {
        return None;
    }
    let numbers: Vec<u64> = serde_json::from_str(text.get()).ok()?;
    numbers
        .iter()
        .all(|n| i64::try_from(*n).is_ok())
        .then_some(numbers)
}

fn check_places(entries: &[Entry], data: u64) -> Result<(), String> {
    let mut order: Vec<&Entry> = entries.iter().collect();
    order.sort_by_key(|e| (e.begin, e.end));
    let mut position = 0;
    for entry in order {
        if entry.begin != position {
            return Err(format!(
                "tensor {} begins at byte {}, where {position} is expected: tensors must not overlap or leave gaps.",
                quoted(&entry.name),
                entry.begin
            ));
        }
        position = entry.end;
    }
    if position != data {
        return Err(format!(
            "the tensors take {position} bytes, but the file has {data} bytes of data."
        ));
    }
    Ok(())
}

fn refuse(who: &str, text: impl Into<String>) -> FileError {
    Error::value(who).hint(text).into()
}

/// The beginning of a name, in quotes.
fn quoted(name: &str) -> String {
    format!(
        "'{}'",
        name.chars()
            .take(100)
            .flat_map(char::escape_debug)
            .collect::<String>()
    )
}

fn cut(text: &str) -> String {
    text.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
    }

    fn read(bytes: &[u8]) -> Result<Vec<(Entry, Vec<u8>)>, String> {
        let mut reader =
            Reader::new(Cursor::new(bytes), bytes.len() as u64, "file".into()).map_err(|e| e.to_string())?;
        reader
            .entries()
            .to_vec()
            .into_iter()
            .map(|entry| {
                let mut memory = vec![0; (entry.end - entry.begin) as usize];
                reader.read(&entry, &mut memory).map_err(|e| e.to_string())?;
                Ok((entry, memory))
            })
            .collect()
    }

    const HEADER: &str = r#"{"__metadata__":{"k":"v"},"b":{"dtype":"U8","shape":[2],"data_offsets":[4,6]},"a":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}}  "#;

    #[test]
    fn tensors_come_in_the_order_of_the_header() {
        let found = read(&file(HEADER, &[1, 2, 3, 4, 5, 6])).unwrap();
        assert_eq!((found[0].0.name.as_str(), &found[0].1[..]), ("b", &[5, 6][..]));
        assert_eq!((found[1].0.dtype, &found[1].1[..]), ("F32", &[1, 2, 3, 4][..]));
    }

    /// Python's tests have a row for each check; these need many entries or deep ones.
    #[test]
    fn hostile_headers_cost_no_more_than_their_size() {
        let empty = r#"{"dtype":"U8","shape":[0],"data_offsets":[0,0]}"#;
        let mut many: Vec<String> = (0..50_000).map(|i| format!(r#""{i}":{empty}"#)).collect();
        many.push(many[49_999].clone());
        let deep = "[".repeat(1_000_000);
        for (header, part) in [
            (format!("{{{}}}", many.join(",")), "'49999' occurs more than once"),
            (format!(r#"{{"a":{deep}"#), "the header is damaged"),
            (
                format!(r#"{{"a":[{}[]]}}"#, "[],".repeat(1_000_000)),
                "must have exactly",
            ),
            (
                format!(
                    r#"{{"a":{{"dtype":"U8","shape":[{}1],"data_offsets":[0,1]}}}}"#,
                    "1,".repeat(1_000_000)
                ),
                "which is not one",
            ),
            (r#"{"a":["U8",[0],[0,0]]}"#.into(), "must have exactly"),
            (
                r#"{"a":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#.into(),
                "duplicate field",
            ),
            (
                r#"{"__metadata__":{"k":"1","k":"2"}}"#.into(),
                "'k' occurs more than once",
            ),
            (
                r#"{"a":{"dtype":"U8","shape":[0,9223372036854775807,2],"data_offsets":[0,0]}}"#.into(),
                "more than 2^63",
            ),
            (
                r#"{"a":{"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,0]}}"#.into(),
                "which is not one",
            ),
        ] {
            let message = read(&file(&header, &[])).unwrap_err();
            assert!(message.contains(part) && message.len() < 500, "{part}: {message}");
        }
    }

    proptest! {
        #[test]
        fn a_changed_file_never_breaks_the_reader(
            changes in vec((0_usize..200, prop_oneof![any::<u8>(), prop::sample::select(b"{}[],:\"0123456789eE-.".to_vec())]), 1..4),
            length in prop::option::of(0_usize..200),
        ) {
            let mut bytes = file(HEADER, &[1, 2, 3, 4, 5, 6]);
            for (at, byte) in changes {
                let n = bytes.len();
                bytes[at % n] = byte;
            }
            bytes.truncate(length.unwrap_or(usize::MAX));
            if let Ok(found) = read(&bytes) {
                prop_assert!(found.iter().map(|(_, b)| b.len()).sum::<usize>() <= 6);
            }
        }
    }
}
