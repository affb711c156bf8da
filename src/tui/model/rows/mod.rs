//! The rows of a list as they are seen: kept by uid, filtered, sorted, marked. Pure; order is restored in `settle`, once a
//! batch, and only for the rows that changed.

mod filter;
mod order;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::format::width;
use super::shared::Text;
use super::table::{Column, Row, Table};
pub use filter::{Filter, Wanted};
use order::Worth;

/// Changed rows up to which each is put in its place; for more, everything is sorted anew.
const FEW: usize = 64;

/// A row and what is known of it for the filter and the order.
#[derive(Debug)]
struct Item {
    row: Row,
    passes: bool,
    worth: Option<Worth>,
}

/// What rows are sorted by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sort {
    /// Name of the column.
    pub column: String,
    /// Whether it goes down.
    pub descending: bool,
}

/// A list that lives.
#[derive(Debug, Default)]
pub struct Rows {
    /// Its columns.
    pub columns: Vec<Column>,
    all: Vec<Item>,
    places: HashMap<Text, usize>,
    shown: Vec<usize>,
    filter: Filter,
    sort: Option<Sort>,
    marked: BTreeSet<Text>,
    widths: Vec<usize>,
    /// Places whose rows changed since the last order.
    changed: Vec<usize>,
    /// Whether everything has to be looked at anew.
    disordered: bool,
}

impl Rows {
    /// Takes in a whole list, or the part of it in one namespace.
    pub fn replace(&mut self, table: Table) {
        if !table.columns.is_empty() || table.part.is_none() {
            self.columns = table.columns;
        }
        match table.part {
            None => self.all.clear(),
            Some(part) => self.all.retain(|item| item.row.namespace != *part),
        }
        self.widths.clear();
        self.all.extend(table.rows.into_iter().map(|row| Item { row, passes: false, worth: None }));
        self.places = self.all.iter().enumerate().map(|(place, item)| (item.row.uid.clone(), place)).collect();
        let Self { marked, places, .. } = self;
        marked.retain(|uid| places.contains_key(uid));
        self.disordered = true;
    }

    /// Forgets everything: another list is coming.
    pub fn clear(&mut self) {
        self.marked.clear();
        self.replace(Table::default());
    }

    /// Takes in a new or changed row.
    pub fn put(&mut self, row: Row) {
        let place = match self.places.get(&row.uid) {
            Some(&place) => {
                self.all[place].row = row;
                place
            }
            None => {
                self.places.insert(row.uid.clone(), self.all.len());
                self.all.push(Item { row, passes: false, worth: None });
                self.all.len() - 1
            }
        };
        self.changed.push(place);
    }

    /// Forgets a row.
    pub fn remove(&mut self, uid: &str) {
        let Some(place) = self.places.remove(uid) else { return };
        self.marked.remove(uid);
        self.all.swap_remove(place);
        let last = self.all.len();
        for list in [&mut self.shown, &mut self.changed] {
            list.retain(|&other| other != place);
            list.iter_mut().filter(|other| **other == last).for_each(|other| *other = place);
        }
        if let Some(moved) = self.all.get(place) {
            self.places.insert(moved.row.uid.clone(), place);
        }
    }

    /// Shows only what passes.
    pub fn filter(&mut self, filter: Filter) {
        self.filter = filter;
        self.disordered = true;
    }

    /// Sorts by a column; by namespace and name without one.
    pub fn sort(&mut self, sort: Option<Sort>) {
        self.sort = sort;
        self.disordered = true;
    }

    /// What they are sorted by.
    pub fn sorted_by(&self) -> Option<&Sort> {
        self.sort.as_ref()
    }

    /// Puts in order what changed.
    pub fn settle(&mut self) {
        let changed = std::mem::take(&mut self.changed);
        if self.disordered || changed.len() > FEW {
            self.disordered = false;
            (0..self.all.len()).for_each(|place| self.judge(place));
            let mut shown: Vec<usize> = (0..self.all.len()).filter(|&place| self.all[place].passes).collect();
            shown.sort_by(|&a, &b| self.compare(a, b));
            self.shown = shown;
        } else {
            changed.into_iter().for_each(|place| self.move_one(place));
        }
    }

    /// Takes a changed row out of its old place and puts it into the one that it has now.
    fn move_one(&mut self, place: usize) {
        if let Some(old) = self.shown.iter().position(|&shown| shown == place) {
            self.shown.remove(old);
        }
        self.judge(place);
        if self.all[place].passes {
            let at = self.shown.partition_point(|&other| self.compare(other, place) == Ordering::Less);
            self.shown.insert(at, place);
        }
    }

    /// Whether a row passes, what it is worth, and how wide its cells are.
    fn judge(&mut self, place: usize) {
        let Self { all, columns, sort, filter, widths, .. } = self;
        let item = &mut all[place];
        let index = sort.as_ref().and_then(|sort| columns.iter().position(|column| column.name == sort.column));
        item.passes = filter.passes_row(&item.row);
        item.worth = index.map(|index| Worth::of(&item.row, index, &columns[index]));
        widths.resize(columns.len() + 1, 0);
        widths[0] = widths[0].max(width(&item.row.namespace));
        for (wide, cell) in widths[1..].iter_mut().zip(item.row.cells.iter()) {
            *wide = (*wide).max(width(cell));
        }
    }

    fn compare(&self, a: usize, b: usize) -> Ordering {
        let (a, b) = (&self.all[a], &self.all[b]);
        let named = || (&a.row.namespace, &a.row.name).cmp(&(&b.row.namespace, &b.row.name));
        let order = match (&a.worth, &b.worth) {
            (Some(a), Some(b)) => a.compare(b),
            _ => Ordering::Equal,
        };
        let descending = self.sort.as_ref().is_some_and(|sort| sort.descending);
        if descending { order.reverse().then_with(named) } else { order.then_with(named) }
    }

    /// How many are shown.
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    /// How many there are.
    pub fn total(&self) -> usize {
        self.all.len()
    }

    /// A row by its place on screen.
    pub fn get(&self, index: usize) -> Option<&Row> {
        let place = *self.shown.get(index)?;
        self.all.get(place).map(|item| &item.row)
    }

    /// Where a row is on screen.
    pub fn position(&self, uid: &str) -> Option<usize> {
        let place = self.places.get(uid)?;
        self.shown.iter().position(|shown| shown == place)
    }

    /// The widest cell of a column that there has been; of the namespaces without one.
    pub fn width(&self, column: Option<usize>) -> usize {
        self.widths.get(column.map_or(0, |column| column + 1)).copied().unwrap_or(0)
    }

    /// Marks a row, or takes its mark away.
    pub fn mark(&mut self, uid: &str) {
        if self.places.contains_key(uid) && !self.marked.remove(uid) {
            self.marked.insert(uid.into());
        }
    }

    /// Marks every row that is shown, or takes all marks away when there are some.
    pub fn mark_all(&mut self) {
        if self.marked.is_empty() {
            let Self { shown, all, marked, .. } = self;
            marked.extend(shown.iter().map(|&place| all[place].row.uid.clone()));
        } else {
            self.marked.clear();
        }
    }

    /// Whether a row is marked.
    pub fn is_marked(&self, uid: &str) -> bool {
        self.marked.contains(uid)
    }

    /// The marked rows, in the order on screen; those that the filter hides come last.
    pub fn marked(&self) -> Vec<&Row> {
        let (seen, hidden): (Vec<&Item>, Vec<&Item>) = self
            .shown
            .iter()
            .map(|&place| &self.all[place])
            .chain(self.all.iter().filter(|item| !item.passes))
            .filter(|item| self.marked.contains(&item.row.uid))
            .partition(|item| item.passes);
        seen.into_iter().chain(hidden).map(|item| &item.row).collect()
    }
}

/// Whether the value of a column is an age that the dashboard counts on by itself.
pub fn is_age(column: &Column) -> bool {
    column.name == "Age"
}
