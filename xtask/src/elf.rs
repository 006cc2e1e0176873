//! The newest glibc that a Linux binary asks for, and the tables in it that nobody reads.
//!
//! Invariant: a file that is no 64-bit little-endian ELF file is an error, never "asks for nothing"; what is emptied is as
//! long as before, so that nothing else moves.

use std::ops::Range;

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
/// Sections that only who unwinds a stack reads. Of zeros, the one is a table that ends at once, and the other of a version
/// that there is not, which is passed over (Linux Standard Base, exception frames).
const UNWIND_TABLES: [&str; 2] = [".eh_frame", ".eh_frame_hdr"];
const CUT_SHORT: &str = "the ELF file is cut short";

/// The highest `GLIBC_x.y` that the binary needs; `None` for a static one.
///
/// # Errors
/// When this is no 64-bit little-endian ELF file, or it is cut short.
pub fn newest_glibc(elf: &[u8]) -> Result<Option<Glibc>> {
    let sections = sections(elf)?;
    let mut newest = None;
    for section in sections.iter().filter(|section| section.kind == VERSIONS_NEEDED) {
        let names = sections.get(section.names).context("the ELF file has no names of its versions")?;
        newest = newest.max(newest_in(elf, section.bytes.start, names.bytes.start)?);
    }
    Ok(newest)
}

/// Empties the tables by which a stack is unwound: for a program that aborts where it panics. Says how many bytes they had:
/// none where sections have no names.
///
/// # Errors
/// When this is no 64-bit little-endian ELF file, or it is cut short.
pub fn empty_unwind_tables(elf: &mut [u8]) -> Result<usize> {
    let sections = sections(elf)?;
    let Some(names) = sections.get(usize::from(u16_at(elf, 0x3e)?)) else { return Ok(0) };
    let mut n_bytes = 0;
    for section in &sections {
        if UNWIND_TABLES.contains(&text_at(elf, names.bytes.start + section.name)?) {
            elf.get_mut(section.bytes.clone()).context(CUT_SHORT)?.fill(0);
            n_bytes += section.bytes.len();
        }
    }
    Ok(n_bytes)
}

struct Section {
    /// Where its name is in the section of names.
    name: usize,
    kind: u32,
    bytes: Range<usize>,
    /// The section that has the names of what is in this one.
    names: usize,
}

fn sections(elf: &[u8]) -> Result<Vec<Section>> {
    ensure!(elf.starts_with(b"\x7fELF\x02\x01"), "no 64-bit little-endian ELF file");
    let (table, size, count) = (u64_at(elf, 0x28)?, usize::from(u16_at(elf, 0x3a)?), usize::from(u16_at(elf, 0x3c)?));
    let section = |header: usize| {
        let from = u64_at(elf, header + 0x18)?;
        Ok(Section {
            name: u32_at(elf, header)? as usize,
            kind: u32_at(elf, header + 4)?,
            bytes: from..from.saturating_add(u64_at(elf, header + 0x20)?),
            names: u32_at(elf, header + 0x28)? as usize,
        })
    };
    (0..count).map(|index| section(table.saturating_add(index * size))).collect()
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
    let bytes = elf.get(at..at.saturating_add(N)).context(CUT_SHORT)?;
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
    let rest = elf.get(at..).context(CUT_SHORT)?;
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
    fn a_program_runs_without_the_tables() {
        let program = std::env::current_exe().unwrap();
        let mut elf = std::fs::read(&program).unwrap();
        let n_bytes = elf.len();
        assert!(empty_unwind_tables(&mut elf).unwrap() > 10_000);
        assert_eq!(elf.len(), n_bytes);
        let without = program.with_file_name(format!("without-tables-{}", std::process::id()));
        std::fs::copy(&program, &without).unwrap();
        std::fs::write(&without, &elf).unwrap();
        let listed = std::process::Command::new(&without).arg("--list").output().unwrap();
        std::fs::remove_file(&without).unwrap();
        assert!(listed.status.success());
        assert!(String::from_utf8(listed.stdout).unwrap().contains("a_program_runs_without_the_tables"));
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
        assert!(empty_unwind_tables(&mut elf[..100].to_vec()).is_err());
    }
}
