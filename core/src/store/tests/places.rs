use super::super::FileSystem;
use super::*;

#[test]
fn a_network_file_system_is_refused_before_anything_is_made() {
    let (_dir, home) = folder();
    let on_nfs = StoreOptions {
        file_system: Some(FileSystem::Shared("NFS")),
        ..impatient()
    };
    let refusal = StoreError::NetworkFileSystem { kind: "NFS" };
    assert_eq!(
        Store::create(&home, &key(), on_nfs.clone()).unwrap_err(),
        refusal
    );
    assert_eq!(snapshot(&home), []);
    drop(Store::create(&home, &key(), impatient()).unwrap());
    let before = snapshot(&home);
    assert_eq!(Store::open(&home, &key(), on_nfs).unwrap_err(), refusal);
    assert_eq!(snapshot(&home), before);
}

#[cfg(target_os = "linux")]
#[test]
fn file_systems_are_known_by_their_numbers() {
    use super::super::place::linux::{by_magic, fuse_by_mounts};
    assert_eq!(by_magic(0x6969), FileSystem::Shared("NFS"));
    assert_eq!(by_magic(0xff53_4d42), FileSystem::Shared("SMB"));
    assert_eq!(by_magic(0xef53), FileSystem::Local, "ext4");
    assert_eq!(by_magic(0x0102_1994), FileSystem::Local, "tmpfs");
    let mounts = "36 35 98:0 / /home rw shared:1 - ext4 /dev/root rw\n\
                  40 35 0:48 / /mnt/a rw,nosuid shared:2 - fuse.sshfs host: rw\n\
                  41 35 0:49 / /mnt/b rw,nosuid - fuse.gocryptfs /secret rw\n";
    assert_eq!(fuse_by_mounts(mounts, 0, 48), FileSystem::Shared("FUSE"));
    assert_eq!(fuse_by_mounts(mounts, 0, 49), FileSystem::Local);
    assert_eq!(
        fuse_by_mounts(mounts, 0, 50),
        FileSystem::Shared("FUSE"),
        "unknown is not taken for local"
    );
}
