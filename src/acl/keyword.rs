//! ACL keywords: fetches with a method of their own (`hdr_beg`, `path_end`; manual 7.3.3 to 7.3.6).

use super::method::Method;

/// Keyword, the fetch it stands for, and the method it implies.
pub const KEYWORDS: &[(&str, &str, Method)] = &[
    ("base", "base", Method::Str),
    ("base_beg", "base", Method::Beg),
    ("base_dir", "base", Method::Dir),
    ("base_dom", "base", Method::Dom),
    ("base_end", "base", Method::End),
    ("base_len", "base", Method::Len),
    ("base_reg", "base", Method::Reg),
    ("base_sub", "base", Method::Sub),
    ("cook", "req.cook", Method::Str),
    ("cook_beg", "req.cook", Method::Beg),
    ("cook_dir", "req.cook", Method::Dir),
    ("cook_dom", "req.cook", Method::Dom),
    ("cook_end", "req.cook", Method::End),
    ("cook_len", "req.cook", Method::Len),
    ("cook_reg", "req.cook", Method::Reg),
    ("cook_sub", "req.cook", Method::Sub),
    ("hdr", "req.hdr", Method::Str),
    ("hdr_beg", "req.hdr", Method::Beg),
    ("hdr_dir", "req.hdr", Method::Dir),
    ("hdr_dom", "req.hdr", Method::Dom),
    ("hdr_end", "req.hdr", Method::End),
    ("hdr_len", "req.hdr", Method::Len),
    ("hdr_reg", "req.hdr", Method::Reg),
    ("hdr_sub", "req.hdr", Method::Sub),
    ("http_auth_group", "http_auth_group", Method::Str),
    ("method", "method", Method::Str),
    ("path", "path", Method::Str),
    ("path_beg", "path", Method::Beg),
    ("path_dir", "path", Method::Dir),
    ("path_dom", "path", Method::Dom),
    ("path_end", "path", Method::End),
    ("path_len", "path", Method::Len),
    ("path_reg", "path", Method::Reg),
    ("path_sub", "path", Method::Sub),
    ("payload", "req.payload", Method::Bin),
    ("payload_lv", "req.payload_lv", Method::Bin),
    ("req.ssl_ver", "req.ssl_ver", Method::Version),
    ("req_rdp_cookie", "req.rdp_cookie", Method::Str),
    ("req_rdp_cookie_cnt", "req.rdp_cookie_cnt", Method::Int),
    ("req_ssl_sni", "req.ssl_sni", Method::Str),
    ("req_ssl_ver", "req.ssl_ver", Method::Version),
    ("req_ver", "req.ver", Method::Str),
    ("resp_ver", "res.ver", Method::Str),
    ("scook", "res.cook", Method::Str),
    ("scook_beg", "res.cook", Method::Beg),
    ("scook_dir", "res.cook", Method::Dir),
    ("scook_dom", "res.cook", Method::Dom),
    ("scook_end", "res.cook", Method::End),
    ("scook_len", "res.cook", Method::Len),
    ("scook_reg", "res.cook", Method::Reg),
    ("scook_sub", "res.cook", Method::Sub),
    ("shdr", "res.hdr", Method::Str),
    ("shdr_beg", "res.hdr", Method::Beg),
    ("shdr_dir", "res.hdr", Method::Dir),
    ("shdr_dom", "res.hdr", Method::Dom),
    ("shdr_end", "res.hdr", Method::End),
    ("shdr_len", "res.hdr", Method::Len),
    ("shdr_reg", "res.hdr", Method::Reg),
    ("shdr_sub", "res.hdr", Method::Sub),
    ("ssl_fc_sni_end", "ssl_fc_sni", Method::End),
    ("ssl_fc_sni_reg", "ssl_fc_sni", Method::Reg),
    ("url", "url", Method::Str),
    ("url_beg", "url", Method::Beg),
    ("url_dir", "url", Method::Dir),
    ("url_dom", "url", Method::Dom),
    ("url_end", "url", Method::End),
    ("url_len", "url", Method::Len),
    ("url_reg", "url", Method::Reg),
    ("url_sub", "url", Method::Sub),
    ("urlp", "urlp", Method::Str),
    ("urlp_beg", "urlp", Method::Beg),
    ("urlp_dir", "urlp", Method::Dir),
    ("urlp_dom", "urlp", Method::Dom),
    ("urlp_end", "urlp", Method::End),
    ("urlp_len", "urlp", Method::Len),
    ("urlp_reg", "urlp", Method::Reg),
    ("urlp_sub", "urlp", Method::Sub),
];

/// The fetch and method that a keyword stands for.
pub fn find(name: &str) -> Option<(&'static str, Method)> {
    KEYWORDS
        .iter()
        .find(|(known, _, _)| *known == name)
        .map(|(_, fetch, method)| (*fetch, *method))
}

/// The `-dKacl` list, as HAProxy prints it.
pub fn dump(out: &mut String) {
    out.push_str("# List of registered ACL keywords:\n");
    for (name, fetch, method) in KEYWORDS {
        out.push_str(&format!("{name} = {fetch} -m {}\n", method.name()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_unique_and_named_after_their_method() {
        assert!(KEYWORDS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        for (name, _, method) in KEYWORDS {
            let suffix = name.rsplit_once('_').map_or("", |(_, suffix)| suffix);
            if let Some(named) = Method::of(suffix.as_bytes()) {
                assert_eq!(named, *method, "{name}");
            }
        }
    }
}
