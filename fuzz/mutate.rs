//! Changes of the inputs of targets whose last line is JSON: a value in it is replaced, dropped or repeated, mostly by numbers
//! at the limits, which changes of single bytes seldom reach.

use libfuzzer_sys::fuzzer_mutate;
use serde_json::{Value as Json, json};

/// A small generator: its numbers follow from libFuzzer's seed alone.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % n.max(1)
    }
}

fn hostile(random: &mut Random) -> Json {
    let values = [
        json!(0),
        json!(1),
        json!(2),
        json!(3),
        json!(-1),
        json!(7),
        json!(1_000_000),
        json!(i32::MAX),
        json!(1_u64 << 31),
        json!(i64::from(i32::MIN) - 1),
        json!(1_u64 << 32),
        json!((1_u64 << 53) + 1),
        json!(1_u64 << 62),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1.5),
        json!(-0.0),
        json!(1e-320),
        json!(1e308),
        json!(null),
        json!(true),
        json!(false),
        json!(""),
        json!("nan"),
        json!("inf"),
        json!("-inf"),
        json!("same"),
        json!("valid"),
        json!("causal"),
        json!("channels_first"),
        json!("relu"),
        json!([]),
        json!({}),
        json!([0, 0]),
        json!([-1]),
        json!([1, 2]),
        json!([[1, 1], [2, 2]]),
        json!([1_u64 << 62, 1_u64 << 62]),
    ];
    let at = random.below(values.len());
    values[at].clone()
}

fn change(json: &mut Json, random: &mut Random) {
    match json {
        Json::Object(map) if !map.is_empty() && random.below(10) > 0 => {
            let at = random.below(map.len());
            let Some(key) = map.keys().nth(at).cloned() else {
                return;
            };
            if random.below(10) == 0 {
                map.remove(&key);
            } else {
                change(&mut map[&key], random);
            }
        }
        Json::Array(items) if !items.is_empty() && random.below(10) > 3 => {
            let at = random.below(items.len());
            match random.below(6) {
                0 => drop(items.remove(at)),
                1 => items.insert(at, hostile(random)),
                _ => change(&mut items[at], random),
            }
        }
        other => *other = hostile(random),
    }
}

/// For `fuzz_mutator!`: changes the JSON after line break number `lines`, or some bytes anywhere.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32, lines: usize) -> usize {
    let mut random = Random(u64::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    if random.below(3) > 0
        && let Some(changed) = structured(&data[..size], &mut random, lines)
        && changed.len() <= max_size
    {
        data[..changed.len()].copy_from_slice(&changed);
        return changed.len();
    }
    fuzzer_mutate(data, size, max_size)
}

fn structured(data: &[u8], random: &mut Random, lines: usize) -> Option<Vec<u8>> {
    let (at, _) = data
        .iter()
        .enumerate()
        .filter(|(_, b)| **b == b'\n')
        .nth(lines - 1)?;
    let mut json: Json = serde_json::from_slice(&data[at + 1..]).ok()?;
    for _ in 0..=random.below(3) {
        change(&mut json, random);
    }
    let mut changed = data[..=at].to_vec();
    serde_json::to_writer(&mut changed, &json).ok()?;
    Some(changed)
}
