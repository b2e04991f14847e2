//! safetensors: headers and tensors. The input is the header and the data; its length is put in front.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use oxhorn::files::safetensors::Reader;

fn check(file: &[u8]) {
    let Ok(mut reader) = Reader::new(Cursor::new(file), file.len() as u64, "fuzz".into()) else {
        return;
    };
    let entries = reader.entries().to_vec();
    let mut total = 0;
    for entry in &entries {
        let length = usize::try_from(entry.end - entry.begin).expect("no longer than the file");
        total += length;
        let _ = reader.read(entry, &mut vec![0; length]);
    }
    assert!(total <= file.len());
}

fuzz_target!(|data: &[u8]| {
    check(data);
    let end = data.iter().rposition(|b| *b == b'}').map_or(0, |at| at + 1);
    check(&[&(end as u64).to_le_bytes(), data].concat());
});
