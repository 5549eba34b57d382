//! Random choices that can be made again.

/// A generator whose seed is printed, so that a failing run can be repeated with `SOTTO_TEST_SEED`.
#[derive(Debug)]
pub struct Seed(u64);

impl Seed {
    /// From the environment, else from the clock; printed either way.
    #[must_use]
    #[allow(clippy::print_stdout)] // shown by the test runner where the test fails
    pub fn printed(test: &str) -> Self {
        let given = std::env::var("SOTTO_TEST_SEED")
            .ok()
            .and_then(|text| text.parse().ok());
        let seed = given.unwrap_or_else(|| {
            let now = std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap();
            u64::from(now.subsec_nanos()) ^ now.as_secs().rotate_left(32)
        });
        println!("{test}: SOTTO_TEST_SEED={seed}");
        Self(seed)
    }

    /// The next number below `bound` (SplitMix64).
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    /// So many random bytes.
    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len)
            .map(|_| u8::try_from(self.below(256)).unwrap())
            .collect()
    }
}
