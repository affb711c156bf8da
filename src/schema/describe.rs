//! What types and fields are for, in the API's own (English) words, for `kubectl explain` and the editor's help.
//! The text is not read before somebody asks. Must not translate.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::types::{self, Field, Ty, TypeDef};

#[cfg(test)]
mod tests;
mod values;

/// One block a type, in the order of the table: `name`, tab, description; then a line for each field, indented.
static BLOCKS: LazyLock<Box<[&'static str]>> = LazyLock::new(|| {
    // Timonel's own first: the blocks are ordered by name, and `dev` comes before `io`.
    let text = concat!(
        include_str!("../../assets/schema/timonel-descriptions.txt"),
        include_str!("../../assets/schema/descriptions.txt")
    );
    let starts: Vec<usize> = std::iter::once(0)
        .chain(text.match_indices('\n').map(|(at, _)| at + 1))
        .filter(|&at| text.as_bytes().get(at).is_some_and(|first| *first != b' '))
        .collect();
    let ends = starts.iter().skip(1).copied().chain(std::iter::once(text.len()));
    starts.iter().zip(ends).map(|(&start, end)| &text[start..end]).collect()
});

/// What a type is for; empty when the API does not say.
#[must_use]
pub fn of_type(name: &str) -> Cow<'static, str> {
    block(name)
        .and_then(|block| block.lines().next()?.split_once('\t'))
        .map_or_else(Cow::default, |(_, text)| plain(text))
}

/// What a field of a type is for; empty when the API does not say.
#[must_use]
pub fn of_field(type_name: &str, field: &str) -> Cow<'static, str> {
    let line = |line: &'static str| line.strip_prefix(' ')?.strip_prefix(field)?.strip_prefix('\t');
    block(type_name).and_then(|block| block.lines().find_map(line)).map_or_else(Cow::default, plain)
}

/// As [`of_field`], with what each allowed value is for, as the API server publishes it.
#[must_use]
pub fn published(type_name: &str, field: &Field) -> Cow<'static, str> {
    let text = of_field(type_name, field.name);
    if field.values.is_empty() || matches!(field.ty, Ty::List(_) | Ty::Map(_)) {
        return text;
    }
    Cow::Owned(text.into_owned() + &values::paragraph(field.go.unwrap_or_default(), field.values))
}

fn block(name: &str) -> Option<&'static str> {
    let key = |block: &&'static str| block.split('\t').next().unwrap_or_default();
    BLOCKS.binary_search_by(|block| key(block).cmp(name)).ok().map(|at| BLOCKS[at])
}

/// Undoes the asset's escapes: a description is one line there.
fn plain(text: &'static str) -> Cow<'static, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, if letter == '\\' { letters.next() } else { None }) {
            (_, Some('n')) => plain.push('\n'),
            (_, Some('t')) => plain.push('\t'),
            (_, Some(other)) => plain.push(other),
            (letter, None) => plain.push(letter),
        }
    }
    Cow::Owned(plain)
}

/// A field found by its path, for help and completion.
#[derive(Debug, Clone)]
pub struct Help {
    /// The field itself.
    pub field: &'static Field,
    /// Its type as `kubectl explain` writes it: `string`, `[]Container`, `map[string]string`.
    pub type_name: String,
    /// What it is for, in English.
    pub description: Cow<'static, str>,
    /// The fields below it, which complete a further key; empty for scalars.
    pub fields: &'static [Field],
}

/// The field at `path` (names without indexes; keys of maps pass) below a type.
#[must_use]
pub fn describe(type_name: &str, path: &[&str]) -> Option<Help> {
    let mut def = types::get(type_name)?;
    let mut names = path.iter();
    let mut name = names.next()?;
    loop {
        let field = def.field(name)?;
        if let Ty::Map(_) = field.ty
            && let Some(structure) = field.ty.structure()
            && names.next().is_some()
        {
            let Some(next) = names.next() else { return Some(help(def, field)) };
            (def, name) = (structure, next);
            continue;
        }
        let Some(next) = names.next() else { return Some(help(def, field)) };
        (def, name) = (field.ty.structure()?, next);
    }
}

fn help(def: &TypeDef, field: &'static Field) -> Help {
    Help {
        field,
        type_name: written(field.ty),
        description: of_field(def.name, field.name),
        fields: field.ty.structure().map_or(&[], TypeDef::fields),
    }
}

/// The fields of a type, which complete a key; empty for a type that is unknown or has none.
#[must_use]
pub fn fields(type_name: &str) -> &'static [Field] {
    types::get(type_name).map_or(&[], TypeDef::fields)
}

fn written(ty: Ty) -> String {
    match ty {
        Ty::Int32 | Ty::Int64 => "integer".to_owned(),
        Ty::Boolean => "boolean".to_owned(),
        Ty::Number => "number".to_owned(),
        Ty::Quantity => "Quantity".to_owned(),
        Ty::IntOrString => "IntOrString".to_owned(),
        Ty::String | Ty::Time | Ty::MicroTime | Ty::Bytes => "string".to_owned(),
        Ty::Raw | Ty::Fields | Ty::Any(_) => "Object".to_owned(),
        Ty::Ref(id) => id.get().short_name().to_owned(),
        Ty::List(element) => format!("[]{}", written(*element)),
        Ty::Map(element) => format!("map[string]{}", written(*element)),
    }
}
