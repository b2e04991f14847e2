//! The training snapshot: first as it is, then with checksums that fit, so that what lies behind them is reached too.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oxhorn::files::snapshot::read_all;

const HEAD: usize = 40;

fn check(data: &[u8]) {
    if let Ok(records) = read_all(data, data.len() as u64, "fuzz") {
        let total: usize = records.iter().map(|(_, bytes)| bytes.len()).sum();
        assert!(total <= data.len());
        for (entry, bytes) in &records {
            assert_eq!(entry.bytes, bytes.len());
        }
    }
}

fuzz_target!(|data: &[u8]| {
    check(data);
    // The first two bytes say how much of the rest is the index.
    let Some((length, rest)) = data.split_first_chunk::<2>() else {
        return;
    };
    let at = usize::from(u16::from_le_bytes(*length)).min(rest.len());
    let (index, content) = rest.split_at(at);
    let file = oxhorn::files::snapshot::with_head(index, content);
    assert_eq!(file.len(), HEAD + rest.len());
    check(&file);
});
