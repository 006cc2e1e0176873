//! The newest glibc that a Linux binary asks for.
//!
//! Invariant: a file that is no 64-bit little-endian ELF file is an error, never "asks for nothing".

use anyhow::{Context as _, Result, ensure};

/// A version of glibc, such as 2.34.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Glibc(pub u32, pub u32);

impl std::fmt::Display for Glibc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// Type of the section that lists the versions needed (System V ABI, `SHT_GNU_verneed`).
const VERSIONS_NEEDED: u32 = 0x6fff_fffe;

/// The highest `GLIBC_x.y` that the binary needs; `None` for a static one.
///
/// # Errors
/// When this is no 64-bit little-endian ELF file, or it is cut short.
pub fn newest_glibc(elf: &[u8]) -> Result<Option<Glibc>> {
    ensure!(elf.starts_with(b"\x7fELF\x02\x01"), "no 64-bit little-endian ELF file");
    let table = u64_at(elf, 0x28)?;
    let size = usize::from(u16_at(elf, 0x3a)?);
    let count = usize::from(u16_at(elf, 0x3c)?);
    let section = |index: usize| table + index * size;
    let mut newest = None;
    for index in 0..count {
        let header = section(index);
        if u32_at(elf, header + 4)? != VERSIONS_NEEDED {
            continue;
        }
        let names = u64_at(elf, section(u32_at(elf, header + 0x28)? as usize) + 0x18)?;
        newest = newest.max(newest_in(elf, u64_at(elf, header + 0x18)?, names)?);
    }
    Ok(newest)
}

/// Walks the list of libraries at `library`, and under each the list of its versions.
fn newest_in(elf: &[u8], mut library: usize, names: usize) -> Result<Option<Glibc>> {
    let mut newest = None;
    loop {
        let mut version = library + u32_at(elf, library + 8)? as usize;
        for _ in 0..u16_at(elf, library + 2)? {
            let name = text_at(elf, names + u32_at(elf, version + 8)? as usize)?;
            newest = newest.max(parse(name));
            version += u32_at(elf, version + 12)? as usize;
        }
        match u32_at(elf, library + 12)? as usize {
            0 => return Ok(newest),
            step => library += step,
        }
    }
}

fn parse(name: &str) -> Option<Glibc> {
    let mut numbers = name.strip_prefix("GLIBC_")?.split('.');
    Some(Glibc(numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn bytes_at<const N: usize>(elf: &[u8], at: usize) -> Result<[u8; N]> {
    let bytes = elf.get(at..at.saturating_add(N)).context("the ELF file is cut short")?;
    Ok(bytes.try_into()?)
}

fn u16_at(elf: &[u8], at: usize) -> Result<u16> {
    Ok(u16::from_le_bytes(bytes_at(elf, at)?))
}

fn u32_at(elf: &[u8], at: usize) -> Result<u32> {
    Ok(u32::from_le_bytes(bytes_at(elf, at)?))
}

fn u64_at(elf: &[u8], at: usize) -> Result<usize> {
    Ok(usize::try_from(u64::from_le_bytes(bytes_at(elf, at)?))?)
}

fn text_at(elf: &[u8], at: usize) -> Result<&str> {
    let rest = elf.get(at..).context("the ELF file is cut short")?;
    let text = rest.split(|byte| *byte == 0).next().unwrap_or_default();
    Ok(std::str::from_utf8(text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_very_program_needs_a_glibc_that_exists() {
        let elf = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let newest = newest_glibc(&elf).unwrap().unwrap();
        assert!(newest >= Glibc(2, 2) && newest < Glibc(3, 0), "{newest}");
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(parse("GLIBC_2.9").unwrap() < parse("GLIBC_2.34").unwrap());
        assert_eq!(parse("GLIBC_2.3.4"), Some(Glibc(2, 3)));
        assert_eq!(parse("GCC_3.0"), None);
        assert_eq!(parse("GLIBC_PRIVATE"), None);
    }

    #[test]
    fn what_is_no_elf_file_is_an_error() {
        assert!(newest_glibc(b"#!/bin/sh").is_err());
        let elf = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(newest_glibc(&elf[..100]).is_err());
    }
}
