//! Whole numbers bit by bit, and their divisors: bitwise_and, _or, _xor, _not, shifts, gcd, lcm; view. No gradients.

use serde::{Deserialize, Serialize};

use super::binary::infer_pair;
use super::op::{Op, OpFn, Pass, Run, arity, parse_attrs};
use super::table::rows;
use super::{cast, promoted};
use crate::autograd::{Value, apply};
use crate::dtype::{Bool, DType, Element};
use crate::error::{Error, Result};
use crate::kernels::elementwise::{Broadcast, map_scalar, zip_scalar};
use crate::shape::{Spec, Specs, show};
use crate::tensor::{View, ViewMut};

/// What two integers are put through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
enum Pairing {
    And,
    Or,
    Xor,
    /// a 2^b; 0 for b outside of the width of a
    Left,
    /// floor(a / 2^b); 0 or -1 for b outside of the width of a
    Right,
    /// The largest divisor of both, 0 for (0, 0)
    Gcd,
    /// The smallest multiple of both, 0 if one is 0
    Lcm,
}

trait Whole: Element + Eq {
    fn pair(how: Pairing, a: Self, b: Self) -> Self;
    fn not(self) -> Self;
}

macro_rules! whole {
    ($($t:ident),*) => {$(
        impl Whole for $t {
            #[inline(always)]
            #[allow(unused_comparisons, clippy::absurd_extreme_comparisons)]
            fn pair(how: Pairing, a: Self, b: Self) -> Self {
                let inside = b >= 0 && (b as u64) < u64::from($t::BITS);
                match how {
                    Pairing::And => a & b,
                    Pairing::Or => a | b,
                    Pairing::Xor => a ^ b,
                    Pairing::Left if inside => a << b,
                    Pairing::Left => 0,
                    Pairing::Right if inside => a >> b,
                    Pairing::Right => if a < 0 { (0 as $t).wrapping_sub(1) } else { 0 },
                    Pairing::Gcd | Pairing::Lcm => {
                        // Euclid's algorithm. The remainders of wrapping arithmetic keep the smallest integer from a trap.
                        let (mut x, mut y) = (a, b);
                        while y != 0 {
                            (x, y) = (y, x.wrapping_rem(y));
                        }
                        let magnitude = |v: $t| if v < 0 { (0 as $t).wrapping_sub(v) } else { v };
                        match (how, x) {
                            (Pairing::Gcd, _) => magnitude(x),
                            (_, 0) => 0,
                            _ => magnitude(a.wrapping_div(x).wrapping_mul(b)),
                        }
                    }
                }
            }
            #[inline(always)]
            fn not(self) -> Self { !self }
        }
    )*};
}
whole!(i32, i64, u8);

impl Whole for Bool {
    #[inline(always)]
    fn pair(how: Pairing, a: Self, b: Self) -> Self {
        let (a, b) = (a.get(), b.get());
        match how {
            Pairing::And => a && b,
            Pairing::Or => a || b,
            _ => a != b,
        }
        .into()
    }
    #[inline(always)]
    fn not(self) -> Self {
        (!self.get()).into()
    }
}

fn not_whole(name: &str, dtype: DType) -> Error {
    Error::type_error(name)
        .expected("integers")
        .got(dtype.name())
        .hint("Cast them to int32")
}

#[derive(Debug, Clone, Copy, Serialize)]
struct Bits {
    #[serde(skip)]
    name: &'static str,
    how: Pairing,
}

impl Bits {
    fn run<T: Whole>(self, plan: &Broadcast<2>, x: &[View<'_>], y: &mut ViewMut<'_>) {
        // SAFETY: the plan was made from the shapes of these views.
        unsafe {
            zip_scalar(
                |a, b| T::pair(self.how, a, b),
                plan,
                x[0].as_ptr().cast::<T>(),
                x[1].as_ptr().cast::<T>(),
                y.as_mut_ptr().cast::<T>(),
            );
        }
    }
}

impl Op for Bits {
    fn name(&self) -> &'static str {
        self.name
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        infer_pair(self.name, x)?.one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let plan = Broadcast::new(y[0].shape(), [x[0].shape(), x[1].shape()]);
        let logic = matches!(self.how, Pairing::And | Pairing::Or | Pairing::Xor);
        match x[0].dtype() {
            DType::I32 => self.run::<i32>(&plan, x, &mut y[0]),
            DType::I64 => self.run::<i64>(&plan, x, &mut y[0]),
            DType::U8 => self.run::<u8>(&plan, x, &mut y[0]),
            DType::Bool if logic => self.run::<Bool>(&plan, x, &mut y[0]),
            other => return Err(not_whole(self.name, other)),
        }
        Ok(())
    }

    fn backward(&self, _: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![None, None])
    }

    fn inplace(&self, _: usize) -> bool {
        true
    }
}

macro_rules! pairings {
    ($($(#[$doc:meta])* $name:ident = $how:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(a: &Value, b: &Value) -> Result<Value> {
            let (a, b) = promoted(a, b)?;
            apply(Bits { name: stringify!($name), how: Pairing::$how }, &[&a, &b])
        }
    )*};
}

pairings! {
    /// a and b, bit by bit
    bitwise_and = And;
    /// a or b, bit by bit
    bitwise_or = Or;
    /// Exactly one of a and b, bit by bit
    bitwise_xor = Xor;
    /// a 2^b
    left_shift = Left;
    /// floor(a / 2^b)
    right_shift = Right;
    /// The largest divisor of both
    gcd = Gcd;
    /// The smallest multiple of both
    lcm = Lcm;
}

/// y = not x, bit by bit: -x - 1 for signed integers.
#[derive(Debug, Clone, Copy, Serialize)]
struct Not;

fn run_not<T: Whole>(x: &View<'_>, y: &mut ViewMut<'_>) {
    // SAFETY: input and output have as many elements of this type.
    unsafe {
        map_scalar(
            T::not,
            x.as_ptr().cast::<T>(),
            y.as_mut_ptr().cast::<T>(),
            x.len(),
        )
    }
}

impl Op for Not {
    fn name(&self) -> &'static str {
        "bitwise_not"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[0].clone().one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        match x[0].dtype() {
            DType::I32 => run_not::<i32>(&x[0], &mut y[0]),
            DType::I64 => run_not::<i64>(&x[0], &mut y[0]),
            DType::U8 => run_not::<u8>(&x[0], &mut y[0]),
            DType::Bool => run_not::<Bool>(&x[0], &mut y[0]),
            other => return Err(not_whole(self.name(), other)),
        }
        Ok(())
    }

    fn backward(&self, _: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![None])
    }

    fn inplace(&self, _: usize) -> bool {
        true
    }
}

/// Not x, bit by bit
pub fn bitwise_not(x: &Value) -> Result<Value> {
    apply(Not, &[x])
}

/// The same bytes read as another dtype; where the sizes of elements differ, the last axis grows or shrinks.
#[derive(Debug, Clone, Copy, Serialize)]
struct Reinterpret(DType);

impl Op for Reinterpret {
    fn name(&self) -> &'static str {
        "view"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let (from, to) = (x[0].dtype.size(), self.0.size());
        let mut dims = x[0].dims.clone();
        if from != to {
            let last = dims.last_mut().ok_or_else(|| {
                Error::value("view")
                    .expected(format!("an axis to spread {from} bytes into elements of {to}"))
                    .got("a scalar")
            })?;
            if last.is_some_and(|n| !(n * from).is_multiple_of(to)) {
                return Err(Error::value("view")
                    .expected(format!(
                        "a last axis whose bytes make whole elements of {to} bytes"
                    ))
                    .got(x[0].describe()));
            }
            *last = last.map(|n| n * from / to);
        }
        Spec::new(self.0, dims).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        y[0].bytes_mut().copy_from_slice(x[0].bytes());
        Ok(())
    }

    fn backward(&self, _: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![None])
    }
}

/// The bytes of x as another dtype.
pub fn view(x: &Value, dtype: DType) -> Result<Value> {
    if x.dtype() == dtype {
        return Ok(x.clone());
    }
    if dtype == DType::Bool {
        // Only 0 and 1 are booleans; other bytes would be true without being 1.
        return Err(Error::value("view")
            .expected("a dtype that any bytes are values of")
            .got(format!("{} from {} {}", dtype, x.dtype(), show(&x.dims())))
            .hint("Use cast"));
    }
    let x = if x.dtype() == DType::Bool {
        cast(x, DType::U8)?
    } else {
        x.clone()
    };
    apply(Reinterpret(dtype), &[&x])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    dtype: String,
}

pub(super) const OPS: &[(&str, OpFn)] = {
    const ROWS: &[(&str, OpFn)] =
        rows!(1: bitwise_not; 2: bitwise_and, bitwise_or, bitwise_xor, left_shift, right_shift, gcd, lcm);
    const VIEW: (&str, OpFn) = ("view", |x, attrs| {
        let [x] = arity("view", x)?;
        let dtype = parse_attrs::<Typed>("view", attrs)?.dtype;
        Ok(vec![view(&x, DType::parse(&dtype)?)?])
    });
    &[
        ROWS[0], ROWS[1], ROWS[2], ROWS[3], ROWS[4], ROWS[5], ROWS[6], ROWS[7], VIEW,
    ]
};
