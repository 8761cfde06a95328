//! Vectors of others: RFC 6962's reference tree, the note of the specification's Go package, SM2.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::Bytes;
use signed_note::{StandardVerifier, VerifierList};

use super::support::{World, entries, verifier};
use crate::log::Edge;
use crate::{Hash, Note, VerifierKey};

fn hex(hash: &Hash) -> String {
    hash.0.iter().map(|b| format!("{b:02x}")).collect()
}

#[test]
fn reference_tree_of_certificate_transparency() {
    let leaves: [&[u8]; 8] = [
        &[],
        &[0],
        &[0x10],
        &[0x20, 0x21],
        &[0x30, 0x31],
        &[0x40, 0x41, 0x42, 0x43],
        &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
        &[
            0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d,
            0x6e, 0x6f,
        ],
    ];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let mut edge = Edge::default();
    assert_eq!(hex(&edge.head().root), empty);
    for (leaf, root) in leaves.into_iter().zip(roots) {
        edge.extend(&[Bytes::from_static(leaf)]).unwrap();
        assert_eq!(hex(&edge.head().root), root);
    }
}

const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\
    \n\
    — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

#[test]
fn a_note_of_the_go_package() {
    let key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let key: VerifierKey = key.parse().unwrap();
    let note = Note::parse(NOTE.as_bytes()).unwrap();
    assert_eq!(note.verified(std::slice::from_ref(&key)).unwrap().len(), 1);
    let changed = Note {
        text: note.text.replace("answer", "question"),
        ..note
    };
    assert!(changed.verified(&[key]).is_err());
}

#[tokio::test]
async fn another_implementation_accepts_our_checkpoint() {
    let (world, _log) = World::filled(1000).await;
    let text = world.disk().published.clone().unwrap();
    let theirs = signed_note::Note::from_bytes(text.as_bytes()).unwrap();
    let key = StandardVerifier::new(&verifier(1).to_string()).unwrap();
    let (verified, rest) = theirs
        .verify(&VerifierList::new(vec![Box::new(key)]))
        .unwrap();
    assert_eq!((verified.len(), rest.len()), (1, 0));
    let checkpoint = tlog_tiles::Checkpoint::from_bytes(theirs.text()).unwrap();
    assert_eq!(checkpoint.size(), 1000);
    let tree = entries(0..1000)
        .iter()
        .fold(Edge::default(), |mut edge, entry| {
            edge.extend(std::slice::from_ref(entry)).unwrap();
            edge
        });
    assert_eq!(checkpoint.hash().0, tree.head().root.0);
}

/// Signed by OpenSSL 3.0 over `message digest` with a key of its own and the identifier
/// 1234567812345678.
#[test]
fn sm2_signature_made_by_openssl() {
    let point = BASE64_STANDARD.encode(SM2_POINT);
    let data = [&[0xff], crate::note::SM2_TYPE, &SM2_POINT].concat();
    assert_eq!(point.len(), 88);
    let key = sm2::dsa::VerifyingKey::from_sec1_bytes(crate::note::SM2_DISTID, &SM2_POINT).unwrap();
    let key = VerifierKey::sm2("example.cn/log", key).unwrap();
    assert!(key.to_string().ends_with(&BASE64_STANDARD.encode(data)));
    assert!(key.verify(b"message digest", &SM2_SIGNATURE).is_some());
    assert!(key.verify(b"message digesT", &SM2_SIGNATURE).is_none());
}

const SM2_POINT: [u8; 65] = [
    0x04, 0xdf, 0x3d, 0xc5, 0x43, 0x29, 0x03, 0x08, 0xa5, 0x9f, 0x34, 0xc7, 0x15, 0x52, 0x43, 0x2b,
    0x90, 0xa8, 0xa9, 0x54, 0x97, 0x08, 0x94, 0x7c, 0xd1, 0xf3, 0x98, 0xa7, 0xdd, 0x5a, 0xfa, 0x12,
    0x5a, 0xce, 0xc4, 0x93, 0x67, 0x26, 0xa8, 0xcf, 0xfd, 0x0c, 0x30, 0x49, 0x1c, 0x83, 0xac, 0x7b,
    0xfe, 0x35, 0xba, 0x79, 0x35, 0x24, 0x9c, 0x1b, 0x86, 0xb4, 0xf2, 0xfb, 0xd3, 0x02, 0x42, 0xef,
    0xdb,
];

const SM2_SIGNATURE: [u8; 64] = [
    0x4d, 0x8c, 0x37, 0x8c, 0xea, 0xce, 0x6b, 0x6b, 0x0c, 0x79, 0x6e, 0xd2, 0x3c, 0x65, 0x4f, 0xcc,
    0x68, 0x78, 0x39, 0xb1, 0x7c, 0x3a, 0x37, 0xb8, 0xc3, 0x62, 0x25, 0xa1, 0x6b, 0x84, 0x39, 0xf8,
    0x93, 0xc0, 0xd6, 0x18, 0x85, 0xc8, 0x86, 0xc7, 0x28, 0x0d, 0x30, 0x40, 0x9e, 0x63, 0xe9, 0x94,
    0x1f, 0x00, 0x48, 0x11, 0x47, 0x87, 0x1a, 0x0b, 0x9b, 0xc7, 0xce, 0x5a, 0x75, 0x47, 0x0a, 0x8f,
];
