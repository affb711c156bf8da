//! Moving over the bridge: sections from top to bottom, columns in a section, places in a column. Pure.

use crate::tui::keys::Action;
use crate::tui::model::bridge::Scene;
use crate::tui::model::facts::Key;

/// Something that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spot {
    /// One of the masters, by its place.
    Master(usize),
    /// A pod without worker.
    Waiting(Key),
    /// A pod in the lane of those that fail.
    Failing(Key),
    /// A worker.
    Worker(Key),
    /// A pod on a worker.
    Pod(Key),
    /// A service.
    Service(Key),
}

impl Focus {
    /// What was chosen.
    pub fn spot(&self) -> &Spot {
        &self.spot
    }
}

/// Section, column and row of a spot.
type At = (usize, usize, usize);

/// Sections → columns → spots; no section or column is empty.
#[derive(Debug)]
pub struct Grid(Vec<Vec<Vec<Spot>>>);

/// What is chosen: the spot, and where it was in case it goes.
#[derive(Clone, Debug)]
pub struct Focus {
    spot: Spot,
    at: At,
}

impl Grid {
    /// The places of a scene.
    pub fn of(scene: &Scene) -> Self {
        let masters = (0..scene.masters.len()).map(|index| vec![Spot::Master(index)]).collect();
        let waiting: Vec<Spot> = scene.waiting.iter().map(|each| Spot::Waiting(each.pod.key.clone())).collect();
        let failing: Vec<Spot> = scene.failing.iter().map(|each| Spot::Failing(each.pod.key.clone())).collect();
        let worker = |worker: &crate::tui::model::bridge::Worker| {
            let pods = worker.pods.iter().map(|pod| Spot::Pod(pod.key.clone()));
            std::iter::once(Spot::Worker(worker.node.key.clone())).chain(pods).collect()
        };
        let services: Vec<Spot> = scene.services.iter().map(|each| Spot::Service(each.service.key.clone())).collect();
        let workers = scene.workers.iter().map(worker).collect();
        let sections = vec![masters, vec![waiting], vec![failing], workers, vec![services]];
        let full =
            |columns: Vec<Vec<Spot>>| columns.into_iter().filter(|column| !column.is_empty()).collect::<Vec<_>>();
        Self(sections.into_iter().map(full).filter(|columns| !columns.is_empty()).collect())
    }

    fn get(&self, (section, column, row): At) -> Option<&Spot> {
        self.0.get(section)?.get(column)?.get(row)
    }

    fn find(&self, spot: &Spot) -> Option<At> {
        let mut columns = self
            .0
            .iter()
            .enumerate()
            .flat_map(|(s, columns)| columns.iter().enumerate().map(move |(c, spots)| (s, c, spots)));
        columns.find_map(|(s, c, spots)| spots.iter().position(|each| each == spot).map(|row| (s, c, row)))
    }

    fn clamp(&self, (section, column, row): At) -> At {
        let section = section.min(self.0.len().saturating_sub(1));
        let column = column.min(self.0.get(section).map_or(0, Vec::len).saturating_sub(1));
        let row =
            row.min(self.0.get(section).and_then(|columns| columns.get(column)).map_or(0, Vec::len).saturating_sub(1));
        (section, column, row)
    }

    /// The chosen spot; its neighbour of the same kind when it has gone: who deleted a pod did not choose its worker.
    pub fn resolve(&self, focus: Option<&Focus>) -> Option<&Spot> {
        let focus = focus?;
        let spot = self.get(self.place(focus))?;
        (std::mem::discriminant(spot) == std::mem::discriminant(&focus.spot)).then_some(spot)
    }

    fn place(&self, focus: &Focus) -> At {
        self.find(&focus.spot).unwrap_or_else(|| self.clamp(focus.at))
    }

    /// The choice after a move; the first move chooses what is looked for, or else the first worker.
    pub fn step(&self, focus: Option<&Focus>, looked: Option<&Spot>, action: Action) -> Option<Focus> {
        let at = match focus {
            None => looked.and_then(|spot| self.find(spot)).unwrap_or_else(|| self.first_worker()),
            Some(focus) => self.from(self.place(focus), action),
        };
        let at = self.clamp(at);
        self.get(at).map(|spot| Focus { spot: spot.clone(), at })
    }

    fn first_worker(&self) -> At {
        let section = self.0.iter().position(|columns| matches!(columns[0][0], Spot::Worker(_)));
        section.map_or((0, 0, 0), |section| (section, 0, 0))
    }

    fn from(&self, (section, column, row): At, action: Action) -> At {
        let last_row = |s: usize, c: usize| self.0[s][c.min(self.0[s].len() - 1)].len() - 1;
        match action {
            Action::Next => ((section + 1) % self.0.len(), 0, 0),
            Action::Previous => ((section + self.0.len() - 1) % self.0.len(), 0, 0),
            Action::Left => (section, column.saturating_sub(1), row),
            Action::Right => (section, column + 1, row),
            Action::Up if row > 0 => (section, column, row - 1),
            Action::Up if section > 0 => (section - 1, column, last_row(section - 1, column)),
            Action::Down if row < last_row(section, column) => (section, column, row + 1),
            Action::Down if section + 1 < self.0.len() => (section + 1, column, 0),
            Action::PageDown => (section, column, row + 10),
            Action::PageUp => (section, column, row.saturating_sub(10)),
            Action::Top => (0, 0, 0),
            Action::Bottom => (usize::MAX, usize::MAX, usize::MAX),
            _ => (section, column, row),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_is_not_chosen_in_place_of_its_last_pod() {
        let (worker, pod) = (|| Spot::Worker(Key::new("", "worker-1")), |name| Spot::Pod(Key::new("default", name)));
        let grid = |pods: &[&'static str]| {
            Grid(vec![vec![std::iter::once(worker()).chain(pods.iter().map(|name| pod(name))).collect()]])
        };
        let focus = Focus { spot: pod("web-b"), at: (0, 0, 2) };
        assert_eq!(grid(&["web-a", "web-b"]).resolve(Some(&focus)), Some(&pod("web-b")));
        assert_eq!(grid(&["web-a"]).resolve(Some(&focus)), Some(&pod("web-a")), "its neighbour");
        assert_eq!(grid(&[]).resolve(Some(&focus)), None);
    }
}
