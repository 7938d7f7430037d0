//! A keyring that can be put into each condition that occurs in practice.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use cordon::auth::TokenStore;
use keyring_core::api::{CredentialApi, CredentialStoreApi};
use keyring_core::{Credential, CredentialStore, Entry, Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    Works,
    Locked,
    /// Calls block until the condition changes.
    Hangs,
    Absent,
    /// Each sign-in is stored twice.
    Doubled,
    /// Items can be read, and nothing can be changed.
    ReadOnly,
}

/// Outlives the consoles that use it.
#[derive(Debug, Clone)]
pub struct Keyring(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    inside: Mutex<Inside>,
    changed: Condvar,
}

#[derive(Debug)]
struct Inside {
    condition: Condition,
    /// Numbered values by item name.
    items: HashMap<String, Vec<(u64, Vec<u8>)>>,
    last: u64,
}

impl Inside {
    fn add(&mut self, name: &str, value: &[u8]) {
        self.last += 1;
        let values = self.items.entry(name.to_owned()).or_default();
        values.push((self.last, value.to_vec()));
    }
}

impl Keyring {
    pub fn new() -> Self {
        let inside = Inside {
            condition: Condition::Works,
            items: HashMap::new(),
            last: 0,
        };
        Self(Arc::new(Shared {
            inside: Mutex::new(inside),
            changed: Condvar::new(),
        }))
    }

    /// Sets the condition; `sign_in` is the item to double.
    pub fn set(&self, condition: Condition, sign_in: &str) {
        let mut inside = self.inside();
        inside.condition = condition;
        if condition == Condition::Doubled {
            let present = inside.items.remove(sign_in).unwrap_or_default();
            let value = present.first().map_or(&b"{}"[..], |(_, value)| value);
            for _ in 0..2 {
                inside.add(sign_in, value);
            }
        }
        self.0.changed.notify_all();
    }

    /// The stored value, in any condition.
    pub fn kept(&self, name: &str) -> Option<Vec<u8>> {
        let inside = self.inside();
        let (_, newest) = inside.items.get(name)?.last()?;
        Some(newest.clone())
    }

    pub fn store(&self) -> TokenStore {
        let shared = self.clone();
        let open = move || -> Result<Arc<CredentialStore>> {
            if shared.inside().condition == Condition::Absent {
                return Err(absent());
            }
            Ok(Arc::new(shared.clone()))
        };
        TokenStore::with_store(open).expect("a thread")
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.inside.lock().expect("whole")
    }
}

fn absent() -> Error {
    Error::PlatformFailure("no bus".into())
}

impl CredentialStoreApi for Keyring {
    fn vendor(&self) -> String {
        "a test".into()
    }

    fn id(&self) -> String {
        "a test".into()
    }

    fn build(&self, _: &str, name: &str, _: Option<&HashMap<&str, &str>>) -> Result<Entry> {
        let (keyring, name) = (self.clone(), name.to_owned());
        let item = Item {
            keyring,
            name,
            only: None,
        };
        Ok(Entry::new_with_credential(Arc::new(item)))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// All values of one name, or one of them.
#[derive(Debug)]
struct Item {
    keyring: Keyring,
    name: String,
    only: Option<u64>,
}

impl Item {
    fn open(&self, changes: bool) -> Result<MutexGuard<'_, Inside>> {
        let mut inside = self.keyring.inside();
        while inside.condition == Condition::Hangs {
            inside = self.keyring.0.changed.wait(inside).expect("whole");
        }
        match inside.condition {
            Condition::Locked => Err(Error::NoStorageAccess("locked".into())),
            Condition::Absent => Err(absent()),
            Condition::ReadOnly if changes => {
                Err(Error::NotSupportedByStore("it may only be read".into()))
            }
            Condition::Works | Condition::Hangs | Condition::Doubled | Condition::ReadOnly => {
                Ok(inside)
            }
        }
    }

    /// The matching values; a call needs exactly one.
    fn meant(&self, inside: &Inside) -> Result<Option<Vec<u8>>> {
        let values = inside.items.get(&self.name).into_iter().flatten();
        let is_meant = |number: u64| self.only.is_none_or(|only| only == number);
        let meant: Vec<_> = values.filter(|(number, _)| is_meant(*number)).collect();
        match meant[..] {
            [] => Ok(None),
            [(_, value)] => Ok(Some(value.clone())),
            _ => Err(Error::Ambiguous(
                meant
                    .iter()
                    .map(|(number, _)| {
                        let (keyring, name) = (self.keyring.clone(), self.name.clone());
                        let only = Some(*number);
                        let item = Self {
                            keyring,
                            name,
                            only,
                        };
                        Entry::new_with_credential(Arc::new(item))
                    })
                    .collect(),
            )),
        }
    }
}

impl CredentialApi for Item {
    fn set_secret(&self, secret: &[u8]) -> Result<()> {
        let mut inside = self.open(true)?;
        self.meant(&inside)?;
        inside.items.remove(&self.name);
        inside.add(&self.name, secret);
        Ok(())
    }

    fn get_secret(&self) -> Result<Vec<u8>> {
        let inside = self.open(false)?;
        self.meant(&inside)?.ok_or(Error::NoEntry)
    }

    fn delete_credential(&self) -> Result<()> {
        let mut inside = self.open(true)?;
        self.meant(&inside)?.ok_or(Error::NoEntry)?;
        let is_meant = |number: u64| self.only.is_none_or(|only| only == number);
        if let Some(values) = inside.items.get_mut(&self.name) {
            values.retain(|(number, _)| !is_meant(*number));
        }
        Ok(())
    }

    fn get_credential(&self) -> Result<Option<Arc<Credential>>> {
        Ok(None)
    }

    fn get_specifiers(&self) -> Option<(String, String)> {
        None
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
