//! `entropy`, `entropy_bin`, `ceil_log2` and `floor_log2`.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int32Array};
use arrow::compute::unary;
use arrow::datatypes::{DataType, Int32Type};
use spotql_words::entropy::EntropyMeter;
use spotql_words::math;

use crate::scalar::{Call, Declaration, Needs, Number, Parameter, Takes, parameter};

const X: &[Parameter] = &[parameter("x", Takes::Number, "a number")];

pub(super) const ENTROPY: Declaration = Declaration {
    name: "entropy",
    parameters: &[parameter("s", Takes::Text, "a text")],
    returns: DataType::Float64,
    reads_settings: false,
    needs: Needs::NOTHING,
    about: "Shannon entropy of the characters (UTF-16 code units) of a text in bits a character; \
            0 for the empty text, NULL for NULL",
    example: ("entropy('abcd')", "2.0"),
    kernel: |call| {
        let mut meter = EntropyMeter::default();
        let entropies = call
            .text(0)
            .iter()
            .map(|text| text.map(|text| meter.entropy(text)));
        Ok(Arc::new(entropies.collect::<Float64Array>()))
    },
};

pub(super) const ENTROPY_BIN: Declaration = Declaration {
    name: "entropy_bin",
    parameters: &[parameter("x", Takes::Number, "an entropy in bits")],
    returns: DataType::Int32,
    reads_settings: false,
    needs: Needs::NOTHING,
    about: "The index of the first of the cuts 0.0, 0.3, 0.6 … 5.4, infinity that is no smaller \
            than the argument: 0 to 19. -1 for NaN, NULL for NULL",
    example: ("entropy_bin(2.0)", "7"),
    kernel: |call| {
        Ok(bins(
            call,
            |x| math::entropy_bin(x as f64),
            math::entropy_bin,
        ))
    },
};

pub(super) const CEIL_LOG2: Declaration = Declaration {
    name: "ceil_log2",
    parameters: X,
    returns: DataType::Int32,
    reads_settings: false,
    needs: Needs::NOTHING,
    about: "ceil(log10(x) / log10(2)), in double precision and with the steps of the original at \
            high powers of two. -2147483648 for 0, 0 for a negative number, NULL for NULL",
    example: ("ceil_log2(1025)", "11"),
    kernel: |call| Ok(bins(call, math::ceil_log2, math::ceil_log2_real)),
};

pub(super) const FLOOR_LOG2: Declaration = Declaration {
    name: "floor_log2",
    about: "trunc(log10(x) / log10(2)), in double precision and with the steps of the original at \
            high powers of two. 0 for 0 and for a negative number, NULL for NULL",
    example: ("floor_log2(1025)", "10"),
    kernel: |call| Ok(bins(call, math::floor_log2, math::floor_log2_real)),
    ..CEIL_LOG2
};

fn bins(call: &Call, whole: fn(i64) -> i32, real: fn(f64) -> i32) -> ArrayRef {
    let bins: Int32Array = match call.number(0) {
        Number::Whole(numbers) => unary::<_, _, Int32Type>(numbers, whole),
        Number::Real(numbers) => unary::<_, _, Int32Type>(numbers, real),
    };
    Arc::new(bins)
}
