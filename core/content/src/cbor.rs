//! Deterministic CBOR (RFC 8949, section 4.2.1), written and read by one small pair.
//!
//! The reader refuses at the head of each item what a re-encoding would change: lengths and integers that are not the
//! shortest, indefinite lengths, reserved values, text that is not UTF-8, bytes after the end. It therefore needs no
//! second encoding to prove that what it accepted has one form only. Counts are checked against what is left of the
//! input before anything is allocated.

/// Why bytes were refused as deterministic CBOR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CborError {
    /// The input ends inside an item.
    #[error("the input ends inside an item")]
    Truncated,
    /// An integer, a length or a float is not in its shortest form.
    #[error("an item is not in its shortest form")]
    NotShortest,
    /// An indefinite length.
    #[error("an item has an indefinite length")]
    Indefinite,
    /// A reserved additional information value.
    #[error("an item uses a reserved value")]
    Reserved,
    /// Another type than the format asks for.
    #[error("expected {0}")]
    Expected(&'static str),
    /// Text that is not UTF-8.
    #[error("a text is not UTF-8")]
    Utf8,
    /// More items or bytes than the input can hold.
    #[error("an item announces more than the input holds")]
    TooLong,
    /// Bytes after the last item.
    #[error("bytes follow the last item")]
    Trailing,
}

pub(crate) const UINT: u8 = 0;
pub(crate) const NINT: u8 = 1;
pub(crate) const BYTES: u8 = 2;
pub(crate) const TEXT: u8 = 3;
pub(crate) const ARRAY: u8 = 4;
pub(crate) const MAP: u8 = 5;
pub(crate) const TAG: u8 = 6;
pub(crate) const SIMPLE: u8 = 7;

/// Writes deterministic CBOR; cannot fail.
#[derive(Default)]
pub(crate) struct Writer {
    out: Vec<u8>,
}

impl Writer {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.out
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.out.extend_from_slice(bytes);
        self
    }

    pub(crate) fn head(&mut self, major: u8, argument: u64) -> &mut Self {
        let major = major << 5;
        let wide = argument.to_be_bytes();
        match argument {
            0..=23 => self.out.push(major | wide[7]),
            24..=0xff => self.out.extend_from_slice(&[major | 24, wide[7]]),
            0x100..=0xffff => {
                self.out.push(major | 25);
                self.out.extend_from_slice(&wide[6..]);
            }
            0x1_0000..=0xffff_ffff => {
                self.out.push(major | 26);
                self.out.extend_from_slice(&wide[4..]);
            }
            _ => {
                self.out.push(major | 27);
                self.out.extend_from_slice(&wide);
            }
        }
        self
    }

    pub(crate) fn uint(&mut self, value: u64) -> &mut Self {
        self.head(UINT, value)
    }

    pub(crate) fn int(&mut self, value: i64) -> &mut Self {
        if value < 0 {
            self.head(NINT, !(value as u64))
        } else {
            self.head(UINT, value as u64)
        }
    }

    pub(crate) fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.head(BYTES, value.len() as u64).raw(value)
    }

    pub(crate) fn text(&mut self, value: &str) -> &mut Self {
        self.head(TEXT, value.len() as u64).raw(value.as_bytes())
    }

    pub(crate) fn array(&mut self, items: usize) -> &mut Self {
        self.head(ARRAY, items as u64)
    }

    pub(crate) fn map(&mut self, entries: usize) -> &mut Self {
        self.head(MAP, entries as u64)
    }

    pub(crate) fn boolean(&mut self, value: bool) -> &mut Self {
        self.head(SIMPLE, if value { 21 } else { 20 })
    }

    pub(crate) fn null(&mut self) -> &mut Self {
        self.head(SIMPLE, 22)
    }

    /// A float in the shortest of the three widths that keeps its value; the half-width quiet NaN for any NaN.
    pub(crate) fn float(&mut self, value: f64) -> &mut Self {
        if value.is_nan() {
            return self.raw(&[0xf9, 0x7e, 0x00]);
        }
        let single = value as f32;
        if f64::from(single).to_bits() != value.to_bits() {
            return self.raw(&[0xfb]).raw(&value.to_be_bytes());
        }
        match half_of(single) {
            Some(half) => self.raw(&[0xf9]).raw(&half.to_be_bytes()),
            None => self.raw(&[0xfa]).raw(&single.to_be_bytes()),
        }
    }
}

/// The half-precision bits of a value, when it has some exactly.
fn half_of(value: f32) -> Option<u16> {
    let sign = if value.is_sign_negative() { 0x8000 } else { 0 };
    if value.is_infinite() {
        return Some(sign | 0x7c00);
    }
    let magnitude = f64::from(value.abs());
    // The exponent is found by search over 31 candidates: floats are discouraged in this format, so clarity wins.
    (0u16..31).find_map(|exponent| {
        let (scale, implicit) = if exponent == 0 {
            (2f64.powi(-24), 0.0)
        } else {
            (2f64.powi(i32::from(exponent) - 25), 1024.0)
        };
        let mantissa = magnitude / scale - implicit;
        (mantissa.fract() == 0.0 && (0.0..1024.0).contains(&mantissa))
            .then_some(sign | (exponent << 10) | mantissa as u16)
    })
}

fn float_of_half(bits: u16) -> f64 {
    let exponent = (bits >> 10) & 31;
    let mantissa = f64::from(bits & 1023);
    let magnitude = match exponent {
        0 => mantissa * 2f64.powi(-24),
        31 if mantissa == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (mantissa + 1024.0) * 2f64.powi(i32::from(exponent) - 25),
    };
    if bits & 0x8000 == 0 {
        magnitude
    } else {
        -magnitude
    }
}

/// Reads deterministic CBOR and nothing else.
#[derive(Clone)]
pub(crate) struct Reader<'a> {
    input: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(input: &'a [u8]) -> Self {
        Self { input }
    }

    /// Ends the reading: nothing may be left.
    pub(crate) fn finish(self) -> Result<(), CborError> {
        if self.input.is_empty() {
            Ok(())
        } else {
            Err(CborError::Trailing)
        }
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.input
    }

    pub(crate) fn major(&self) -> Result<u8, CborError> {
        self.input
            .first()
            .map(|byte| byte >> 5)
            .ok_or(CborError::Truncated)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], CborError> {
        let (taken, rest) = self
            .input
            .split_at_checked(count)
            .ok_or(CborError::Truncated)?;
        self.input = rest;
        Ok(taken)
    }

    /// The head of the next item. Floats come as major 7 with their raw bits and are told apart by `info`.
    pub(crate) fn head(&mut self) -> Result<Head, CborError> {
        let first = self.take(1)?[0];
        let (major, info) = (first >> 5, first & 31);
        let width = match info {
            0..=23 => {
                return Ok(Head {
                    major,
                    info,
                    argument: u64::from(info),
                });
            }
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            31 => return Err(CborError::Indefinite),
            _ => return Err(CborError::Reserved),
        };
        let argument = self
            .take(width)?
            .iter()
            .fold(0u64, |n, byte| (n << 8) | u64::from(*byte));
        let shortest = match (major, info) {
            // Simple values below 32 must not use two bytes; floats are checked where they are read.
            (SIMPLE, 24) => argument >= 32,
            (SIMPLE, _) => true,
            (_, 24) => argument >= 24,
            (_, 25) => argument > 0xff,
            (_, 26) => argument > 0xffff,
            _ => argument > 0xffff_ffff,
        };
        if shortest {
            Ok(Head {
                major,
                info,
                argument,
            })
        } else {
            Err(CborError::NotShortest)
        }
    }

    fn expect(&mut self, major: u8, what: &'static str) -> Result<u64, CborError> {
        if self.major()? != major {
            return Err(CborError::Expected(what));
        }
        Ok(self.head()?.argument)
    }

    pub(crate) fn uint(&mut self) -> Result<u64, CborError> {
        self.expect(UINT, "an unsigned integer")
    }

    /// An unsigned integer that fits the narrower type the format names.
    pub(crate) fn uint_as<T: TryFrom<u64>>(&mut self, what: &'static str) -> Result<T, CborError> {
        T::try_from(self.uint()?).map_err(|_| CborError::Expected(what))
    }

    pub(crate) fn int(&mut self) -> Result<i64, CborError> {
        let head = self.head()?;
        let magnitude =
            i64::try_from(head.argument).map_err(|_| CborError::Expected("a 64-bit integer"))?;
        match head.major {
            UINT => Ok(magnitude),
            NINT => Ok(-1 - magnitude),
            _ => Err(CborError::Expected("an integer")),
        }
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], CborError> {
        let length = self.expect(BYTES, "a byte string")?;
        self.take(usize::try_from(length).map_err(|_| CborError::TooLong)?)
    }

    pub(crate) fn byte_array<const N: usize>(
        &mut self,
        what: &'static str,
    ) -> Result<[u8; N], CborError> {
        self.bytes()?
            .try_into()
            .map_err(|_| CborError::Expected(what))
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, CborError> {
        let length = self.expect(TEXT, "a text string")?;
        let bytes = self.take(usize::try_from(length).map_err(|_| CborError::TooLong)?)?;
        std::str::from_utf8(bytes).map_err(|_| CborError::Utf8)
    }

    /// The number of items of an array; never more than the bytes left, as each item needs one.
    pub(crate) fn array(&mut self) -> Result<usize, CborError> {
        let items = self.expect(ARRAY, "an array")?;
        self.fitting(items, 1)
    }

    pub(crate) fn array_of(&mut self, items: usize, what: &'static str) -> Result<(), CborError> {
        if self.array()? == items {
            Ok(())
        } else {
            Err(CborError::Expected(what))
        }
    }

    pub(crate) fn map(&mut self) -> Result<usize, CborError> {
        let entries = self.expect(MAP, "a map")?;
        self.fitting(entries, 2)
    }

    pub(crate) fn fitting(&self, count: u64, bytes_each: usize) -> Result<usize, CborError> {
        usize::try_from(count)
            .ok()
            .filter(|count| *count <= self.input.len() / bytes_each)
            .ok_or(CborError::TooLong)
    }

    pub(crate) fn boolean(&mut self) -> Result<bool, CborError> {
        match self.take(1)? {
            [0xf4] => Ok(false),
            [0xf5] => Ok(true),
            _ => Err(CborError::Expected("true or false")),
        }
    }

    /// Null, or what `read` reads.
    pub(crate) fn nullable<T, E: From<CborError>>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<Option<T>, E> {
        if self.input.first() == Some(&0xf6) {
            self.input = &self.input[1..];
            Ok(None)
        } else {
            read(self).map(Some)
        }
    }
}

/// The head of one item.
pub(crate) struct Head {
    pub(crate) major: u8,
    pub(crate) info: u8,
    pub(crate) argument: u64,
}

impl Head {
    /// The value of a float head, when it is in its shortest form.
    pub(crate) fn float(&self) -> Result<f64, CborError> {
        let value = match self.info {
            25 => float_of_half(self.argument as u16),
            26 => f64::from(f32::from_bits(self.argument as u32)),
            _ => f64::from_bits(self.argument),
        };
        let mut written = Writer::new();
        let width = 1 + (1usize << (self.info - 24));
        written.float(value);
        let out = written.finish();
        let same = out.len() == width
            && out[1..]
                .iter()
                .fold(0u64, |n, byte| (n << 8) | u64::from(*byte))
                == self.argument;
        if same {
            Ok(value)
        } else {
            Err(CborError::NotShortest)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn heads_are_what_another_encoder_writes() {
        for value in [
            0,
            23,
            24,
            255,
            256,
            65_535,
            65_536,
            4_294_967_295,
            4_294_967_296,
            i64::MAX,
        ] {
            for value in [value, -value, -value - 1] {
                let mut ours = Writer::new();
                ours.int(value);
                let mut theirs = minicbor::Encoder::new(Vec::new());
                theirs.i64(value).unwrap();
                let bytes = ours.finish();
                assert_eq!(bytes, theirs.into_writer());
                assert_eq!(Reader::new(&bytes).int(), Ok(value));
            }
        }
    }

    #[test]
    fn forms_that_are_not_deterministic_are_refused() {
        assert_eq!(
            Reader::new(&[0x18, 0x17]).uint(),
            Err(CborError::NotShortest)
        );
        assert_eq!(
            Reader::new(&[0x19, 0, 0xff]).uint(),
            Err(CborError::NotShortest)
        );
        assert_eq!(
            Reader::new(&[0x58, 1, 9]).bytes(),
            Err(CborError::NotShortest)
        );
        assert_eq!(
            Reader::new(&[0x5f, 0x41, 9, 0xff]).bytes(),
            Err(CborError::Indefinite)
        );
        assert_eq!(
            Reader::new(&[0x9f, 0xff]).array(),
            Err(CborError::Indefinite)
        );
        assert_eq!(Reader::new(&[0x1c]).uint(), Err(CborError::Reserved));
        assert_eq!(Reader::new(&[0x61, 0xff]).text(), Err(CborError::Utf8));
    }

    #[test]
    fn a_count_beyond_the_input_allocates_nothing() {
        assert_eq!(
            Reader::new(&[0x9b, 0xff, 0, 0, 0, 0, 0, 0, 0]).array(),
            Err(CborError::TooLong)
        );
        assert_eq!(
            Reader::new(&[0x5a, 0x7f, 0, 0, 0]).bytes(),
            Err(CborError::Truncated)
        );
    }

    #[test]
    fn floats_take_the_shortest_width_that_keeps_them() {
        for (value, bytes) in [
            (0.0, vec![0xf9, 0, 0]),
            (-0.0, vec![0xf9, 0x80, 0]),
            (1.5, vec![0xf9, 0x3e, 0]),
            (65_504.0, vec![0xf9, 0x7b, 0xff]),
            (5.960_464_477_539_063e-8, vec![0xf9, 0, 1]),
            (100_000.0, vec![0xfa, 0x47, 0xc3, 0x50, 0]),
            (
                1.1,
                vec![0xfb, 0x3f, 0xf1, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a],
            ),
            (f64::INFINITY, vec![0xf9, 0x7c, 0]),
            (f64::NEG_INFINITY, vec![0xf9, 0xfc, 0]),
            (f64::NAN, vec![0xf9, 0x7e, 0]),
        ] {
            let mut writer = Writer::new();
            writer.float(value);
            assert_eq!(writer.finish(), bytes, "{value}");
            let read = Reader::new(&bytes).head().unwrap().float().unwrap();
            assert!(read == value || (read.is_nan() && value.is_nan()));
        }
        let wide = [0xfa, 0x3f, 0xc0, 0, 0];
        assert_eq!(
            Reader::new(&wide).head().unwrap().float(),
            Err(CborError::NotShortest)
        );
    }
}
