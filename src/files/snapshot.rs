//! The file of a training snapshot: named texts and arrays, one after the other. Flat on purpose: nothing can nest.
//!
//! ```text
//! 40 bytes  head, integers little-endian:
//!             0  8 bytes  "\x93OXSNAP\n"
//!             8  u32      version of the format, 1
//!            12  u64      n, the length of the index
//!            20  u64      m, the length of the data
//!            28  u32      CRC-32 of the data
//!            32  u32      CRC-32 of the index
//!            36  u32      CRC-32 of the 36 bytes before
//! n bytes   index: for each record, bincode of its name and kind (text of so many bytes, or array of dtype and shape)
//! m bytes   data: the records' bytes in the order of the index; texts in UTF-8, numbers little-endian, bool as 0 or 1
//! ```
//!
//! Positions follow from the sizes, so that no record can lie outside of the file or over another. A CRC finds every change
//! of up to 32 bits in a row, and any other but one in four thousand million; it is no protection against forgery, so that
//! the reader trusts nothing that it has not checked.

use std::collections::HashSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use bincode::config::{Configuration, Fixint, Limit, LittleEndian};
use crc32fast::Hasher;
use serde::{Deserialize, Serialize};

use super::{FileError, Result, open, replace};
use crate::dtype::DType;
use crate::error::Error;
use crate::shape::{Shape, show_shape};
use crate::tensor::View;

const MAGIC: [u8; 8] = *b"\x93OXSNAP\n";
const VERSION: u32 = 1;
const HEAD: usize = 40;

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

/// Bytes that are copied or read, and summed up, at a time: they stay in the cache in between.
const CHUNK: usize = 1 << 18;

const _: () = assert!(
    cfg!(target_endian = "little"),
    "numbers go to the file as they are in memory"
);

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
    fn bytes(&self) -> &[u8] {
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

/// Writes a snapshot; what was at `path` is there until the new one is complete. Arrays are not copied as a whole.
pub fn write(path: &Path, records: &[(&str, Record<'_>)]) -> Result<()> {
    let index = index_of(&path.display().to_string(), records)?;
    replace(path, |file| {
        write_to(file, &index, records).map_err(FileError::system(path))
    })
}

/// The index of these records. Whatever the reader would refuse is refused here.
fn index_of(who: &str, records: &[(&str, Record<'_>)]) -> Result<Vec<u8>> {
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

fn write_to(file: &mut File, index: &[u8], records: &[(&str, Record<'_>)]) -> std::io::Result<()> {
    // Its place; the sums are known at the end.
    file.write_all(&[0; HEAD])?;
    file.write_all(index)?;
    let mut sum = Hasher::new();
    let mut length = 0_u64;
    // Numbers go through this buffer, so that the sum is of what is written even if somebody assigns meanwhile. Small records
    // share it.
    let mut buffer = Vec::with_capacity(CHUNK);
    for (_, record) in records {
        let mut rest = record.bytes();
        length += rest.len() as u64;
        while !rest.is_empty() {
            let (chunk, after) = rest.split_at(rest.len().min(CHUNK - buffer.len()));
            buffer.extend_from_slice(chunk);
            rest = after;
            if buffer.len() == CHUNK {
                sum.update(&buffer);
                file.write_all(&buffer)?;
                buffer.clear();
            }
        }
    }
    sum.update(&buffer);
    file.write_all(&buffer)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&head(index, length, sum.finalize()))
}

/// A file around any index and data, with sums that fit: what tests and fuzzing put behind the checksums.
pub fn with_head(index: &[u8], data: &[u8]) -> Vec<u8> {
    let head = head(index, data.len() as u64, crc32fast::hash(data));
    [&head, index, data].concat()
}

fn head(index: &[u8], data: u64, sum: u32) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    head[..8].copy_from_slice(&MAGIC);
    head[8..12].copy_from_slice(&VERSION.to_le_bytes());
    head[12..20].copy_from_slice(&(index.len() as u64).to_le_bytes());
    head[20..28].copy_from_slice(&data.to_le_bytes());
    head[28..32].copy_from_slice(&sum.to_le_bytes());
    head[32..36].copy_from_slice(&crc32fast::hash(index).to_le_bytes());
    let own = crc32fast::hash(&head[..36]);
    head[36..].copy_from_slice(&own.to_le_bytes());
    head
}

/// A snapshot whose head and index are read and checked, and whose data is not read yet.
#[derive(Debug)]
pub struct Reader<R> {
    source: R,
    who: String,
    entries: Vec<Entry>,
    sum: u32,
}

impl Reader<File> {
    pub fn open(path: &Path) -> Result<Self> {
        let (file, size) = open(path)?;
        Self::new(file, size, path.display().to_string())
    }
}

impl<R: Read> Reader<R> {
    /// Reads from `source`, which has `size` bytes. `who` stands in front of the errors.
    pub fn new(mut source: R, size: u64, who: String) -> Result<Self> {
        let mut head = [0; HEAD];
        let there = head.len().min(usize::try_from(size).unwrap_or(HEAD));
        read_exact(&mut source, &mut head[..there], &who)?;
        let head = Head::parse(&who, &head[..there], size)?;
        let mut index = reserve(&who, head.index)?;
        read_exact(&mut source, &mut index, &who)?;
        if crc32fast::hash(&index) != head.index_sum {
            return Err(altered(&who, "its index"));
        }
        let entries = parse_index(&who, &index)?;
        let needed = entries
            .iter()
            .try_fold(0_u64, |sum, e| sum.checked_add(e.bytes as u64));
        if needed != Some(head.data) {
            return Err(Error::value(who)
                .expected("an index that accounts for the data")
                .got(format!(
                    "records of {} bytes, and {} bytes of data",
                    needed.map_or_else(|| "more than 2^64".into(), |n| n.to_string()),
                    head.data
                ))
                .hint(OTHER)
                .into());
        }
        Ok(Self {
            source,
            who,
            entries,
            sum: head.data_sum,
        })
    }

    /// The records, in their order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Fills `memory`, as many bytes for each entry as it has. After an error, what is there must not be used.
    pub fn read(mut self, memory: &mut [&mut [u8]]) -> Result<()> {
        let mut sum = Hasher::new();
        for bytes in memory.iter_mut() {
            for chunk in bytes.chunks_mut(CHUNK) {
                read_exact(&mut self.source, chunk, &self.who)?;
                sum.update(chunk);
            }
        }
        if sum.finalize() != self.sum {
            return Err(altered(&self.who, "its data"));
        }
        for (entry, bytes) in self.entries.iter().zip(memory) {
            match entry.content {
                Content::Array { dtype, .. } => check_bool(&self.who, &entry.name, dtype, bytes)?,
                Content::Text if std::str::from_utf8(bytes).is_err() => {
                    return Err(Error::value(self.who)
                        .expected(format!("the text {} in UTF-8", show(&entry.name)))
                        .got("other bytes")
                        .hint(OTHER)
                        .into());
                }
                Content::Text => {}
            }
        }
        Ok(())
    }
}

/// All records of a source: (entry, bytes). For those who have no memory of their own to fill.
pub fn read_all<R: Read>(source: R, size: u64, who: &str) -> Result<Vec<(Entry, Vec<u8>)>> {
    let reader = Reader::new(source, size, who.into())?;
    let entries = reader.entries().to_vec();
    let mut memory: Vec<Vec<u8>> = entries
        .iter()
        .map(|entry| reserve(who, entry.bytes))
        .collect::<Result<_>>()?;
    let mut slices: Vec<&mut [u8]> = memory.iter_mut().map(Vec::as_mut_slice).collect();
    reader.read(&mut slices)?;
    Ok(entries.into_iter().zip(memory).collect())
}

const OTHER: &str = "Use another snapshot";

struct Head {
    index: usize,
    data: u64,
    data_sum: u32,
    index_sum: u32,
}

impl Head {
    fn parse(who: &str, head: &[u8], size: u64) -> Result<Self> {
        let magic = &head[..head.len().min(MAGIC.len())];
        if magic.is_empty() || !MAGIC.starts_with(magic) {
            let begins: Vec<String> = magic.iter().map(|b| format!("{b:02x}")).collect();
            return Err(Error::value(who)
                .expected("a training snapshot, which begins with the bytes 93 4f 58 53 4e 41 50 0a")
                .got(if begins.is_empty() {
                    "an empty file".into()
                } else {
                    format!("a file that begins with {}", begins.join(" "))
                })
                .hint("Pass a file that a training run left")
                .into());
        }
        let cut = |whole: u64| -> FileError {
            Error::value(who)
                .expected(format!("a snapshot of {whole} bytes"))
                .got(format!("{size} bytes: the file is cut off"))
                .hint("Copy it again, or use another snapshot")
                .into()
        };
        let Ok(head) = <&[u8; HEAD]>::try_from(head) else {
            return Err(cut(HEAD as u64));
        };
        let u32_at = |at: usize| u32::from_le_bytes(std::array::from_fn(|i| head[at + i]));
        let u64_at = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| head[at + i]));
        let version = u32_at(8);
        if version != VERSION {
            return Err(Error::value(who)
                .expected(format!("version {VERSION} of the snapshot format"))
                .got(format!("version {version}"))
                .hint("Use the release of Oxhorn that wrote it, or a newer one")
                .into());
        }
        if crc32fast::hash(&head[..36]) != u32_at(36) {
            return Err(altered(who, "its first 40 bytes"));
        }
        let (index, data) = (u64_at(12), u64_at(20));
        let whole = (HEAD as u64).checked_add(index).and_then(|n| n.checked_add(data));
        match whole {
            Some(whole) if whole == size => {}
            Some(whole) if whole < size => {
                return Err(Error::value(who)
                    .expected(format!("a snapshot of {whole} bytes"))
                    .got(format!("{size} bytes: something follows its end"))
                    .hint("Copy it again, or use another snapshot")
                    .into());
            }
            whole => return Err(cut(whole.unwrap_or(u64::MAX))),
        }
        Ok(Self {
            index: usize::try_from(index).map_err(|_| cut(index))?,
            data,
            data_sum: u32_at(28),
            index_sum: u32_at(32),
        })
    }
}

fn parse_index(who: &str, index: &[u8]) -> Result<Vec<Entry>> {
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

fn check_bool(who: &str, name: &str, dtype: DType, bytes: &[u8]) -> Result<()> {
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

fn altered(who: &str, part: &str) -> FileError {
    Error::value(who)
        .expected("a snapshot as it was written")
        .got(format!(
            "a file of which {part} changed since: the checksum is another"
        ))
        .hint("Copy it again, or use another snapshot")
        .into()
}

fn read_exact(source: &mut impl Read, memory: &mut [u8], who: &str) -> Result<()> {
    source.read_exact(memory).map_err(|error| {
        if error.kind() == std::io::ErrorKind::UnexpectedEof {
            Error::value(who)
                .expected("a file that keeps its size")
                .got("an end in the middle: it was changed while it was read")
                .hint("Read it again when nothing writes to it")
                .into()
        } else {
            FileError::System {
                path: who.into(),
                error,
            }
        }
    })
}

/// Zeros, or an error where memory is short: a plain allocation would end the process.
pub fn reserve(who: &str, bytes: usize) -> Result<Vec<u8>> {
    let mut memory = Vec::new();
    memory.try_reserve_exact(bytes).map_err(|_| {
        Error::runtime(who)
            .expected("enough memory for a record")
            .got(format!("a request for {bytes} bytes"))
            .hint("Close other programs, or use a machine with more memory")
    })?;
    memory.resize(bytes, 0);
    Ok(memory)
}

/// The beginning of a name, in quotes.
fn show(name: &str) -> String {
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
