//! Nodes over a document. Must not parse.

use serde_json::Value;

use super::functions::{self, is_true};
use super::{Node, Operand, Pipe};
use crate::kubectl::print::go;

/// The text that nodes make of a document.
pub(super) fn execute(nodes: &[Node], document: &Value) -> Result<String, String> {
    let mut run = Run { out: String::new(), variables: vec![(String::new(), document.clone())] };
    run.all(nodes, document)?;
    Ok(run.out)
}

struct Run {
    out: String,
    variables: Vec<(String, Value)>,
}

impl Run {
    fn all(&mut self, nodes: &[Node], dot: &Value) -> Result<(), String> {
        let outer = self.variables.len();
        for node in nodes {
            self.one(node, dot)?;
        }
        self.variables.truncate(outer);
        Ok(())
    }

    fn one(&mut self, node: &Node, dot: &Value) -> Result<(), String> {
        match node {
            Node::Text(text) => self.out.push_str(text),
            Node::Show(pipe) => {
                let value = self.pipe(pipe, dot)?;
                self.out += &if value.is_null() { "<no value>".to_string() } else { go::plain(&value) };
            }
            Node::Set(name, pipe) => {
                let value = self.pipe(pipe, dot)?;
                self.variables.push((name.clone(), value));
            }
            Node::If(pipe, yes, no) => {
                let holds = is_true(&self.pipe(pipe, dot)?);
                self.all(if holds { yes } else { no }, dot)?;
            }
            Node::With(pipe, yes, no) => {
                let value = self.pipe(pipe, dot)?;
                if is_true(&value) { self.all(yes, &value)? } else { self.all(no, dot)? }
            }
            Node::Range(names, pipe, each, none) => {
                let value = self.pipe(pipe, dot)?;
                self.range(names, &value, each, none, dot)?;
            }
        }
        Ok(())
    }

    fn range(
        &mut self,
        names: &[String],
        over: &Value,
        each: &[Node],
        none: &[Node],
        dot: &Value,
    ) -> Result<(), String> {
        let items: Vec<(Value, &Value)> = match over {
            Value::Array(items) => items.iter().enumerate().map(|(at, item)| (at.into(), item)).collect(),
            Value::Object(map) => map.iter().map(|(key, item)| (key.as_str().into(), item)).collect(),
            Value::Null => Vec::new(),
            other => return Err(format!("range can't iterate over {}", go::plain(other))),
        };
        if items.is_empty() {
            return self.all(none, dot);
        }
        for (key, item) in items {
            let outer = self.variables.len();
            match names {
                [value] => self.variables.push((value.clone(), item.clone())),
                [index, value] => {
                    self.variables.extend([(index.clone(), key), (value.clone(), item.clone())]);
                }
                _ => {}
            }
            self.all(each, item)?;
            self.variables.truncate(outer);
        }
        Ok(())
    }

    fn pipe(&self, pipe: &Pipe, dot: &Value) -> Result<Value, String> {
        let mut last = None;
        for command in &pipe.0 {
            last = Some(self.command(command, dot, last)?);
        }
        Ok(last.unwrap_or_default())
    }

    fn command(&self, command: &[Operand], dot: &Value, last: Option<Value>) -> Result<Value, String> {
        match command {
            [Operand::Function(name), args @ ..] => {
                let args = args.iter().map(|arg| self.operand(arg, dot));
                let mut args = args.collect::<Result<Vec<_>, _>>()?;
                args.extend(last);
                functions::call(name, &args)
            }
            [operand] if last.is_none() => self.operand(operand, dot),
            [operand, ..] => Err(format!("can't give argument to non-function {operand:?}")),
            [] => Err("missing value for command".into()),
        }
    }

    fn operand(&self, operand: &Operand, dot: &Value) -> Result<Value, String> {
        match operand {
            Operand::Fields(names) => fields(dot, names),
            Operand::Variable(name, names) => {
                let known = self.variables.iter().rev().find(|(known, _)| known == name);
                fields(&known.ok_or_else(|| format!("undefined variable \"${name}\""))?.1, names)
            }
            Operand::Literal(value) => Ok(value.clone()),
            Operand::Function(name) => functions::call(name, &[]),
            Operand::Group(pipe, names) => fields(&self.pipe(pipe, dot)?, names),
        }
    }
}

fn fields(value: &Value, names: &[String]) -> Result<Value, String> {
    let mut value = value;
    for name in names {
        value = match value {
            Value::Object(map) => map.get(name).unwrap_or(&Value::Null),
            Value::Null => return Err(format!("nil pointer evaluating interface {{}}.{name}")),
            _ => return Err(format!("can't evaluate field {name} in type interface {{}}")),
        };
    }
    Ok(value.clone())
}
