//! Merges marks of the timeline that would overlap.

use egui::Pos2;

use crate::ui::device::timeline::happenings::Happening;

/// Marks closer to each other than this are merged into one, with the number of events on its left.
const MERGE_DISTANCE: f32 = 30.0;

/// Events of a lane whose marks would overlap.
#[derive(Debug, PartialEq)]
pub struct Cluster {
    pub place: Pos2,
    /// Indices into the shown events, the newest first.
    pub members: Vec<usize>,
    /// The event whose mark represents the cluster: one that has not ended, else the newest.
    pub top: usize,
}

impl Cluster {
    /// The event whose mark is painted: the one in focus if it is a member, else the top one.
    pub fn lead(&self, seen: Option<usize>) -> usize {
        let seen = seen.filter(|seen| self.members.contains(seen));
        seen.unwrap_or(self.top)
    }
}

/// Merges the events whose marks, at `places`, would overlap.
pub fn clusters(shown: &[&Happening], places: &[Pos2]) -> Vec<Cluster> {
    let mut found: Vec<Cluster> = Vec::new();
    for (at, (happening, place)) in shown.iter().zip(places).enumerate() {
        let is_near = |cluster: &&mut Cluster| {
            let away = cluster.place - *place;
            away.y.abs() < 0.5 && away.x.abs() < MERGE_DISTANCE
        };
        if let Some(cluster) = found.iter_mut().rev().find(is_near) {
            let is_shown = shown.get(cluster.top).is_some_and(|top| top.is_open);
            if happening.is_open && !is_shown {
                cluster.top = at;
            }
            cluster.members.push(at);
        } else {
            found.push(Cluster {
                place: *place,
                members: vec![at],
                top: at,
            });
        }
    }
    found
}

/// Position among the events of one mark: ` (2 of 3 here)`.
pub fn beside(clusters: &[Cluster], at: usize) -> String {
    let place = |cluster: &Cluster| cluster.members.iter().position(|member| *member == at);
    let found = clusters
        .iter()
        .find_map(|cluster| Some((place(cluster)?, cluster.members.len())));
    match found {
        Some((place, of)) if of > 1 => format!(" ({} of {of} here)", place + 1),
        _ => String::new(),
    }
}

/// The mark nearest to the pointer, within this reach.
pub fn nearest(clusters: &[Cluster], pointer: Pos2, reach: f32) -> Option<&Cluster> {
    let distance = |cluster: &&Cluster| cluster.place.distance(pointer);
    let nearest = clusters
        .iter()
        .min_by(|one, other| distance(one).total_cmp(&distance(other)));
    nearest.filter(|cluster| distance(cluster) <= reach)
}

#[cfg(test)]
mod tests {
    use egui::pos2;
    use jiff::Timestamp;

    use super::*;
    use crate::journal::TimeSource;
    use crate::ui::device::timeline::happenings::Lane;
    use crate::ui::theme::Role;
    use crate::ui::widgets::Icon;

    #[test]
    fn overlapping_timeline_marks_merge_and_an_open_one_represents_them() {
        let happening = |is_open| Happening {
            at: Timestamp::UNIX_EPOCH,
            clock: TimeSource::Service,
            lane: Lane::Actions,
            icon: Icon::Info,
            role: Role::Neutral,
            text: "x".into(),
            is_open,
        };
        let all = [false, true, false, false, false].map(happening);
        let shown: Vec<_> = all.iter().collect();
        let places = [
            (200.0, 12.0),
            (190.0, 12.0),
            (185.0, 12.0),
            (180.0, 36.0),
            (100.0, 12.0),
        ];
        let places = places.map(|(x, y)| pos2(x, y));
        let found = clusters(&shown, &places);
        let members: Vec<_> = found
            .iter()
            .map(|cluster| cluster.members.clone())
            .collect();
        assert_eq!(members, [vec![0, 1, 2], vec![3], vec![4]]);
        assert_eq!(found[0].top, 1);
        assert_eq!((found[0].lead(Some(2)), found[0].lead(Some(4))), (2, 1));
        assert_eq!(beside(&found, 2), " (3 of 3 here)");
        assert_eq!(beside(&found, 3), "");
        let top = |at: Pos2| nearest(&found, at, 24.0).map(|cluster| cluster.top);
        assert_eq!(top(pos2(196.0, 14.0)), Some(1));
        assert_eq!(top(pos2(400.0, 12.0)), None);
    }
}
