//! The table of controllers in docs/ names every controller that runs, and no other.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use timonel::controllers;

#[test]
fn the_table_in_docs_has_a_row_for_each_controller() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/controladores.md");
    let text = fs::read_to_string(path).unwrap();
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    assert!(rows.iter().all(|row| row.len() == 4 && row.iter().all(|cell| !cell.is_empty())), "a cell is missing");
    let told: BTreeSet<&str> = rows.iter().map(|row| row[0].trim_matches('`')).collect();
    let run: BTreeSet<&str> = controllers::all().map(|(name, _)| name).collect();
    assert_eq!(told, run);
}
