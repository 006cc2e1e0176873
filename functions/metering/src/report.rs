//! The answers of the analytics API.
