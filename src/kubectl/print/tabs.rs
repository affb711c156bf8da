//! Columns aligned as Go's `text/tabwriter` aligns them. Must not know what stands in them.
//!
//! A cell ends with a tab; the last one of a line does not widen its column. A column is as wide as the widest of the
//! cells that stand under each other without interruption.

/// An aligner; widths may be remembered between blocks, as `kubectl get -w` does.
#[derive(Clone, Debug)]
pub(crate) struct Tabs {
    min: usize,
    pad: usize,
    remembered: Option<Vec<usize>>,
}

impl Tabs {
    /// kubectl's tables: at least 6 wide, 3 blanks between.
    pub fn table() -> Self {
        Self { min: 6, pad: 3, remembered: Some(Vec::new()) }
    }

    /// kubectl's descriptions: 2 blanks between.
    pub fn describe() -> Self {
        Self { min: 0, pad: 2, remembered: None }
    }

    /// The text with its tabs turned into blanks.
    pub fn align(&mut self, text: &str) -> String {
        let lines: Vec<Vec<&str>> = text.split('\n').map(|line| line.split('\t').collect()).collect();
        let mut out = String::with_capacity(text.len() * 2);
        self.block(&lines, &mut Vec::new(), &mut out);
        out.pop();
        out
    }

    /// Writes lines whose columns up to `widths.len()` are known, finding the next column's blocks.
    fn block(&mut self, lines: &[Vec<&str>], widths: &mut Vec<usize>, out: &mut String) {
        let column = widths.len();
        let (mut start, mut at) = (0, 0);
        while at < lines.len() {
            if column + 1 >= lines[at].len() {
                at += 1;
                continue;
            }
            write_lines(&lines[start..at], widths, out);
            start = at;
            let mut width = self.least(column);
            while at < lines.len() && column + 1 < lines[at].len() {
                width = width.max(lines[at][column].chars().count() + self.pad);
                at += 1;
            }
            self.remember(column, width);
            widths.push(width);
            self.block(&lines[start..at], widths, out);
            widths.pop();
            start = at;
        }
        write_lines(&lines[start..], widths, out);
    }

    fn least(&self, column: usize) -> usize {
        let before = self.remembered.as_ref().and_then(|widths| widths.get(column));
        before.copied().unwrap_or(self.min).max(self.min)
    }

    fn remember(&mut self, column: usize, width: usize) {
        if let Some(widths) = &mut self.remembered {
            if widths.len() <= column {
                widths.resize(column + 1, self.min);
            }
            widths[column] = widths[column].max(width);
        }
    }
}

fn write_lines(lines: &[Vec<&str>], widths: &[usize], out: &mut String) {
    for line in lines {
        for (column, cell) in line.iter().enumerate() {
            out.push_str(cell);
            if let Some(width) = widths.get(column).filter(|_| column + 1 < line.len()) {
                out.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count())));
            }
        }
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::Tabs;

    #[test]
    fn a_column_ends_where_a_line_lacks_it() {
        let text = "Name:\tx\nLabels:\ta=b\nplain\nReallyLong:\ty\n";
        assert_eq!(Tabs::describe().align(text), "Name:    x\nLabels:  a=b\nplain\nReallyLong:  y\n");
    }

    #[test]
    fn tables_have_their_least_width_and_no_blanks_at_the_end() {
        assert_eq!(Tabs::table().align("A\tNAME\nlonger\tx\n"), "A        NAME\nlonger   x\n");
    }

    #[test]
    fn widths_are_remembered() {
        let mut tabs = Tabs::table();
        tabs.align("a-long-name\t1\n");
        assert_eq!(tabs.align("b\t2\n"), "b             2\n");
    }

    #[test]
    fn inner_columns_are_blocks_of_their_own() {
        let text = "a\tb\tc\n\tlong-cell\td\nx\ty\n";
        assert_eq!(Tabs::describe().align(text), "a  b          c\n   long-cell  d\nx  y\n");
    }
}
