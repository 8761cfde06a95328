//! Files by signed address, through their public door.

use super::*;

#[test]
fn ranges_are_read_as_rfc_9110_says() {
    assert_eq!(range("bytes=0-3", 10), Asked::Part(0, 4));
    assert_eq!(range("bytes=4-", 10), Asked::Part(4, 10));
    assert_eq!(range("bytes=-3", 10), Asked::Part(7, 10));
    assert_eq!(range("bytes=-30", 10), Asked::Part(0, 10));
    assert_eq!(range("bytes=8-100", 10), Asked::Part(8, 10));
    assert_eq!(range("bytes=10-", 10), Asked::Nowhere);
    assert_eq!(range("bytes=-0", 10), Asked::Nowhere);
    assert_eq!(range("bytes=0-", 0), Asked::Nowhere);
    for whole in ["bytes=0-1,3-4", "bytes=5-3", "lines=1-2", "bytes=x-y", ""] {
        assert_eq!(range(whole, 10), Asked::Whole, "{whole}");
    }
}
