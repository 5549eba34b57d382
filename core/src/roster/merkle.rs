//! A Merkle tree as in RFC 6962 §2.1: leaves and nodes are hashed under different first bytes.

use minicbor::{Decode, Encode};

use crate::base::Digest;
use crate::base::digest::sha256_parts;

/// Hash of one leaf.
#[must_use]
pub fn leaf(data: &[u8]) -> Digest {
    sha256_parts(&[&[0], data])
}

fn node(left: &Digest, right: &Digest) -> Digest {
    sha256_parts(&[&[1], left.as_bytes(), right.as_bytes()])
}

/// The largest power of two below `n`, for `n` above one.
const fn split(n: usize) -> usize {
    let mut half = 1;
    while half * 2 < n {
        half *= 2;
    }
    half
}

/// Root over leaf hashes; [`Digest::ZERO`] over none.
#[must_use]
pub fn root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => Digest::ZERO,
        [one] => *one,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node(&root(left), &root(right))
        }
    }
}

/// That a leaf is the `index`-th of `count` under a root.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Proof {
    /// Place of the leaf.
    #[n(0)]
    pub index: u32,
    /// Number of leaves.
    #[n(1)]
    pub count: u32,
    /// Sibling hashes, from the root down.
    #[n(2)]
    pub path: Vec<Digest>,
}

impl Proof {
    /// Proof for the leaf at `index`; `None` where there is none.
    #[must_use]
    pub fn make(leaves: &[Digest], index: usize) -> Option<Self> {
        let (mut rest, mut at) = (leaves, index);
        let mut path = Vec::new();
        while rest.len() > 1 {
            let (left, right) = rest.split_at(split(rest.len()));
            if at < left.len() {
                path.push(root(right));
                rest = left;
            } else {
                path.push(root(left));
                at -= left.len();
                rest = right;
            }
        }
        let found = rest.get(at).is_some();
        found.then_some(Self {
            index: u32::try_from(index).ok()?,
            count: u32::try_from(leaves.len()).ok()?,
            path,
        })
    }
    /// Whether `leaf` is at its place under `root`.
    #[must_use]
    pub fn verify(&self, leaf: &Digest, root: &Digest) -> bool {
        let (Ok(mut at), Ok(mut n)) = (usize::try_from(self.index), usize::try_from(self.count))
        else {
            return false;
        };
        if at >= n {
            return false;
        }
        // Turns from the root down, then hashes from the leaf up.
        let mut turns = Vec::new();
        while n > 1 {
            let half = split(n);
            let right = at >= half;
            turns.push(right);
            (at, n) = if right {
                (at - half, n - half)
            } else {
                (at, half)
            };
        }
        if turns.len() != self.path.len() {
            return false;
        }
        let up = turns.iter().zip(&self.path).rev();
        up.fold(*leaf, |hash, (right, sibling)| {
            if *right {
                node(sibling, &hash)
            } else {
                node(&hash, sibling)
            }
        }) == *root
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_leaf_is_proven_at_its_own_place_only() {
        for count in 1..20usize {
            let leaves: Vec<Digest> = (0..count)
                .map(|i| leaf(&[u8::try_from(i).unwrap()]))
                .collect();
            let top = root(&leaves);
            for (i, own) in leaves.iter().enumerate() {
                let proof = Proof::make(&leaves, i).unwrap();
                for (j, other) in leaves.iter().enumerate() {
                    assert_eq!(proof.verify(other, &top), own == other, "{count} {i} {j}");
                }
                let mut moved = proof.clone();
                moved.index = (proof.index + 1) % u32::try_from(count).unwrap();
                assert!(count == 1 || !moved.verify(own, &top));
            }
            assert_eq!(Proof::make(&leaves, count), None);
        }
    }
}
