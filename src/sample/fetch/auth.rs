//! HTTP authentication (manual 7.3.6, `http_auth` and kin; RFC 7617, RFC 6750).

use super::*;
use crate::http::Head;
use crate::sample::args::{Arg, Args};
use crate::sample::codec::decode_base64;
use crate::sample::password;
use crate::sample::table::{Many, Request};
use crate::settings::{User, Userlist};

const USERS: &[Param] = &[need(Kind::Users)];

#[rustfmt::skip]
pub(super) const TABLE: &[Fetch] = &[
    entry("http_auth", USERS, Type::Bool, Get::Request(http_auth), "whether user and password are those of a userlist"),
    entry("http_auth_bearer", &[may(Kind::Str)], Type::Str, Get::Request(bearer), "the token of a Bearer authorization"),
    entry("http_auth_group", USERS, Type::Str, Get::RequestAll(GROUP), "the user's name if the password is right; an ACL looks at the user's groups"),
    entry("http_auth_pass", &[], Type::Str, Get::Request(|r, _| Some(Value::owned(basic(r.head())?.1))), "the password of a Basic authorization"),
    entry("http_auth_type", &[], Type::Str, Get::Request(kind), "the scheme of the authorization"),
    entry("http_auth_user", &[], Type::Str, Get::Request(|r, _| Some(Value::owned(basic(r.head())?.0))), "the user of a Basic authorization"),
];

/// Scheme and credentials of an authorization header.
fn authorization<'s>(head: &'s Head, header: &'s [u8]) -> Option<(&'s [u8], &'s [u8])> {
    let value = head.find(header)?;
    let space = memchr::memchr(b' ', value)?;
    let credentials = value.get(space + 1..)?;
    Some((value.get(..space)?, credentials.trim_ascii_start()))
}

/// User and password of a Basic authorization.
fn basic(head: &Head) -> Option<(Vec<u8>, Vec<u8>)> {
    let (scheme, credentials) = authorization(head, b"authorization")?;
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return None;
    }
    let mut user = decode_base64(credentials)?;
    let colon = memchr::memchr(b':', &user)?;
    let mut secret = user.split_off(colon + 1);
    user.truncate(colon);
    // Texts of C: what stands behind a zero byte is not of them.
    user.truncate(password::text(&user).len());
    secret.truncate(password::text(&secret).len());
    Some((user, secret))
}

/// The user of this list whose password this is.
fn authenticate<'l>(users: &'l Userlist, name: &[u8], secret: &[u8]) -> Option<&'l User> {
    let user = users
        .users
        .iter()
        .find(|user| user.name.as_bytes() == password::text(name))?;
    password::is_right(&user.secret, name, secret).then_some(user)
}

/// The user, whose groups are what patterns name.
const GROUP: Many = Many {
    one: |head, args| {
        let user = authenticated(head, args)?;
        Some(Value::text(user.name.as_bytes()))
    },
    each: |head, args, test| {
        authenticated(head, args).is_some_and(|user| {
            let mut groups = user.groups.iter();
            groups.any(|group| test(Value::text(group.as_bytes())))
        })
    },
};

fn authenticated<'s>(head: &Head, args: &'s Args) -> Option<&'s User> {
    let (name, password) = basic(head)?;
    authenticate(args.users(0)?, &name, &password)
}

fn http_auth<'s>(request: Request<'s>, args: &'s Args) -> Option<Value<'s>> {
    let (name, password) = basic(request.head())?;
    let user = authenticate(args.users(0)?, &name, &password);
    Some(Value::Bool(user.is_some()))
}

fn kind<'s>(request: Request<'s>, _: &'s Args) -> Option<Value<'s>> {
    let (scheme, _) = authorization(request.head(), b"authorization")?;
    if scheme.eq_ignore_ascii_case(b"basic") {
        // Credentials that say nothing are no authorization.
        return basic(request.head()).map(|_| Value::text(b"Basic"));
    }
    scheme
        .eq_ignore_ascii_case(b"bearer")
        .then(|| Value::text(b"Bearer"))
}

fn bearer<'s>(request: Request<'s>, args: &'s Args) -> Option<Value<'s>> {
    let named = args.at(0);
    let header = args.some_text(0).unwrap_or(b"authorization");
    let token = authorization(request.head(), header)
        .and_then(|(scheme, token)| scheme.eq_ignore_ascii_case(b"bearer").then_some(token));
    // Of a header that was named, HAProxy gives an empty token where there is none.
    match (token, named) {
        (Some(token), _) => Some(Value::text(token)),
        (None, Arg::None) => None,
        (None, _) => Some(Value::text(b"")),
    }
}
