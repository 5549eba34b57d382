//! Where a store may lie: on a file system of this machine, where file locks and memory maps hold.

use std::path::Path;

use super::StoreError;

/// Whose a file system is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileSystem {
    /// This machine's alone.
    Local,
    /// Another machine may open the same files. Holds the kind's name.
    Shared(&'static str),
}

/// Refuses a folder on a network or shared file system. `told` overrides what the operating system says.
pub(super) fn refuse_network(dir: &Path, told: Option<FileSystem>) -> Result<(), StoreError> {
    let found = match told {
        Some(told) => told,
        None => ask(dir).map_err(StoreError::io("asking what file system the store is on"))?,
    };
    match found {
        FileSystem::Local => Ok(()),
        FileSystem::Shared(kind) => Err(StoreError::NetworkFileSystem { kind }),
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn ask(dir: &Path) -> std::io::Result<FileSystem> {
    linux::ask(dir)
}

#[cfg(target_vendor = "apple")]
fn ask(dir: &Path) -> std::io::Result<FileSystem> {
    let stat = rustix::fs::statfs(dir)?;
    let name: Vec<u8> = stat
        .f_fstypename
        .iter()
        .take_while(|c| **c != 0)
        .map(|c| *c as u8)
        .collect();
    Ok(match name.as_slice() {
        b"nfs" => FileSystem::Shared("NFS"),
        b"smbfs" | b"cifs" => FileSystem::Shared("SMB"),
        b"afpfs" => FileSystem::Shared("AFP"),
        b"webdav" => FileSystem::Shared("WebDAV"),
        b"macfuse" | b"osxfuse" | b"fuse-t" => FileSystem::Shared("FUSE"),
        _ => FileSystem::Local,
    })
}

#[cfg(windows)]
fn ask(dir: &Path) -> std::io::Result<FileSystem> {
    use std::path::{Component, Prefix};
    // A mapped drive resolves to its share, so the real path tells both.
    let real = std::fs::canonicalize(dir)?;
    Ok(match real.components().next() {
        Some(Component::Prefix(prefix))
            if matches!(prefix.kind(), Prefix::UNC(..) | Prefix::VerbatimUNC(..)) =>
        {
            FileSystem::Shared("SMB")
        }
        _ => FileSystem::Local,
    })
}

#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    windows
)))]
fn ask(_: &Path) -> std::io::Result<FileSystem> {
    Ok(FileSystem::Local)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) mod linux {
    //! By the magic number of statfs(2); for FUSE, which has one number for everything, by the name in
    //! `/proc/self/mountinfo`.

    use std::os::unix::fs::MetadataExt as _;
    use std::path::Path;

    use super::FileSystem;

    const FUSE: u32 = 0x6573_5546;

    pub(super) fn ask(dir: &Path) -> std::io::Result<FileSystem> {
        // The number has 32 bits; the field's width and sign are the platform's.
        let magic = rustix::fs::statfs(dir)?.f_type as u32;
        if magic != FUSE {
            return Ok(by_magic(magic));
        }
        let device = std::fs::metadata(dir)?.dev();
        let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        Ok(fuse_by_mounts(
            &mounts,
            rustix::fs::major(device),
            rustix::fs::minor(device),
        ))
    }

    pub(in super::super) fn by_magic(magic: u32) -> FileSystem {
        let kind = match magic {
            0x6969 => "NFS",
            0x517b | 0xfe53_4d42 | 0xff53_4d42 => "SMB",
            0x5346_414f | 0x6b41_4653 => "AFS",
            0x7375_7245 => "Coda",
            0x564c => "NCP",
            0x00c3_6400 => "Ceph",
            0x0102_1997 => "9P",
            0x0bd0_0bd0 => "Lustre",
            0x4750_4653 => "GPFS",
            0x7461_636f => "OCFS2",
            0x0116_1970 => "GFS2",
            0x1983_0326 => "BeeGFS",
            0x786f_4256 => "VirtualBox folder",
            0xbacb_acbc => "VMware folder",
            _ => return FileSystem::Local,
        };
        FileSystem::Shared(kind)
    }

    /// FUSE file systems known to be this machine's own; every other one is taken for shared.
    const LOCAL_FUSE: [&str; 8] = [
        "fuseblk",
        "fuse.gocryptfs",
        "fuse.encfs",
        "fuse.cryfs",
        "fuse.securefs",
        "fuse.fuse-overlayfs",
        "fuse.ext4",
        "fuse.bindfs",
    ];

    pub(in super::super) fn fuse_by_mounts(mounts: &str, major: u32, minor: u32) -> FileSystem {
        let device = format!("{major}:{minor}");
        // proc(5): `id parent major:minor root mountpoint options [optional fields] - type source super-options`.
        let kind = mounts.lines().find_map(|line| {
            let (left, right) = line.split_once(" - ")?;
            (left.split(' ').nth(2)? == device).then(|| right.split(' ').next())?
        });
        match kind {
            Some(kind) if LOCAL_FUSE.contains(&kind) => FileSystem::Local,
            _ => FileSystem::Shared("FUSE"),
        }
    }
}
