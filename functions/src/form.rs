//! A form, as requests of some services of AWS are written.
//!
//! Invariant: a value stays one value, whatever is in it.

/// The fields of a form.
pub(crate) fn encoded(fields: &[(&str, &str)]) -> String {
    fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect::<Vec<_>>().join("&")
}

/// A value, with every byte escaped that may mean something in a form (URL Standard, 5.2) or a query (RFC 3986, 2.3).
pub(crate) fn escaped(value: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    value.bytes().map(byte).collect()
}
