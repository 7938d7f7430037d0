//! The catalogue, compared with the documented requests and responses and with the tenant's own table, so
//! that console and tenant cannot both be wrong together.

use cordon::action::{
    ActionKind, CANCEL_PERMISSIONS, Draft, ParameterKind, Recorded, Subject, Task, Values,
};
use cordon::model::{EntryId, MachineActionType, MachineId, MachineRef, Permission};
use cordon::simulator::actions;
use serde_json::Value as Json;

fn fixture(text: &str) -> Json {
    serde_json::from_str(text).expect("the fixture is JSON")
}

fn draft(kind: ActionKind) -> Draft {
    let machine = MachineRef {
        id: MachineId::parse("1e5bc9d7e413ddd7902c2932e418702b84d0cc07").expect("a literal id"),
        dns_name: None,
    };
    let mut draft = Draft::new(
        EntryId::random().expect("random bytes"),
        machine,
        Subject::Act(kind),
    );
    draft.comment = "why".into();
    draft.fill_examples();
    draft
}

fn path_of(pair: &Json) -> &str {
    pair["request"]["path"].as_str().expect("a path")
}

#[test]
fn every_kind_has_the_path_type_and_body_of_the_documented_pair() {
    let pairs = fixture(include_str!("../fixtures/actions_created_docs.json"));
    let kinds = ActionKind::ALL.iter().copied();
    for kind in kinds.filter(|kind| kind.spec().record == Recorded::MachineAction) {
        let spec = kind.spec();
        let pair = pairs
            .as_array()
            .into_iter()
            .flatten()
            .find(|p| path_of(p).rsplit('/').next() == Some(spec.endpoint))
            .unwrap_or_else(|| panic!("{kind:?} is not documented"));
        let made = &pair["response"]["body"]["type"];
        assert_eq!(*made, spec.wire_type.as_wire(), "{kind:?}");
        let order = draft(kind).parse().expect("complete");
        let ours: Vec<&str> = order
            .body()
            .iter()
            .map(|(name, _)| *name)
            .filter(|n| *n != "ExternalId")
            .collect();
        let mut theirs: Vec<&str> = pair["request"]["body"]
            .as_object()
            .expect("a body")
            .keys()
            .map(String::as_str)
            .collect();
        theirs.sort_by_key(|name| *name != "Comment");
        assert_eq!(ours, theirs, "{kind:?}");
    }
}

#[test]
fn every_other_kind_has_the_body_of_the_documented_request_and_nothing_else() {
    let bodies = fixture(include_str!("../fixtures/request_bodies.json"));
    let kinds = ActionKind::ALL.iter().copied();
    for kind in kinds.filter(|kind| kind.spec().record != Recorded::MachineAction) {
        if kind.spec().record == Recorded::Indicator {
            continue;
        }
        let documented = &bodies[format!("POST /api/machines/{{id}}/{}", kind.spec().endpoint)];
        let order = draft(kind).parse().expect("complete");
        let mut ours: Vec<&str> = order.body().iter().map(|(name, _)| *name).collect();
        ours.sort_unstable();
        let theirs = documented[0].as_object().expect("a body").keys();
        assert_eq!(
            ours,
            theirs.map(String::as_str).collect::<Vec<_>>(),
            "{kind:?}"
        );
    }
}

/// Most properties of an indicator are optional.
#[test]
fn block_has_the_documented_properties_and_all_required_ones() {
    let bodies = fixture(include_str!("../fixtures/request_bodies.json"));
    let documented = &bodies["POST /api/indicators"][0];
    let order = draft(ActionKind::BlockFile).parse().expect("complete");
    let body = order.body();
    for (name, _) in &body {
        assert!(!documented[*name].is_null(), "{name}");
    }
    for required in [
        "indicatorValue",
        "indicatorType",
        "action",
        "title",
        "description",
    ] {
        assert!(body.iter().any(|(name, _)| *name == required), "{required}");
    }
    assert!(
        draft(ActionKind::RemoveBlock)
            .parse()
            .expect("complete")
            .body()
            .is_empty()
    );
}

#[test]
fn every_choice_that_the_console_offers_is_documented() {
    let bodies = fixture(include_str!("../fixtures/request_bodies.json"));
    let specs = ActionKind::ALL.iter().map(|kind| kind.spec());
    for spec in specs.filter(|spec| spec.record != Recorded::Indicator) {
        let documented = &bodies[format!("POST /api/machines/{{id}}/{}", spec.endpoint)];
        let is_documented = |name: &str, value: &str| {
            let mut bodies = documented.as_array().into_iter().flatten();
            bodies.any(|body| body[name] == value)
        };
        for (name, value) in spec.fixed {
            assert!(is_documented(name, value), "{} {value}", spec.endpoint);
        }
        for parameter in spec.parameters {
            if let ParameterKind::Choice(choices) = &parameter.kind {
                for choice in *choices {
                    assert!(is_documented(parameter.wire_name, choice.value));
                }
            }
        }
    }
    assert!(bodies["POST /api/machineactions/{actionId}/cancel"][0]["Comment"].is_string());
}

#[test]
fn catalogue_and_tenant_agree() {
    // The service adds and removes tags with one request, and indicators belong to no machine: both have
    // their own tests.
    let kinds = ActionKind::ALL.iter().copied();
    for kind in kinds.filter(|kind| kind.spec().record.is_of_request()) {
        let spec = kind.spec();
        let row = actions::by_kind(spec.wire_type.as_wire())
            .unwrap_or_else(|| panic!("the tenant lacks {kind:?}"));
        assert_eq!(row.route, spec.endpoint);
        assert_eq!(row.permission, spec.permission.as_wire());
        assert_eq!(
            row.parameter.map(|p| p.name),
            (spec.parameters.first().map(|p| p.wire_name))
                .or(spec.fixed.first().map(|(name, _)| *name)),
            "{kind:?}"
        );
        let names = row.availability.iter().map(|(name, _)| *name);
        if let Some(name) = spec.available_as {
            assert!(names.clone().any(|known| known == name), "{kind:?}: {name}");
        }
    }
    let ours: Vec<&str> = CANCEL_PERMISSIONS.iter().map(Permission::as_wire).collect();
    let mut theirs = actions::CANCEL_PERMISSIONS.to_vec();
    theirs.sort_by_key(|p| ours.iter().position(|o| o == p));
    assert_eq!(ours, theirs);
}

#[test]
fn the_wording_of_every_action_is_pinned() {
    use std::fmt::Write as _;

    let mut text = String::new();
    for &kind in ActionKind::ALL {
        let spec = kind.spec();
        let machine = MachineRef {
            id: MachineId::parse("1e5bc9d7e413ddd7902c2932e418702b84d09c07").expect("a literal id"),
            dns_name: Some("FIN-LT-042".into()),
        };
        let task = Task::Act {
            kind,
            values: Values::default(),
        };
        write!(
            text,
            "{}\n  {}… / {} / {}\n  done: {}\n  {}\n",
            task.title(),
            spec.button,
            task.confirm_label(&machine),
            task.keep_label(),
            task.done(),
            task.consequence()
        )
        .expect("a string takes it");
        for caveat in spec.caveats {
            writeln!(text, "  - {caveat}").expect("a string takes it");
        }
    }
    let cancel = Task::Cancel {
        action: cordon::model::MachineActionId::parse("b89eb834-4578-496c-8be0-03f004061435")
            .expect("a literal id"),
        action_type: MachineActionType::Isolate,
    };
    write!(text, "{}\n  done: {}\n", cancel.title(), cancel.done()).expect("a string takes it");
    insta::assert_snapshot!(text);
}
