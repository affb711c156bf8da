//! How the server knows people and decides for them beyond its certificates and roles. Must not read files.

use std::collections::BTreeMap;

use super::authn::User;

/// Who decides what a user may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Authorization {
    /// The roles, and the node authorizer for kubelets.
    #[default]
    Rbac,
    /// Everybody with credentials may do everything.
    AlwaysAllow,
}

/// How the server knows people and decides for them.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Who decides.
    pub authorization: Authorization,
    /// Tokens that never expire, as in a token file.
    pub tokens: StaticTokens,
}

/// The users of a token file, by their token.
#[derive(Clone, Default)]
pub struct StaticTokens(BTreeMap<String, User>);

/// Tokens are secrets: only their number is shown.
impl std::fmt::Debug for StaticTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StaticTokens({})", self.0.len())
    }
}

impl StaticTokens {
    /// Reads the text of a token file: one user a line, `token,user,uid,"group1,group2"` (kube-apiserver `tokenfile`).
    ///
    /// # Errors
    /// A line with fewer than three columns, in Kubernetes' words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut tokens = BTreeMap::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let columns = columns(line);
            let [token, name, uid, groups @ ..] = columns.as_slice() else {
                let count = columns.len();
                return Err(format!(
                    "token file must have at least 3 columns (token, user name, user uid), found {count}"
                ));
            };
            if token.is_empty() {
                continue;
            }
            let groups = groups.first().map(String::as_str).unwrap_or_default();
            let groups: Vec<String> = groups.split(',').filter(|group| !group.is_empty()).map(Into::into).collect();
            tokens.insert(token.clone(), User { uid: uid.clone(), ..User::authenticated(name, &groups) });
        }
        Ok(Self(tokens))
    }

    /// The user of a token.
    pub(super) fn user(&self, token: &str) -> Option<User> {
        self.0.get(token).cloned()
    }
}

/// The columns of one line of comma-separated values; quotes keep commas together.
fn columns(line: &str) -> Vec<String> {
    let (mut columns, mut column, mut quoted) = (Vec::new(), String::new(), false);
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => columns.push(std::mem::take(&mut column).trim().to_owned()),
            other => column.push(other),
        }
    }
    columns.push(column.trim().to_owned());
    columns
}

#[cfg(test)]
mod tests {
    use super::StaticTokens;

    #[test]
    fn a_token_file_is_read_as_kubernetes_reads_it() {
        let tokens = StaticTokens::parse("t1,ana,u1,\"desarrollo,lectura\"\n\nt2,luis,u2\n").unwrap();
        let ana = tokens.user("t1").unwrap();
        assert_eq!((ana.name.as_str(), ana.uid.as_str()), ("ana", "u1"));
        assert_eq!(ana.groups, ["desarrollo", "lectura", "system:authenticated"]);
        assert_eq!(tokens.user("t2").unwrap().groups, ["system:authenticated"]);
        assert!(tokens.user("t3").is_none());
        let said = "token file must have at least 3 columns (token, user name, user uid), found 2";
        assert_eq!(StaticTokens::parse("t1,ana").unwrap_err(), said);
    }
}
