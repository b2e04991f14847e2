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

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use crc32fast::Hasher;

use super::reading::{open, read_exact, reserve};
pub use super::snapshot_index::{Content, Entry, MAX_NAME, MAX_RANK, MAX_RECORDS, Record};
use super::snapshot_index::{OTHER, check_bool, index_of, parse_index, show};
use super::{FileError, Result, replace};
use crate::error::Error;

const MAGIC: [u8; 8] = *b"\x93OXSNAP\n";
const VERSION: u32 = 1;
const HEAD: usize = 40;

/// Bytes that are copied or read, and summed up, at a time: they stay in the cache in between.
const CHUNK: usize = 1 << 18;

const _: () = assert!(
    cfg!(target_endian = "little"),
    "numbers go to the file as they are in memory"
);

/// Writes a snapshot; what was at `path` is there until the new one is complete. Arrays are not copied as a whole.
pub fn write(path: &Path, records: &[(&str, Record<'_>)]) -> Result<()> {
    let index = index_of(&path.display().to_string(), records)?;
    replace(path, |file| {
        write_to(file, &index, records).map_err(FileError::system(path))
    })
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
        read_exact(&mut source, &mut head[..there], &who, || "its head".into())?;
        let head = Head::parse(&who, &head[..there], size)?;
        let mut index = reserve(&who, head.index)?;
        read_exact(&mut source, &mut index, &who, || "its index".into())?;
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
                read_exact(&mut self.source, chunk, &self.who, || "its data".into())?;
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

fn altered(who: &str, part: &str) -> FileError {
    Error::value(who)
        .expected("a snapshot as it was written")
        .got(format!(
            "a file of which {part} changed since: the checksum is another"
        ))
        .hint("Copy it again, or use another snapshot")
        .into()
}
