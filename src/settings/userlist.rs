//! `userlist` sections (manual 3.4).

/// How a password is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// `insecure-password`.
    Plain(String),
    /// `password`: a crypt(3) hash.
    Crypt(String),
    /// Neither: nobody can log in.
    Locked,
    /// A group names the user, and no `user` line has declared it yet.
    Undeclared,
}

/// A `user`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: String,
    /// The password.
    pub secret: Secret,
    /// Its groups, from both `user … groups` and `group … users`.
    pub groups: Vec<String>,
}

/// A `userlist`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Userlist {
    /// Its name.
    pub name: String,
    /// The users.
    pub users: Vec<User>,
    /// The groups.
    pub groups: Vec<String>,
}
