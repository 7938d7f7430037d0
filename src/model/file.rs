//! A file known to Defender.

/// What is known about a file (`file` and `inOrgFileStats` resources). All may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileFacts {
    pub signer: Option<Box<str>>,
    pub is_valid_certificate: Option<bool>,
    /// `Malware`, `Pua`, `Clean`, `Unknown`, ….
    pub determination: Option<Box<str>>,
    /// The threat's name, where there is one.
    pub determination_value: Option<Box<str>>,
    /// On how many devices worldwide it was seen.
    pub global_prevalence: Option<i64>,
    /// On how many devices of the organisation; `None` also when that could not be read.
    pub organization_prevalence: Option<i64>,
    /// What it is mostly called.
    pub top_name: Option<Box<str>>,
}
