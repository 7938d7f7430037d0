//! Accessible names for egui's scroll bars, which have none.

use std::collections::HashMap;

use egui::accesskit::{Node, NodeId, Role};
use egui::{Context, FullOutput, Plugin};

/// Maximum length of a name, in characters.
const MAX_CHARS: usize = 80;

/// Names each scroll bar after its content.
pub struct ScrollNames;

impl Plugin for ScrollNames {
    fn debug_name(&self) -> &'static str {
        "names of scroll bars"
    }

    fn output_hook(&mut self, _: &Context, output: &mut FullOutput) {
        if let Some(update) = &mut output.platform_output.accesskit_update {
            name_all(&mut update.nodes);
        }
    }
}

fn name_all(nodes: &mut [(NodeId, Node)]) {
    let is_nameless = |node: &Node| node.role() == Role::ScrollBar && node.label().is_none();
    let nameless = nodes.iter().enumerate();
    let nameless = nameless.filter(|(_, (_, node))| is_nameless(node));
    let nameless: Vec<usize> = nameless.map(|(at, _)| at).collect();
    if nameless.is_empty() {
        return;
    }
    let mut parents: HashMap<NodeId, usize> = HashMap::new();
    for (at, (_, node)) in nodes.iter().enumerate() {
        parents.extend(node.children().iter().map(|child| (*child, at)));
    }
    for at in nameless {
        let name = name(nodes, &parents, at);
        nodes[at].1.set_label(name);
    }
}

/// The name of a bar, after its nearest named ancestor other than the window.
fn name(nodes: &[(NodeId, Node)], parents: &HashMap<NodeId, usize>, bar: usize) -> String {
    let mut at = bar;
    while let Some(parent) = parents.get(&nodes[at].0) {
        at = *parent;
        let node = &nodes[at].1;
        if let Some(label) = node.label().filter(|_| node.role() != Role::Window) {
            let label: String = label.chars().take(MAX_CHARS).collect();
            return format!("Scroll bar of {label}");
        }
    }
    "Scroll bar".to_owned()
}
