//! `build`: the Lambda packages.
//!
//! Invariant: no package leaves here that `provided.al2023` could not start.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use contract::Function;

use crate::cli::{Arch, Build};
use crate::elf::{Glibc, empty_unwind_tables, newest_glibc};
use crate::package::{Compression, Package, Packed};
use crate::process::Say;
use crate::{Failure, Printer, exec, file, process, workspace};

/// The glibc of Amazon Linux 2023, on which `provided.al2023` runs.
const LAMBDA_GLIBC: Glibc = Glibc(2, 34);
/// Pinned, and without its dependency on zig (100 MB), which a host build does not need.
const CARGO_LAMBDA: [&str; 2] = ["--no-deps", "cargo-lambda==1.9.2"];

/// Builds every function's package and prints where each is.
///
/// # Errors
/// When a tool is missing, the code does not compile, or a binary needs a newer glibc than Lambda has.
pub fn run(args: &Build, printer: &Printer) -> Result<()> {
    let say = |line: &str| printer.say(line);
    let packages = if args.local { for_this_machine(&say)? } else { for_lambda(args.arch, &say)? };
    for package in packages {
        printer.data(format!("{}  {}", package.zip.display(), package.key()));
    }
    Ok(())
}

/// Packages for AWS, through cargo-lambda.
///
/// # Errors
/// As [`run`].
pub fn for_lambda(arch: Arch, say: Say<'_>) -> Result<Vec<Package>> {
    compile_for_lambda(arch, say)?;
    pack(Compression::Smallest, built_for_lambda, say, check_glibc)
}

/// What goes into those packages, each where [`built_for_lambda`] says.
///
/// # Errors
/// When a tool is missing or the code does not compile.
pub fn compile_for_lambda(arch: Arch, say: Say<'_>) -> Result<()> {
    if let Some(missing) = missing(arch)?.pop() {
        return Err(missing.into());
    }
    let mut build = cargo_lambda(say)?;
    build.args(["lambda", "build", "--release", "--compiler", "cargo", "--package", "functions"]);
    build.arg(match arch {
        Arch::X86_64 => "--x86-64",
        Arch::Arm64 => "--arm64",
    });
    process::run(build.current_dir(workspace::root()), say)?;
    Function::ALL.iter().try_for_each(|function| thin(&built_for_lambda(*function)))
}

/// Leaves out what functions do not need, as they abort where they panic: a twelfth of a package.
fn thin(binary: &Path) -> Result<()> {
    let named = || binary.display().to_string();
    let permissions = std::fs::metadata(binary).with_context(named)?.permissions();
    let mut elf = std::fs::read(binary).with_context(named)?;
    empty_unwind_tables(&mut elf).with_context(named)?;
    file::write_whole(binary, &elf)?;
    std::fs::set_permissions(binary, permissions).with_context(named)
}

/// Packages of development builds, for a target that runs them on this machine.
///
/// # Errors
/// When the code does not compile or a package cannot be written.
pub fn for_this_machine(say: Say<'_>) -> Result<Vec<Package>> {
    let mut build = exec::cargo();
    // The whole workspace for the reason that `exec` has.
    build.args(["build", "--workspace"]).current_dir(workspace::root());
    for function in Function::ALL {
        build.args(["--bin", function.binary()]);
    }
    process::run(&mut build, say)?;
    pack(Compression::Stored, built_for_this_machine, say, |_| Ok(()))
}

/// Where the last build for AWS left a function.
pub fn built_for_lambda(function: Function) -> PathBuf {
    workspace::target().join("lambda").join(function.binary()).join("bootstrap")
}

/// Where the last build for this machine left a function.
pub fn built_for_this_machine(function: Function) -> PathBuf {
    workspace::target().join("debug").join(function.binary())
}

fn pack(
    compression: Compression,
    binary: impl Fn(Function) -> PathBuf,
    say: Say<'_>,
    check: impl Fn(&Path) -> Result<()>,
) -> Result<Vec<Package>> {
    let mut packages = Vec::new();
    for function in Function::ALL {
        let binary = binary(function);
        check(&binary)?;
        let (package, packed) = Package::pack(function, &binary, compression)?;
        let bytes = std::fs::metadata(&package.zip).map_or(0, |zip| zip.len());
        let done = match packed {
            Packed::Now => "packed",
            Packed::Before => "unchanged:",
        };
        say(&format!("{done} {} ({:.1} MB, {})", function.binary(), bytes as f64 / 1e6, &package.sha256[..12]));
        packages.push(package);
    }
    Ok(packages)
}

fn check_glibc(binary: &Path) -> Result<()> {
    let elf = std::fs::read(binary).with_context(|| binary.display().to_string())?;
    let newest = newest_glibc(&elf).with_context(|| binary.display().to_string())?;
    fits_lambda(newest).with_context(|| binary.display().to_string())
}

fn fits_lambda(newest: Option<Glibc>) -> Result<()> {
    match newest {
        Some(newest) if newest > LAMBDA_GLIBC => Err(Failure::new(format!(
            "needs glibc {newest}, but provided.al2023 has {LAMBDA_GLIBC}: the function would not start"
        ))
        .hint("build on a system with an older glibc (Debian 12, Amazon Linux 2023)")
        .into()),
        _ => Ok(()),
    }
}

/// What this machine lacks to build for Lambda, found before minutes go into it.
///
/// # Errors
/// When the compiler cannot be started.
pub fn missing(arch: Arch) -> Result<Vec<Failure>> {
    let (triple, linker) = match arch {
        Arch::X86_64 => ("x86_64-unknown-linux-gnu", "x86_64-linux-gnu-gcc"),
        Arch::Arm64 => ("aarch64-unknown-linux-gnu", "aarch64-linux-gnu-gcc"),
    };
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output().context("cannot start `rustc`")?;
    let sysroot = PathBuf::from(String::from_utf8_lossy(&sysroot.stdout).trim());
    let mut missing = Vec::new();
    let mut failure = Failure::new(format!("cannot build for {triple} on this machine"));
    if !sysroot.join("lib/rustlib").join(triple).join("lib").exists() {
        failure = failure.hint(format!("the standard library is missing: rustup target add {triple}"));
    }
    let host = triple.starts_with(std::env::consts::ARCH);
    if !host && !process::succeeds(Command::new(linker).arg("--version")) {
        let variable = format!("CARGO_TARGET_{}_LINKER", triple.to_uppercase().replace('-', "_"));
        let package = linker.strip_suffix("-gcc").unwrap_or(linker);
        failure =
            failure.hint(format!("the linker is missing: apt-get install gcc-{package}, and set {variable}={linker}"));
    }
    if !failure.hints().is_empty() {
        missing.push(failure);
    }
    // Without cargo-lambda on the `PATH` it is installed with pip.
    let python = ["-c", "import sys, venv; sys.exit(sys.version_info < (3, 9))"];
    if !has_cargo_lambda() && !process::succeeds(Command::new("python3").args(python)) {
        missing.push(
            Failure::new("there is neither cargo-lambda nor Python 3.9 to install it with")
                .hint("cargo install cargo-lambda, or apt-get install python3 python3-venv"),
        );
    }
    Ok(missing)
}

fn has_cargo_lambda() -> bool {
    process::succeeds(Command::new("cargo-lambda").args(["lambda", "--version"]))
}

/// `cargo`, with `cargo lambda` where cargo finds it.
fn cargo_lambda(say: Say<'_>) -> Result<Command> {
    let mut cargo = exec::cargo();
    if !has_cargo_lambda() {
        let venv = workspace::target().join("venv-cargo-lambda");
        process::pinned_venv(&venv, &CARGO_LAMBDA, "cargo-lambda", say)?;
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(venv.join("bin")).chain(std::env::split_paths(&path));
        cargo.env("PATH", std::env::join_paths(folders)?);
    }
    Ok(cargo)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binary_for_a_newer_glibc_is_refused() {
        assert!(fits_lambda(Some(Glibc(2, 34))).is_ok());
        assert!(fits_lambda(None).is_ok());
        let error = fits_lambda(Some(Glibc(2, 36))).unwrap_err().to_string();
        assert!(error.contains("2.36") && error.contains("2.34"), "{error}");
    }
}
