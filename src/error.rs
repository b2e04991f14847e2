//! The one error of the crate: who refused, what it expected, what it got, what to do.

use std::fmt;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Which Python exception an error becomes at the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Value,
    Type,
    Index,
    Key,
    Runtime,
    NotImplemented,
    Os,
    /// Ctrl-C was seen between two ops; the door raises the pending `KeyboardInterrupt`.
    Interrupted,
}

/// An error with its parts kept apart, so that messages always carry the numbers.
///
/// ```
/// use oxhorn::error::Error;
/// let e = Error::value("matmul").expected("inner sizes to agree").got("(2, 3) and (4, 5)").hint("Transpose one of them.");
/// assert_eq!(e.to_string(), "matmul: expected inner sizes to agree; got (2, 3) and (4, 5). Transpose one of them.");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    pub kind: Kind,
    pub who: String,
    pub expected: String,
    pub got: String,
    pub hint: String,
}

impl Error {
    fn new(kind: Kind, who: impl Into<String>) -> Self {
        Self {
            kind,
            who: who.into(),
            expected: String::new(),
            got: String::new(),
            hint: String::new(),
        }
    }

    pub fn value(who: impl Into<String>) -> Self {
        Self::new(Kind::Value, who)
    }

    pub fn type_error(who: impl Into<String>) -> Self {
        Self::new(Kind::Type, who)
    }

    pub fn index(who: impl Into<String>) -> Self {
        Self::new(Kind::Index, who)
    }

    pub fn key(who: impl Into<String>) -> Self {
        Self::new(Kind::Key, who)
    }

    pub fn runtime(who: impl Into<String>) -> Self {
        Self::new(Kind::Runtime, who)
    }

    pub fn not_implemented(who: impl Into<String>) -> Self {
        Self::new(Kind::NotImplemented, who)
    }

    pub fn os(who: impl Into<String>) -> Self {
        Self::new(Kind::Os, who)
    }

    pub fn interrupted() -> Self {
        Self::new(Kind::Interrupted, "interrupted")
    }

    #[must_use]
    pub fn expected(mut self, text: impl Into<String>) -> Self {
        self.expected = text.into();
        self
    }

    #[must_use]
    pub fn got(mut self, text: impl Into<String>) -> Self {
        self.got = text.into();
        self
    }

    #[must_use]
    pub fn hint(mut self, text: impl Into<String>) -> Self {
        self.hint = text.into();
        self
    }

    /// Names an outer place (a layer around an op) in front of the inner one.
    #[must_use]
    pub fn inside(mut self, outer: &str) -> Self {
        self.who = format!("{outer}: {}", self.who);
        self
    }

    /// "unknown activation 'rellu'; known: relu, relu6, ..."
    pub fn unknown(who: impl Into<String>, what: &str, name: &str, known: &[&str]) -> Self {
        Self::value(who)
            .expected(format!("the name of {what}, one of: {}", known.join(", ")))
            .got(format!("'{name}'"))
            .hint("Check the spelling.")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.who)?;
        if !self.expected.is_empty() {
            write!(f, ": expected {}", self.expected)?;
        }
        if !self.got.is_empty() {
            let mark = if self.expected.is_empty() { ": " } else { "; " };
            write!(f, "{mark}got {}", self.got)?;
        }
        if !self.hint.is_empty() {
            let mark = if self.expected.is_empty() && self.got.is_empty() {
                ": "
            } else {
                ". "
            };
            write!(f, "{mark}{}", self.hint)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
