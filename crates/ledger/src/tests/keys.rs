//! Key files, SM2 lines, signers elsewhere.

use super::support::{ORIGIN, World, entries};
use crate::keys::{CommandSigner, KeyKind, PrivateKey, read_secret};
use crate::{Signer as _, VerifierKey};

#[test]
fn keys_survive_their_file_and_refuse_wider_modes() {
    let folder = tempfile::tempdir().unwrap();
    for kind in [KeyKind::Ed25519, KeyKind::Sm2, KeyKind::Cosigner] {
        let key = PrivateKey::generate(kind, ORIGIN, [0xff; 32]).unwrap();
        let path = folder.path().join(format!("{kind:?}.key"));
        key.save(&path).unwrap();
        assert!(key.save(&path).is_err(), "a key file is never overwritten");
        let read = PrivateKey::load(&path).unwrap();
        assert_eq!((read.kind(), read.verifier()), (kind, key.verifier()));
        let vkey: VerifierKey = key.verifier().to_string().parse().unwrap();
        assert_eq!(vkey, *key.verifier());
        assert!(!format!("{key:?}").contains(&key.secret_text()));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
            let refused = read_secret(&path).unwrap_err().to_string();
            assert!(refused.contains("chmod 600"), "{refused}");
        }
    }
}

#[tokio::test]
async fn sm2_is_a_second_line_that_others_pass_over() {
    let world = World::default();
    let sm2 = PrivateKey::generate(KeyKind::Sm2, ORIGIN, [9; 32]).unwrap();
    let national = sm2.verifier().clone();
    assert!(national.is_sm2());
    let log = world.log_signed_by(vec![super::support::key(1), sm2]);
    log.records().append(0, &entries(0..3)).await.unwrap();
    log.integrate().await.unwrap();
    let note = log.publish().await.unwrap().unwrap();
    assert_eq!(note.signatures.len(), 2);
    assert_eq!(
        note.verified(&[super::support::verifier(1)]).unwrap().len(),
        1
    );
    assert_eq!(
        note.verified(std::slice::from_ref(&national))
            .unwrap()
            .len(),
        1
    );
    let mut changed = note;
    changed.signatures[1].bytes[5] ^= 1;
    assert!(changed.verified(&[national]).is_err());
}

#[tokio::test]
async fn a_signer_elsewhere_must_sign_rightly() {
    let key = PrivateKey::generate(KeyKind::Ed25519, ORIGIN, [4; 32]).unwrap();
    let text = "text\n";
    let signature = key.sign(text.as_bytes()).await.unwrap();
    let octal: String = signature.iter().map(|b| format!("\\{b:03o}")).collect();
    let says = |octal: String| {
        let script = format!("cat > /dev/null; printf '{octal}'");
        CommandSigner::new("sh", &["-c".to_owned(), script], key.verifier().clone())
    };
    assert_eq!(
        says(octal.clone()).line(text).await.unwrap().bytes,
        signature
    );
    assert!(
        says(octal.replacen('\\', "x\\", 1))
            .line(text)
            .await
            .is_err()
    );
    let absent = CommandSigner::new("/nonexistent", &[], key.verifier().clone());
    assert!(absent.line(text).await.is_err());
}

#[test]
fn keys_of_wrong_shape_are_refused() {
    let good = super::support::verifier(1).to_string();
    for bad in [
        good.replacen(ORIGIN, "two words", 1),
        good.replacen(ORIGIN, "other.example", 1),
        good[..good.len() - 4].to_owned(),
        good.to_uppercase(),
        String::new(),
        "a+00000000+".to_owned(),
    ] {
        assert!(bad.parse::<VerifierKey>().is_err(), "{bad}");
    }
    assert!(PrivateKey::generate(KeyKind::Ed25519, "a b", [1; 32]).is_err());
}
