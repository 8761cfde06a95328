//! Publishing: signing what the records hold, and only that.

use std::sync::Arc;

use super::{Log, Memory};
use crate::note::Signature;
use crate::store::CHECKPOINT;
use crate::{Checkpoint, Error, Note, Refusal, Result, Signer, TreeHead};

impl Log {
    /// Signs and publishes the current tree; answers the checkpoint, or `None` when it was
    /// published already. The memory beside the key is renewed before a signature leaves.
    ///
    /// # Errors
    /// [`Error::Refused`] when signing could fork the log; see [`Refusal`].
    pub async fn publish(&self) -> Result<Option<Note>> {
        let mut shown = self.publishing.lock().await;
        self.publish_with(self.signers(), &mut shown).await
    }

    /// Whether the current tree may be signed, without signing it.
    ///
    /// # Errors
    /// As [`Self::publish`].
    pub async fn may_sign(&self) -> Result<()> {
        let state = self.records.state().await?;
        let memory = self.memory(state.sequenced).await?;
        self.check(&memory, &state.tree).await?;
        if self.signers().is_empty() {
            return Err(Error::Refused(Refusal::NoKey));
        }
        Ok(())
    }

    /// Replaces the signers. One checkpoint is signed by the old and the new ones together, so
    /// that a follower of the old key sees which keys come next; then the new ones sign alone.
    ///
    /// # Errors
    /// As [`Self::publish`]; the old signers then stay.
    pub async fn rotate(&self, new: Vec<Arc<dyn Signer>>) -> Result<Note> {
        let mut shown = self.publishing.lock().await;
        named(&self.origin, &new)?;
        if new.is_empty() {
            return Err(Error::Invalid("there is no new key".to_owned()));
        }
        let both: Vec<_> = self
            .signers()
            .into_iter()
            .chain(new.iter().cloned())
            .collect();
        let published = self.publish_with(both, &mut shown).await?;
        let note = match published {
            Some(note) => note,
            None => self.published().await?.ok_or_else(|| {
                Error::Damaged("the checkpoint signed by both keys is gone".to_owned())
            })?,
        };
        *self
            .signers
            .write()
            .unwrap_or_else(|poisoned| poisoned.into_inner()) = new;
        Ok(note)
    }

    /// Goes on with signers that another process already rotated to ([`Self::rotate`] is what
    /// shows followers the change).
    ///
    /// # Errors
    /// When a signer's name is not the origin.
    pub async fn sign_with(&self, signers: Vec<Arc<dyn Signer>>) -> Result<()> {
        let _one_at_a_time = self.publishing.lock().await;
        named(&self.origin, &signers)?;
        *self
            .signers
            .write()
            .unwrap_or_else(|poisoned| poisoned.into_inner()) = signers;
        Ok(())
    }

    async fn publish_with(
        &self,
        signers: Vec<Arc<dyn Signer>>,
        shown: &mut Option<String>,
    ) -> Result<Option<Note>> {
        let state = self.records.state().await?;
        let memory = self.memory(state.sequenced).await?;
        self.check(&memory, &state.tree).await?;
        if signers.is_empty() {
            return Err(Error::Refused(Refusal::NoKey));
        }
        let text = Checkpoint::new(&self.origin, state.tree).to_string();
        let published = self.published().await?;
        if let Some(note) = published.as_ref().filter(|note| note.text == text) {
            let signed = |s: &Arc<dyn Signer>| {
                let key = s.verifier();
                note.signatures
                    .iter()
                    .any(|s| s.name == key.name() && s.id == key.id())
            };
            if memory.head == state.tree && signers.iter().all(signed) {
                // The process may have ended between the records and the tiles.
                if shown.as_ref() != Some(&note.to_string()) {
                    self.show(note.to_string(), shown).await?;
                }
                return Ok(None);
            }
        }
        let mut note = Note {
            text,
            signatures: Vec::new(),
        };
        for signer in &signers {
            let line = signer.line(&note.text).await?;
            note.signatures.push(line);
        }
        let signed = Memory {
            head: state.tree,
            ..memory
        };
        self.guard.store(&signed).await?;
        self.release(&note, state.tree.size, shown).await?;
        Ok(Some(note))
    }

    async fn release(&self, note: &Note, size: u64, shown: &mut Option<String>) -> Result<()> {
        let text = note.to_string();
        self.records.publish(size, &text).await?;
        self.show(text, shown).await
    }

    /// Lays the checkpoint beside the tiles.
    async fn show(&self, text: String, shown: &mut Option<String>) -> Result<()> {
        *shown = None;
        let object = (CHECKPOINT.to_owned(), text.clone().into());
        self.tiles.put(vec![object]).await?;
        *shown = Some(text);
        Ok(())
    }

    /// Adds witnesses' lines to the published checkpoint if it still is `note`'s; answers whether
    /// it was.
    ///
    /// # Errors
    /// When a store does not answer.
    pub async fn add_cosignatures(&self, text: &str, lines: &[Signature]) -> Result<bool> {
        let mut shown = self.publishing.lock().await;
        let Some(mut note) = self.published().await?.filter(|n| n.text == text) else {
            return Ok(false);
        };
        for line in lines {
            note.signatures
                .retain(|s| s.name != line.name || s.id != line.id);
            note.signatures.push(line.clone());
        }
        let size = Checkpoint::parse(&note.text)?.head.size;
        self.release(&note, size, &mut shown).await?;
        Ok(true)
    }

    /// The published checkpoint.
    ///
    /// # Errors
    /// When the records do not answer or hold something else.
    pub async fn published(&self) -> Result<Option<Note>> {
        self.records
            .published()
            .await?
            .map(|text| Note::parse(text.as_bytes()))
            .transpose()
    }

    /// Takes the latest checkpoint known outside (a witness's, an auditor's), or `None` when
    /// whoever is asked knows none larger than ours, and lets a restored node sign again if the
    /// tree held contains it.
    ///
    /// # Errors
    /// [`Refusal::Behind`] when the tail is lost: look for it, or begin a new origin with
    /// [`super::successor_entry`]. [`Refusal::Forked`] when the trees differ.
    pub async fn confirm(&self, latest: Option<&Checkpoint>) -> Result<()> {
        let _one_at_a_time = self.publishing.lock().await;
        let state = self.records.state().await?;
        let known = self.guard.load().await?;
        let origin = self.origin.clone();
        let new = Memory {
            origin,
            head: TreeHead::empty(),
            floor: 0,
            confirmed: false,
        };
        let mut memory = known.unwrap_or(new);
        if let Some(latest) = latest {
            if latest.origin != self.origin {
                return Err(Error::Refused(Refusal::OtherOrigin(latest.origin.clone())));
            }
            if latest.head.size >= memory.head.size {
                let older = std::mem::replace(&mut memory.head, latest.head);
                self.holds(&older, &state.tree).await?;
            }
            memory.floor = memory.floor.max(latest.head.size);
        }
        memory.confirmed = true;
        self.check(&memory, &state.tree).await?;
        self.guard.store(&memory).await
    }

    /// Notes that somebody has seen a checkpoint of `size` entries: if we hold fewer, signing
    /// stops until [`Self::confirm`].
    ///
    /// # Errors
    /// When the memory cannot be written.
    pub async fn seen_elsewhere(&self, size: u64) -> Result<()> {
        let _one_at_a_time = self.publishing.lock().await;
        let state = self.records.state().await?;
        let memory = self.memory(state.sequenced).await?;
        if size <= state.tree.size || size <= memory.floor {
            return Ok(());
        }
        self.guard
            .store(&Memory {
                floor: size,
                confirmed: false,
                ..memory
            })
            .await
    }

    async fn memory(&self, sequenced: u64) -> Result<Memory> {
        match self.guard.load().await? {
            Some(memory) => Ok(memory),
            None if sequenced == 0 => {
                let (origin, head) = (self.origin.clone(), TreeHead::empty());
                Ok(Memory {
                    origin,
                    head,
                    floor: 0,
                    confirmed: true,
                })
            }
            None => Err(Error::Refused(Refusal::NoMemory)),
        }
    }

    /// Signing `tree` is safe: it contains everything that is remembered as signed.
    async fn check(&self, memory: &Memory, tree: &TreeHead) -> Result<()> {
        if memory.origin != self.origin {
            return Err(Error::Refused(Refusal::OtherOrigin(memory.origin.clone())));
        }
        if tree.size < memory.floor {
            let (have, need) = (tree.size, memory.floor);
            return Err(Error::Refused(Refusal::Behind { have, need }));
        }
        if !memory.confirmed {
            return Err(Error::Refused(Refusal::Unconfirmed));
        }
        self.holds(&memory.head, tree).await
    }

    /// The tree `tree` begins with the tree `old`.
    async fn holds(&self, old: &TreeHead, tree: &TreeHead) -> Result<()> {
        if old.size > tree.size {
            let (have, need) = (tree.size, old.size);
            return Err(Error::Refused(Refusal::Behind { have, need }));
        }
        let root = if old.size == tree.size {
            tree.root
        } else {
            self.root(old.size).await?
        };
        if root != old.root {
            return Err(Error::Refused(Refusal::Forked(old.size)));
        }
        Ok(())
    }
}

/// A log's keys are named as its origin.
pub(super) fn named(origin: &str, signers: &[Arc<dyn Signer>]) -> Result<()> {
    match signers.iter().find(|s| s.verifier().name() != origin) {
        None => Ok(()),
        Some(other) => Err(Error::Invalid(format!(
            "the key {:?} cannot sign for {origin:?}",
            other.verifier().name()
        ))),
    }
}
