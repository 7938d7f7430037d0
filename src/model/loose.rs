//! Fields that must not cost the record they belong to.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;

/// Reads a field that may be empty: what cannot be read is none.
///
/// # Errors
/// When the text is no JSON.
pub fn or_none<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    Ok(T::deserialize(Json::deserialize(from)?).ok())
}
