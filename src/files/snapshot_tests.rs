use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::snapshot::{self, Content, Entry, Record, with_head};
use crate::dtype::{Bool, DType};
use crate::tensor::Tensor;

/// A file of its own for each call, which goes with the value.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!(
            "oxhorn-snapshot-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[derive(Debug, Clone)]
enum Owned {
    Text(String),
    Array(Tensor),
}

impl Owned {
    fn record(&self) -> Record<'_> {
        match self {
            Self::Text(text) => Record::Text(text),
            Self::Array(tensor) => Record::Array(tensor.view()),
        }
    }

    fn entry(&self, name: &str) -> (Entry, Vec<u8>) {
        let (content, bytes) = match self {
            Self::Text(text) => (Content::Text, text.as_bytes()),
            Self::Array(tensor) => (
                Content::Array {
                    dtype: tensor.dtype(),
                    shape: tensor.shape().into(),
                },
                tensor.view().bytes(),
            ),
        };
        let entry = Entry {
            name: name.into(),
            content,
            bytes: bytes.len(),
        };
        (entry, bytes.to_vec())
    }
}

/// The bytes of a file with these records, and what it must give back.
fn written(records: &[(String, Owned)]) -> (Vec<u8>, Vec<(Entry, Vec<u8>)>) {
    let place = Place::new();
    let borrowed: Vec<(&str, Record<'_>)> = records.iter().map(|(n, r)| (n.as_str(), r.record())).collect();
    snapshot::write(&place.0, &borrowed).unwrap();
    let expected = records.iter().map(|(name, record)| record.entry(name)).collect();
    (fs::read(&place.0).unwrap(), expected)
}

fn read(bytes: &[u8]) -> Result<Vec<(Entry, Vec<u8>)>, String> {
    snapshot::read_all(bytes, bytes.len() as u64, "file").map_err(|e| e.to_string())
}

fn tensor(dtype: DType, shape: &[usize], bytes: &[u8]) -> Tensor {
    let mut tensor = Tensor::zeros(dtype, shape).unwrap();
    let mut view = tensor.view_mut();
    for (place, byte) in view.bytes_mut().iter_mut().zip(bytes.iter().cycle()) {
        *place = if dtype == DType::Bool { byte & 1 } else { *byte };
    }
    tensor
}

fn any_record() -> impl Strategy<Value = Owned> {
    let dtype = prop::sample::select(DType::ALL.to_vec());
    prop_oneof![
        ".{0,30}".prop_map(Owned::Text),
        (dtype, vec(0_usize..4, 0..4), vec(any::<u8>(), 1..40))
            .prop_map(|(dtype, shape, bytes)| Owned::Array(tensor(dtype, &shape, &bytes))),
    ]
}

fn any_records() -> impl Strategy<Value = Vec<(String, Owned)>> {
    btree_map("[a-zA-Zäß/_0-9]{1,12}", any_record(), 0..6).prop_map(|map| map.into_iter().collect())
}

/// One change of a file, at places that are taken modulo its length.
#[derive(Debug, Clone)]
enum Change {
    Byte(usize, u8),
    Cut(usize),
    Insert(usize, Vec<u8>),
    Remove(usize, usize),
    Swap(usize, usize, usize),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let at = |n: usize, bytes: &[u8]| n % (bytes.len() + 1);
        match self {
            Self::Byte(i, value) => {
                let n = bytes.len();
                if let Some(byte) = bytes.get_mut(i % n.max(1)) {
                    *byte = *value;
                }
            }
            Self::Cut(i) => bytes.truncate(at(*i, bytes)),
            Self::Insert(i, more) => {
                let i = at(*i, bytes);
                bytes.splice(i..i, more.iter().copied());
            }
            Self::Remove(i, n) => {
                let i = at(*i, bytes);
                bytes.drain(i..(i + n).min(bytes.len()));
            }
            Self::Swap(i, j, n) => {
                let (i, j) = (at(*i, bytes), at(*j, bytes));
                let (i, j) = (i.min(j), i.max(j));
                let n = (*n).min(j - i).min(bytes.len() - j);
                let (first, second) = bytes.split_at_mut(j);
                first[i..i + n].swap_with_slice(&mut second[..n]);
            }
        }
    }
}

fn any_change() -> impl Strategy<Value = Change> {
    let at = 0_usize..4000;
    prop_oneof![
        (at.clone(), any::<u8>()).prop_map(|(i, b)| Change::Byte(i, b)),
        at.clone().prop_map(Change::Cut),
        (at.clone(), vec(any::<u8>(), 1..9)).prop_map(|(i, b)| Change::Insert(i, b)),
        (at.clone(), 1_usize..9).prop_map(|(i, n)| Change::Remove(i, n)),
        (at.clone(), at, 1_usize..9).prop_map(|(i, j, n)| Change::Swap(i, j, n)),
    ]
}

proptest! {
    #[test]
    fn what_is_written_comes_back(records in any_records()) {
        let (bytes, expected) = written(&records);
        prop_assert_eq!(read(&bytes).unwrap(), expected);
    }

    #[test]
    fn a_changed_file_is_refused(records in any_records(), changes in vec(any_change(), 1..4)) {
        let (bytes, expected) = written(&records);
        let mut changed = bytes.clone();
        for change in &changes {
            change.apply(&mut changed);
        }
        match read(&changed) {
            Ok(found) => {
                prop_assert_eq!(&changed, &bytes);
                prop_assert_eq!(found, expected);
            }
            Err(message) => {
                prop_assert!(message.starts_with("file: expected "), "{}", message);
                prop_assert_ne!(&changed, &bytes);
            }
        }
    }

    /// Past the checksums, as whoever forges a file gets: what is behind them must hold by itself.
    #[test]
    fn a_forged_index_never_breaks_the_reader(
        records in any_records(),
        changes in vec(any_change(), 1..4),
        raw in prop::option::of(vec(any::<u8>(), 0..200)),
    ) {
        let (bytes, _) = written(&records);
        let mut index = raw.unwrap_or_else(|| index_of(&bytes).to_vec());
        for change in &changes {
            change.apply(&mut index);
        }
        let data = &bytes[40 + index_of(&bytes).len()..];
        if let Ok(found) = read(&with_head(&index, data)) {
            prop_assert_eq!(found.iter().map(|(_, b)| b.len()).sum::<usize>(), data.len());
        }
    }
}

fn index_of(bytes: &[u8]) -> &[u8] {
    let length = u64::from_le_bytes(bytes[12..20].try_into().unwrap());
    &bytes[40..40 + length as usize]
}

fn text_entry(name: &str, bytes: u64) -> Vec<u8> {
    let mut entry = (name.len() as u64).to_le_bytes().to_vec();
    entry.extend(name.as_bytes());
    entry.extend(0_u32.to_le_bytes());
    entry.extend(bytes.to_le_bytes());
    entry
}

fn array_entry(name: &str, dtype: u32, shape: &[u64]) -> Vec<u8> {
    let mut entry = (name.len() as u64).to_le_bytes().to_vec();
    entry.extend(name.as_bytes());
    entry.extend(1_u32.to_le_bytes());
    entry.extend(dtype.to_le_bytes());
    entry.extend((shape.len() as u64).to_le_bytes());
    shape.iter().for_each(|n| entry.extend(n.to_le_bytes()));
    entry
}

#[test]
fn forged_files() {
    let long = "n".repeat(5000);
    let rows: Vec<(Vec<u8>, &[u8], &str)> = vec![
        (
            text_entry("a", 4),
            b"123",
            "records of 4 bytes, and 3 bytes of data",
        ),
        (
            text_entry("a", u64::MAX),
            b"",
            "records of 18446744073709551615 bytes, and 0",
        ),
        (text_entry("a", 1), b"\xff", "the text \"a\" in UTF-8"),
        (text_entry("", 0), b"", "names of 1 to 4096 bytes"),
        (text_entry("a\0b", 0), b"", "without NUL"),
        (text_entry(&long, 0), b"", "of 5000 bytes"),
        (
            [text_entry("a", 0), text_entry("a", 0)].concat(),
            b"",
            "\"a\" twice",
        ),
        (
            [text_entry("a", u64::MAX), text_entry("b", 1)].concat(),
            b"",
            "more than 2^64",
        ),
        (array_entry("a", 6, &[1]), b"1", "bytes that are none"),
        (
            array_entry("a", 0, &[3]),
            b"12345678",
            "records of 12 bytes, and 8 bytes",
        ),
        (array_entry("a", 0, &[1 << 62, 4]), b"", "2^63 bytes; got shape"),
        (
            array_entry("a", 0, &[0, 1 << 62, 4]),
            b"",
            "2^63 bytes; got shape",
        ),
        (array_entry("a", 4, &[u64::MAX, 2]), b"", "2^63 bytes; got shape"),
        (array_entry("a", 4, &[1; 33]), b"1", "up to 32 axes"),
        (array_entry("a", 4, &[1; 2000]), b"1", "LimitExceeded"),
        (
            array_entry("a", 5, &[2]),
            b"\x01\x02",
            "bytes 0 and 1; got a byte 2",
        ),
        (u64::MAX.to_le_bytes().to_vec(), b"", "an entry at byte 0"),
        (b"\x01\0\0\0\0\0\0\0\xff".to_vec(), b"", "an entry at byte 0"),
    ];
    for (index, data, part) in rows {
        let message = read(&with_head(&index, data)).unwrap_err();
        assert!(message.contains(part), "{part}: {message}");
    }
    let found = read(&with_head(&array_entry("a", 5, &[2, 1]), b"\x01\x00")).unwrap();
    assert_eq!(found[0].1, [1, 0]);
}

#[test]
fn what_the_reader_would_refuse_is_not_written() {
    let place = Place::new();
    let ones = Tensor::full(&[2], Bool(2)).unwrap();
    let deep = Tensor::zeros(DType::F32, &[1; 33]).unwrap();
    for (records, part) in [
        (vec![("a", Record::Array(ones.view()))], "bytes 0 and 1"),
        (vec![("a", Record::Array(deep.view()))], "up to 32 axes"),
        (vec![("", Record::Text("x"))], "names of 1 to 4096"),
        (
            vec![("a", Record::Text("x")), ("a", Record::Text("y"))],
            "\"a\" twice",
        ),
    ] {
        let message = snapshot::write(&place.0, &records).unwrap_err().to_string();
        assert!(message.contains(part), "{part}: {message}");
        assert!(!place.0.exists());
    }
}
