//! Investigation packages: short-lived links, and their storage outside the API, without a token.

use flate2::Crc;

use super::api::{check_guid, no_action, value};
use super::call::Call;
use super::clock::shifted;
use super::encoding::{Compress, pack};
use super::faults::FaultKind;
use super::lifecycle::Status;
use super::package_links::Link;
use super::random::Rng;
use super::reply::{Answer, Reply};
use super::storage_faults::StorageFault;
use super::submit::refuse;
use super::tenant::SimTenant;

/// First segment of the storage's paths.
pub(super) const STORAGE: &str = "safedownload";
const FILE: &str = "WDATP_Investigation_Package.zip";
/// Validity of a link.
const LINK_SECS: i64 = 5 * 60;
const KIND: &str = "CollectInvestigationPackage";

/// `GET /api/machineactions/{id}/GetPackageUri`.
pub(super) fn link(tenant: &SimTenant, id: &str, fault: Option<&FaultKind>) -> Answer {
    check_guid(id)?;
    let now = tenant.clock.now();
    let mut inner = tenant.lock();
    if let Err(seconds) = inner.packages.limits.count(now) {
        return Err(Reply::throttled("2 per 1m and 120 per 1h", seconds));
    }
    let found = inner.actions.iter().find(|a| a.id.eq_ignore_ascii_case(id));
    let status = match found {
        Some(action) if action.visible <= now && action.kind == KIND => action.status,
        Some(action) if action.visible <= now => {
            let message =
                "Provided Guid is not a valid id for a CollectInvestigationPackage action";
            return refuse("InvalidInput", message);
        }
        Some(_) | None => return Err(no_action(id)),
    };
    if status != Status::Succeeded {
        let what = format!("The package of machine action {id}");
        return Err(Reply::not_found(&what));
    }
    let token = format!("{}=={}", inner.rng.hex(48), inner.rng.hex(16));
    inner.packages.links.push(Link {
        action: id.to_ascii_lowercase(),
        token: token.clone(),
        until: shifted(now, LINK_SECS),
    });
    let storage = inner.packages.storage.as_deref();
    let host = match fault {
        Some(FaultKind::ForeignLink) => "https://packages.example",
        _ => storage.unwrap_or(&tenant.address),
    };
    let id = id.to_ascii_lowercase();
    let token = token.replace('=', "%3d");
    let link = format!("\"{host}/{STORAGE}/{id}/{FILE}?token={token}\"");
    Ok(value(tenant, "Edm.String", link))
}

/// A refusal in the storage's format.
fn denied(status: u16, code: &str) -> Reply {
    let body = format!(
        "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code></Error>"
    );
    Reply::bytes(status, "application/xml", body.into_bytes())
}

/// `GET /safedownload/…`.
pub(super) fn serve(tenant: &SimTenant, call: &Call, fault: Option<&FaultKind>) -> Reply {
    if !call.is_get() {
        return Reply::only("GET");
    }
    // A token of another service is an error of the client.
    if call.has_authorization {
        return denied(400, "InvalidAuthenticationInfo");
    }
    let now = tenant.clock.now();
    let inner = tenant.lock();
    let action = call.segments.get(1).map_or("", String::as_str);
    let token = call.query.iter().find(|(name, _)| name == "token");
    let token = token.map_or("", |(_, token)| token.as_str());
    let mut links = inner.packages.links.iter();
    let is_open = links.any(|l| l.action == action && l.token == token && l.until > now);
    let size = inner.packages.size;
    drop(inner);
    if !is_open {
        return denied(403, "AuthenticationFailed");
    }
    let fault = match fault {
        Some(FaultKind::Storage(fault)) => Some(*fault),
        _ => None,
    };
    let seed = u64::from(fault == Some(StorageFault::OtherPackage));
    let whole = package(action, size, seed);
    let version = format!("\"0x8D{seed}{}\"", action.len());
    let wanted = call.if_range.as_deref();
    let range = call.range.as_deref().filter(|_| {
        fault != Some(StorageFault::NoRange) && wanted.is_none_or(|wanted| wanted == version)
    });
    let reply = match fault {
        Some(StorageFault::Packed) => match pack(&whole, "gzip", Compress::Gzip) {
            Some((coding, packed)) => part(packed, range, None).with("content-encoding", coding),
            None => Reply::empty(500),
        },
        // Chunked, so that no length is declared.
        Some(StorageFault::NoLength(_)) => {
            part(whole, range, fault).with("transfer-encoding", "chunked")
        }
        _ => part(whole, range, fault),
    };
    reply.with("etag", &version)
}

/// The requested part (RFC 9110 section 14); a single range only.
fn part(whole: Vec<u8>, range: Option<&str>, fault: Option<StorageFault>) -> Reply {
    const ZIP: &str = "application/zip";
    let total = whole.len();
    let from = range.and_then(|range| {
        let from = range.strip_prefix("bytes=")?.strip_suffix('-')?;
        from.parse::<usize>().ok()
    });
    match from {
        Some(from) if from >= total => {
            let reply = denied(416, "InvalidRange");
            reply.with("content-range", &format!("bytes */{total}"))
        }
        Some(from) => {
            let end = match fault {
                Some(StorageFault::ShortPart) => from + (total - from).div_ceil(2),
                _ => total,
            };
            let last = match fault {
                Some(StorageFault::PartBeyondTheEnd) => total,
                _ => end - 1,
            };
            let said = match fault {
                Some(StorageFault::NoTotal) => "*".to_owned(),
                _ => total.to_string(),
            };
            let part = whole.get(from..end).unwrap_or_default().to_vec();
            let range = format!("bytes {from}-{last}/{said}");
            Reply::bytes(206, ZIP, part).with("content-range", &range)
        }
        None => Reply::bytes(200, ZIP, whole).with("accept-ranges", "bytes"),
    }
}

/// A reproducible package of about `bytes` bytes.
pub(super) fn package(action: &str, size: usize, seed: u64) -> Vec<u8> {
    let mut rng = Rng::new(action.bytes().fold(seed, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u64::from(byte))
    }));
    let mut events = Vec::with_capacity(size);
    while events.len() < size {
        events.extend(rng.hex(64).into_bytes());
    }
    zip(&[
        (
            "Forensics Collection Summary.txt",
            format!("Collected by machine action {action}\r\n").into_bytes(),
        ),
        (
            "Autoruns/Run keys.csv",
            b"Key,Name,Command\r\nHKLM\\Run,OneDrive,C:\\OneDrive.exe\r\n".to_vec(),
        ),
        (
            "Network Connections/ActiveNetConnections.txt",
            b"TCP 10.20.4.17:51022 203.0.113.77:443 ESTABLISHED 4711\r\n".to_vec(),
        ),
        ("Security Event Log/Security.evtx", events),
    ])
}

/// Uncompressed files in a ZIP archive (APPNOTE 6.3, sections 4.3.7 and 4.3.12).
fn zip(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    let short = |number: usize| u16::try_from(number).unwrap_or_default().to_le_bytes();
    let long = |number: usize| u32::try_from(number).unwrap_or_default().to_le_bytes();
    for (name, content) in files {
        let mut crc = Crc::new();
        crc.update(content);
        // Version 2.0, no flags, stored, on 2026-11-29 at midnight.
        let mut facts = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x7d, 0x5d];
        facts.extend(crc.sum().to_le_bytes());
        facts.extend(long(content.len()));
        facts.extend(long(content.len()));
        facts.extend(short(name.len()));
        facts.extend([0, 0]);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&facts);
        // No comment, first disk, no attributes, and its offset.
        directory.extend([0; 10]);
        directory.extend(long(archive.len()));
        directory.extend(name.as_bytes());
        archive.extend(b"PK\x03\x04");
        archive.extend(&facts);
        archive.extend(name.as_bytes());
        archive.extend(content);
    }
    let at = archive.len();
    archive.extend(&directory);
    archive.extend(b"PK\x05\x06\x00\x00\x00\x00");
    archive.extend(short(files.len()));
    archive.extend(short(files.len()));
    archive.extend(long(directory.len()));
    archive.extend(long(at));
    archive.extend([0, 0]);
    archive
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_is_reproducible_and_served_in_ranges() {
        let whole = package("b89eb834", 10_000, 0);
        assert_eq!(whole, package("b89eb834", 10_000, 0));
        assert!(whole.starts_with(b"PK\x03\x04") && whole.len() > 10_000);
        for (range, status, len) in [
            (None, 200, whole.len()),
            (Some("bytes=100-"), 206, whole.len() - 100),
            (Some("lines=1-"), 200, whole.len()),
        ] {
            let reply = part(whole.clone(), range, None);
            let super::super::reply::Payload::Bytes(_, body) = &reply.body else {
                panic!("{range:?}")
            };
            assert_eq!((reply.status, body.len()), (status, len), "{range:?}");
        }
        let beyond = format!("bytes={}-", whole.len());
        assert_eq!(part(whole, Some(&beyond), None).status, 416);
    }
}
