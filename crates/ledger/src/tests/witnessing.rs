//! The witness protocol, both sides.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::support::{ORIGIN, World, entries, key, verifier};
use crate::keys::{KeyKind, PrivateKey};
use crate::verify::{Trust, verify};
use crate::witness::{
    AddCheckpoint, Answer, SIZE_TYPE, Witness, WitnessStore, Witnessed, read_answer,
};
use crate::{Checkpoint, Hash, Log, Note, Result, Signer as _, TreeHead};

#[derive(Default)]
struct Kept(Mutex<HashMap<String, TreeHead>>);

#[async_trait]
impl WitnessStore for Kept {
    async fn latest(&self, origin: &str) -> Result<TreeHead> {
        Ok(self
            .0
            .lock()
            .unwrap()
            .get(origin)
            .copied()
            .unwrap_or_else(TreeHead::empty))
    }

    async fn advance(&self, origin: &str, from: &TreeHead, to: &TreeHead) -> Result<bool> {
        let mut kept = self.0.lock().unwrap();
        let now = kept.get(origin).copied().unwrap_or_else(TreeHead::empty);
        if now == *from {
            kept.insert(origin.to_owned(), *to);
        }
        Ok(now == *from)
    }
}

fn witness() -> Witness {
    let cosigner = PrivateKey::generate(KeyKind::Cosigner, "jiashan.example/witness", [8; 32]);
    let cosigner = cosigner.unwrap().cosigner().unwrap();
    Witness::new(
        vec![verifier(1)],
        Arc::new(cosigner),
        Arc::new(Kept::default()),
    )
}

async fn request(log: &Log, old_size: u64) -> AddCheckpoint {
    let checkpoint = log.published().await.unwrap().unwrap();
    let size = Checkpoint::parse(&checkpoint.text).unwrap().head.size;
    let proof = if old_size <= size {
        log.prove_consistency(old_size, size).await
    } else {
        Ok(vec![])
    };
    AddCheckpoint {
        old_size,
        proof: proof.unwrap(),
        checkpoint,
    }
}

async fn ask(witness: &Witness, request: &AddCheckpoint) -> Answer {
    witness
        .add_checkpoint(request.body().as_bytes(), 1_700_000_000)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_log_collects_cosignatures_as_it_grows() {
    let witness = witness();
    let (world, log) = World::filled(10).await;
    for (old, new) in [(0, 10), (10, 10), (10, 300), (300, 301)] {
        let next = log.records().state().await.unwrap().sequenced;
        log.records()
            .append(next, &entries(next..new))
            .await
            .unwrap();
        log.integrate().await.unwrap();
        log.publish().await.unwrap();
        let request = request(&log, old).await;
        let answer = ask(&witness, &request).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let text = request.checkpoint.text;
        let read = read_answer(answer.status, &answer.body, &text, witness.verifier()).unwrap();
        let Witnessed::Cosigned(lines) = read else {
            panic!("{read:?}")
        };
        assert!(log.add_cosignatures(&text, &lines).await.unwrap());
        assert!(
            !log.add_cosignatures("an older text\n", &lines)
                .await
                .unwrap()
        );
    }
    let trust = Trust {
        log_keys: vec![verifier(1)],
        witness_keys: vec![witness.verifier().clone()],
        earlier: None,
    };
    let report = verify(&world, &trust, &mut |_, _| ()).await.unwrap();
    assert!(report.holds(), "{:?}", report.faults);
    let expected = vec![("jiashan.example/witness".to_owned(), 1_700_000_000)];
    assert_eq!(report.witnessed_by, expected);
    assert_eq!(
        log.publish().await.unwrap(),
        None,
        "cosigned is still published"
    );
    let (bare, _log) = World::filled(301).await;
    let report = verify(&bare, &trust, &mut |_, _| ()).await.unwrap();
    assert!(!report.holds(), "an absent witness is a fault");
}

#[tokio::test]
async fn statuses_of_the_specification() {
    let witness = witness();
    let (_world, log) = World::filled(10).await;
    let good = request(&log, 0).await;
    assert_eq!(ask(&witness, &good).await.status, 200);
    assert_eq!(
        witness.add_checkpoint(b"nonsense", 0).await.unwrap().status,
        400
    );
    let above = AddCheckpoint {
        old_size: 11,
        ..good.clone()
    };
    assert_eq!(ask(&witness, &above).await.status, 400);
    let stale = ask(
        &witness,
        &AddCheckpoint {
            old_size: 0,
            ..good.clone()
        },
    )
    .await;
    assert_eq!(
        (stale.status, stale.content_type, stale.body.as_str()),
        (409, SIZE_TYPE, "10\n")
    );
    let witnessed = read_answer(409, &stale.body, "", witness.verifier()).unwrap();
    assert_eq!(witnessed, Witnessed::At(10));

    let text = Checkpoint::new("unknown.example/log", TreeHead::empty()).to_string();
    let line = key(1).line(&text).await.unwrap();
    let unknown = Note {
        text,
        signatures: vec![line],
    };
    let unknown = AddCheckpoint {
        checkpoint: unknown,
        ..good.clone()
    };
    assert_eq!(ask(&witness, &unknown).await.status, 404);
    let mut forged = AddCheckpoint {
        old_size: 10,
        ..good.clone()
    };
    forged.checkpoint.signatures[0].bytes[0] ^= 1;
    assert_eq!(ask(&witness, &forged).await.status, 403);
    let text = good.checkpoint.text.clone();
    let other = Note {
        signatures: vec![key(2).line(&text).await.unwrap()],
        text,
    };
    let other = AddCheckpoint {
        old_size: 10,
        proof: vec![],
        checkpoint: other,
    };
    assert_eq!(ask(&witness, &other).await.status, 403);

    log.records().append(10, &entries(10..20)).await.unwrap();
    log.integrate().await.unwrap();
    log.publish().await.unwrap();
    let mut unproven = request(&log, 10).await;
    unproven.proof[0] = Hash([1; 32]);
    assert_eq!(ask(&witness, &unproven).await.status, 422);
}

#[tokio::test]
async fn a_fork_is_never_cosigned() {
    let witness = witness();
    let (_world, log) = World::filled(10).await;
    assert_eq!(ask(&witness, &request(&log, 0).await).await.status, 200);
    let signed = async |head: TreeHead| {
        let text = Checkpoint::new(ORIGIN, head).to_string();
        Note {
            signatures: vec![key(1).line(&text).await.unwrap()],
            text,
        }
    };
    let fork = signed(TreeHead {
        size: 10,
        root: Hash([3; 32]),
    })
    .await;
    let fork = AddCheckpoint {
        old_size: 10,
        proof: vec![],
        checkpoint: fork,
    };
    assert_eq!(ask(&witness, &fork).await.status, 409);
    let longer = signed(TreeHead {
        size: 12,
        root: Hash([3; 32]),
    })
    .await;
    let longer = AddCheckpoint {
        old_size: 10,
        proof: vec![Hash([1; 32])],
        checkpoint: longer,
    };
    assert_eq!(ask(&witness, &longer).await.status, 422);
    let shorter = signed(TreeHead {
        size: 9,
        root: Hash([3; 32]),
    })
    .await;
    let shorter = AddCheckpoint {
        old_size: 9,
        proof: vec![],
        checkpoint: shorter,
    };
    assert_eq!(ask(&witness, &shorter).await.status, 409);
}
