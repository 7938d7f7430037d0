//! Wording of an order that complete lookups did not find.

use crate::journal::{Entry, Record};

/// Says that the service does not have it, or, if it had accepted the order, that it may still be carried
/// out.
pub fn line(entry: &Entry) -> String {
    let task = &entry.order.task;
    if let Some(what) = task.removes() {
        return format!(
            "The {what} is still there: looked up completely over five minutes, so the removal was not carried out. Send it again"
        );
    }
    let records = entry.records().iter();
    let mut accepted = records.rev().filter_map(|(_, record)| {
        if let Record::Accepted { action, .. } = record {
            Some(action)
        } else {
            None
        }
    });
    match accepted.next() {
        Some(action) => {
            // Otherwise this is the order's own tag.
            let has_id = task.record().id_word().is_some();
            let id = if has_id {
                format!(" as {action}")
            } else {
                String::new()
            };
            let check = if task.is_tenant_wide() {
                "check the indicators in the Defender portal"
            } else {
                "check the device"
            };
            format!(
                "Defender accepted it{id} and no longer shows it: looked up completely over five minutes. It may still be carried out: {check} before you send it again"
            )
        }
        None => "Defender does not have it: looked up completely over five minutes. You may send it again".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::ActionKind;
    use crate::model::{MachineActionId, MachineActionStatus, MachineRef};
    use crate::state::fixtures;

    fn said(kind: ActionKind, accepted_as: Option<&str>) -> String {
        let machine = if kind.is_tenant_wide() {
            MachineRef::every_device()
        } else {
            fixtures::machine_ref("a1", None)
        };
        let accepted = accepted_as.map(|id| Record::Accepted {
            action: MachineActionId::parse(id).expect("a literal id"),
            status: MachineActionStatus::InProgress,
        });
        let mut records = vec![Record::Sent];
        records.extend(accepted);
        records.push(Record::NotFound);
        let order = fixtures::order("cdn-00000001", machine, kind);
        line(&fixtures::entry(fixtures::author(), order, records))
    }

    #[test]
    fn failed_removal_says_that_the_block_or_tag_is_still_there() {
        for (kind, what) in [
            (ActionKind::RemoveBlock, "The block is still there"),
            (ActionKind::RemoveTag, "The tag is still there"),
        ] {
            for accepted_as in [None, Some("cdn-00000001")] {
                let said = said(kind, accepted_as);
                assert!(said.starts_with(what), "{said}");
                assert!(said.ends_with("not carried out. Send it again"), "{said}");
                assert!(!said.contains("cdn-"), "{said}");
            }
        }
    }

    #[test]
    fn advice_names_the_device_only_for_orders_on_one() {
        let block = said(ActionKind::BlockFile, Some("995"));
        assert!(block.contains("accepted it as 995"), "{block}");
        assert!(block.contains("check the indicators"), "{block}");
        assert!(!block.contains("device"), "{block}");
        let isolation = said(ActionKind::Isolate, Some("b89eb834"));
        assert!(isolation.contains("check the device"), "{isolation}");
        // Its id is the order's own tag.
        let tag = said(ActionKind::AddTag, Some("cdn-00000001"));
        assert!(!tag.contains("cdn-"), "{tag}");
        assert!(said(ActionKind::Isolate, None).contains("You may send it again"));
    }
}
