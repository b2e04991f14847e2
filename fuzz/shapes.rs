//! Shapes as the inputs of targets write them.

use oxhorn::shape::Dim;

/// "?,28,28,3": up to eight sizes, a question mark for one that is not known.
pub fn dims(text: &str) -> Option<Vec<Dim>> {
    text.split(',')
        .filter(|size| !size.is_empty())
        .take(8)
        .map(|size| match size {
            "?" => Some(None),
            _ => size.parse().ok().map(Some),
        })
        .collect()
}
